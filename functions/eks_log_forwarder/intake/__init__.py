"""What CloudWatch Logs hands over: payloads, their log streams and log types."""
