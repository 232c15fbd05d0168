"""Stops a tool without a stack trace: at Ctrl-C, and one that starts processes also at SIGTERM or SIGHUP."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130  # exit status after Ctrl-C: 128 plus the signal's number

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal was closed


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """Runs a tool's command line and exits with its status."""
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = INTERRUPTED
    sys.exit(status)


def stop_at_signals() -> None:
    """Makes the first signal raise KeyboardInterrupt; further signals are ignored during clean-up."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
