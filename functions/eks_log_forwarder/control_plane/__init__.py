"""Parsers for the formats of the EKS control-plane logs."""
