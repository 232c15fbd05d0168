"""Deadlines on a clock that the test sets."""

import pytest

from eks_log_forwarder.delivery.deadline import Deadline


class Clock:
    """A monotonic clock that stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        """What it was set to."""
        return self.now


@pytest.mark.parametrize(("now", "remaining"), [(100.0, 5.0), (103.5, 1.5), (105.0, 0.0), (200.0, 0.0)])
def test_what_remains_shrinks_to_nothing_and_not_below(now: float, remaining: float) -> None:
    """In seconds."""
    clock = Clock()
    deadline = Deadline.after(5.0, clock)
    clock.now = now
    assert deadline.remaining_seconds() == remaining


@pytest.mark.parametrize(("seconds", "remaining"), [(2.0, 2.0), (5.0, 5.0), (60.0, 5.0)])
def test_a_deadline_within_another_never_outlasts_it(seconds: float, remaining: float) -> None:
    """A retry budget is cut short by the invocation's end."""
    assert Deadline.after(5.0, Clock()).within(seconds).remaining_seconds() == remaining


def test_a_deadline_that_was_never_ahead_is_over() -> None:
    """An invocation with less time than its reserve has none to deliver."""
    assert Deadline.after(-3.0, Clock()).remaining_seconds() == 0.0
