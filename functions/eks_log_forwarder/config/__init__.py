"""The settings of a function: environment variables, destination options and credentials."""
