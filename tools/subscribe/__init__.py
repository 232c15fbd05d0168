"""`make subscribe`: one more cluster's log group for a forwarder that is deployed."""
