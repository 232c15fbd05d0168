"""The record that a collector receives, and its formats."""
