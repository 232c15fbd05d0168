"""`make replay`: sends lines that CloudWatch Logs still has through the forwarder again."""
