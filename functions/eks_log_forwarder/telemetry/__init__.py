"""Counts of what became of every event, and how they are published."""
