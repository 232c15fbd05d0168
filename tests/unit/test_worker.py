"""A thread that does one job at a time."""

import threading
import time

from eks_log_forwarder.worker import Worker


def test_does_one_job_after_the_other_in_the_same_thread() -> None:
    """The thread is started once, and ends when it is dismissed."""
    worker: Worker[int] = Worker("worker-under-test")
    idents = {worker.do(threading.get_ident, within_seconds=5) for _ in range(20)}
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "worker-under-test"]
    assert idents == {thread.ident}
    assert thread.daemon
    worker.dismiss()
    thread.join(5)
    assert not thread.is_alive()


def test_leaves_a_job_that_takes_too_long_behind() -> None:
    """The caller goes on in time; the thread ends with its job, whose result nobody sees."""
    worker: Worker[str] = Worker("slow-worker")
    go_on = threading.Event()

    def wait() -> str:
        go_on.wait(5)
        return "late"

    started = time.monotonic()
    assert worker.do(wait, within_seconds=0.05) is None
    assert time.monotonic() - started < 2
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "slow-worker"]
    go_on.set()
    thread.join(5)
    assert not thread.is_alive()


def test_the_thread_ends_with_the_last_who_holds_its_worker() -> None:
    """Also where the last job was made by that holder, as a transport's are."""

    class Holder:
        def __init__(self) -> None:
            self.worker: Worker[int] = Worker("held-worker")

        def ask(self) -> int | None:
            return self.worker.do(lambda: id(self), within_seconds=5)

    holder = Holder()
    assert holder.ask() == id(holder)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "held-worker"]
    assert thread.is_alive()
    del holder
    thread.join(5)
    assert not thread.is_alive()
