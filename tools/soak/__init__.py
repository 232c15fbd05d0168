"""The soak test: load on a collector that fails a third of the time, and a balance of all events."""
