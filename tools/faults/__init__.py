"""`make faults`: every way in which a collector can fail, and what became of every event."""
