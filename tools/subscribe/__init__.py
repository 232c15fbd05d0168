"""`make subscribe`: subscribes a deployed forwarder to another cluster's log group."""
