"""Batches, attempts, retries and the deadline: from encoded events to an outcome for each."""
