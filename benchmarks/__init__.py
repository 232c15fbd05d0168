"""What the forwarder costs, beside what people use and beside the least that any Python program can do."""
