"""The errors that end a tool's command line with a sentence."""


class ToolError(Exception):
    """The tool cannot continue; the message says why and what to do. `status` is the exit status."""

    status = 2
