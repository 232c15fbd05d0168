"""The records of a Kinesis stream that CloudWatch Logs fills."""
