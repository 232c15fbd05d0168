"""Undelivered events in SQS: the queue and the shape of its messages."""
