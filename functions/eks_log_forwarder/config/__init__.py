"""The function's settings: environment variables, destination options and credentials."""
