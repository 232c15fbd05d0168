"""A thread that outlives what it does, so that a request need not wait for a new one to start."""

import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue

type _Work[Result] = SimpleQueue[tuple[Callable[[], Result], SimpleQueue[Result]] | None]


class AttemptThread[Result]:
    """Does one piece of work after the other, and is left behind by whoever gives one up.

    The work returns what it has to say of failures: it never raises. The thread ends when nobody holds this
    object any more, after the work that it has.
    """

    def __init__(self) -> None:
        self._work: _Work[Result] = SimpleQueue()
        threading.Thread(target=_do_all, args=(self._work,), name="http-attempt", daemon=True).start()
        weakref.finalize(self, self._work.put, None)

    def do(self, work: Callable[[], Result], *, within_seconds: float) -> Result:
        """What the work returns.

        Raises:
            TimeoutError: the work goes on, so that this thread is of no use to its caller any more.
        """
        # of its own for each piece, so that a late result is nobody's
        results: SimpleQueue[Result] = SimpleQueue()
        self._work.put((work, results))
        try:
            return results.get(timeout=within_seconds)
        except Empty:
            raise TimeoutError from None


def _do_all[Result](waiting: _Work[Result]) -> None:
    while (piece := waiting.get()) is not None:
        work, results = piece
        results.put(work())
        del piece, work, results  # they may hold the object whose end this thread waits for
