"""One module a collector, and the registry that names them."""
