"""The soak: minutes of load, a collector that fails a third of the time, and an account of every event."""
