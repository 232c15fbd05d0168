"""The collectors: one module for each, and the registry that maps names to modules."""
