"""Counts the outcome of every event and publishes the counts."""
