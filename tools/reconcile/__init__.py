"""`make reconcile`: compares what CloudWatch Logs took in with what the forwarder accounts for."""
