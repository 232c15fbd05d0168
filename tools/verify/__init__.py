"""`make verify`: proves the path of a deployed stack, step by step."""
