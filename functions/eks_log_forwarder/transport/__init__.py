"""HTTP: one session, one exchange at a time, and the names of what can fail."""
