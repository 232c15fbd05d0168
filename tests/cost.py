"""What a piece of code costs, measured so that a busy machine does not change the result."""

import gc
import sys
import time
from collections.abc import Callable
from types import FrameType


def calls_of(work: Callable[[], object]) -> int:
    """How many calls of Python and C functions some work makes, resumed generators included."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    gc.disable()  # a collection in between would call what other tests' libraries have hooked to it
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return calls


def cpu_seconds_of(work: Callable[[], object]) -> float:
    """The CPU time of this thread for some work: for regular expressions, which no count of calls bounds."""
    started = time.thread_time()
    work()
    return time.thread_time() - started
