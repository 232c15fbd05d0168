"""A thread that is kept between requests, so that a request does not wait for a new one to start."""

import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic

type _Work[Result] = SimpleQueue[tuple[Callable[[], Result], SimpleQueue[Result]] | None]


class AttemptThread[Result]:
    """Runs one piece of work after another; the caller drops it together with work that takes too long.

    The work returns its failures and never raises. The thread ends after its current work, once nothing
    refers to this object any more.
    """

    def __init__(self) -> None:
        self._work: _Work[Result] = SimpleQueue()
        threading.Thread(target=_do_all, args=(self._work,), name="http-attempt", daemon=True).start()
        weakref.finalize(self, self._work.put, None)

    def do(
        self,
        work: Callable[[], Result],
        *,
        within_seconds: float,
        meanwhile: Callable[[], None] | None = None,
    ) -> Result:
        """What the work returns; the caller's thread does `meanwhile` first, which never raises.

        A result that is there when `meanwhile` ends counts, even if that is after the time.

        Raises:
            TimeoutError: the work is still running, so the caller has to drop this thread.
        """
        # a queue per piece of work, so that a late result reaches no other caller
        results: SimpleQueue[Result] = SimpleQueue()
        give_up_at = monotonic() + within_seconds
        self._work.put((work, results))
        if meanwhile is not None:
            meanwhile()
        try:
            return results.get(timeout=max(give_up_at - monotonic(), 0.0))
        except Empty:
            raise TimeoutError from None


def _do_all[Result](waiting: _Work[Result]) -> None:
    while (piece := waiting.get()) is not None:
        work, results = piece
        results.put(work())
        del piece, work, results  # they may refer to the object whose end this thread waits for
