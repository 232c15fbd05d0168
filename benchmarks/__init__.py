"""What the forwarder costs, compared with a common function and with the least a Python program can do."""
