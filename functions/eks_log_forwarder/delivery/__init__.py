"""Batches, attempts and the deadline: from encoded events to a settled outcome."""
