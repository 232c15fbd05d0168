"""A thread that does one job at a time for whoever waits no longer than it may."""

import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue


class Worker[Result]:
    """One thread, kept from job to job, since starting one takes longer than handing it a job.

    It ends when it is dismissed, and when nobody holds the worker any longer. It is a daemon: a job that
    never ends holds up neither the process nor its end.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], Result] | None] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        queues = self._jobs, self._results  # the thread must not hold the worker itself
        threading.Thread(target=_work, args=queues, name=name, daemon=True).start()
        weakref.finalize(self, self._jobs.put, None).atexit = False

    def do(self, job: Callable[[], Result], *, within_seconds: float) -> Result | None:
        """The job's result, or None when it takes too long: then the worker is of no more use.

        The job must not raise.
        """
        self._jobs.put(job)
        try:
            return self._results.get(timeout=within_seconds)
        except Empty:
            self.dismiss()
            return None

    def dismiss(self) -> None:
        """Lets the thread end, behind the job that it may still be at."""
        self._jobs.put(None)


def _work[Result](jobs: SimpleQueue[Callable[[], Result] | None], results: SimpleQueue[Result]) -> None:
    while (job := jobs.get()) is not None:
        results.put(job())
        del job  # it may hold the worker
