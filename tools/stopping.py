"""How a tool that starts processes ends when it is told to: Ctrl-C, SIGTERM, or a closed terminal."""

import signal
from types import FrameType

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended: 128 and the signal's number

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last: the terminal was closed


def stop_at_signals() -> None:
    """The first of these signals raises KeyboardInterrupt; further ones do not disturb the clean-up."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
