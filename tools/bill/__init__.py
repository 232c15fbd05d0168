"""What the forwarder costs: prices, what a stack has, what was measured, and the pages made of them."""
