"""Ends every tool in the same way: a sentence and an exit status, never a stack trace."""

import sys
from collections.abc import Callable
from functools import wraps

from tools.aws_clients import told_errors
from tools.errors import ToolError
from tools.stopping import INTERRUPTED


def command_line[**Given](
    name: str, *, after_interrupt: str = ""
) -> Callable[[Callable[Given, int]], Callable[Given, int]]:
    """Makes a tool's `main` print what AWS refuses, or why the tool cannot continue, and return its status.

    Args:
        name: the tool's, for the message.
        after_interrupt: what to do after Ctrl-C, such as "the same command continues".
    """

    def decorate(main: Callable[Given, int]) -> Callable[Given, int]:
        @wraps(main)
        def told(*arguments: Given.args, **options: Given.kwargs) -> int:
            try:
                with told_errors():
                    return main(*arguments, **options)
            except KeyboardInterrupt:
                print(
                    f"\n{name}: {'; '.join(filter(None, ['interrupted', after_interrupt]))}", file=sys.stderr
                )
                return INTERRUPTED
            except ToolError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return error.status

        return told

    return decorate
