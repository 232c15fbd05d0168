"""Work in a thread that is kept, and left behind when its time is up."""

import threading

import pytest

from eks_log_forwarder.transport.attempt_thread import AttemptThread


def test_does_one_piece_after_the_other_in_one_thread() -> None:
    """Three pieces of work: one thread, which is not the caller's."""
    thread: AttemptThread[int] = AttemptThread()
    idents = [thread.do(threading.get_ident, within_seconds=60) for _ in range(3)]
    assert len(set(idents)) == 1
    assert idents[0] != threading.get_ident()


def test_gives_up_work_that_takes_too_long() -> None:
    """The caller gets its time-out while the work is still waiting; the thread ends with the work."""
    thread: AttemptThread[None] = AttemptThread()
    release, threads = threading.Event(), list[threading.Thread]()

    def work() -> None:
        threads.append(threading.current_thread())
        release.wait(60)

    with pytest.raises(TimeoutError):
        thread.do(work, within_seconds=0.05)
    del thread
    assert threads[0].is_alive()
    release.set()
    threads[0].join(60)
    assert not threads[0].is_alive()


def test_the_caller_does_something_else_meanwhile() -> None:
    """In its own thread, while the work is being done: here the work cannot end before it."""
    thread: AttemptThread[int] = AttemptThread()
    idents, done = list[int](), threading.Event()

    def meanwhile() -> None:
        idents.append(threading.get_ident())
        done.set()

    result = thread.do(lambda: 7 if done.wait(60) else 0, within_seconds=60, meanwhile=meanwhile)
    assert (result, idents) == (7, [threading.get_ident()])


def test_the_thread_ends_with_the_object_that_its_work_holds() -> None:
    """As a transport's work holds the transport, which holds the thread: no circle keeps them alive."""

    class Owner:
        def __init__(self) -> None:
            self.thread: AttemptThread[threading.Thread] = AttemptThread()

        def work(self) -> threading.Thread:
            return threading.current_thread()

        def run(self) -> threading.Thread:
            return self.thread.do(self.work, within_seconds=60)

    worker = Owner().run()
    worker.join(60)
    assert not worker.is_alive()
