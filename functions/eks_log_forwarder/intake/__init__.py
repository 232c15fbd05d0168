"""Payloads of CloudWatch Logs subscriptions, with their log streams and log types."""
