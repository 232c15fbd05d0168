"""Stops a tool that started processes at Ctrl-C, SIGTERM or SIGHUP, and lets it clean up."""

import signal
from types import FrameType

INTERRUPTED = 130  # exit status after Ctrl-C: 128 plus the signal's number

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal was closed


def stop_at_signals() -> None:
    """Makes the first signal raise KeyboardInterrupt; further signals are ignored during clean-up."""
    for number in _SIGNALS:
        signal.signal(number, _stop)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
