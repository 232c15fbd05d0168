"""A thread that does one job at a time for whoever waits no longer than it may."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue


class Worker[Result]:
    """One thread, kept from job to job, since starting one takes longer than handing it a job.

    It is a daemon: a job that never ends holds up neither the process nor its end.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Callable[[], Result] | None] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

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

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._results.put(job())
