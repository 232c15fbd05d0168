"""The pauses between attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.delivery.backoff import Backoff


@pytest.mark.parametrize(
    ("attempt", "most_seconds"), [(0, 0.2), (1, 0.4), (2, 0.8), (3, 1.6), (4, 3.2), (5, 5.0), (60, 5.0)]
)
def test_the_longest_pause_doubles_up_to_the_cap(attempt: int, most_seconds: float) -> None:
    """The jitter is full: from nothing to that."""
    assert Backoff(random=lambda least, _: least).pause_seconds(attempt) == 0.0
    assert Backoff(random=lambda _, most: most).pause_seconds(attempt) == pytest.approx(most_seconds)


@pytest.mark.parametrize(
    ("retry_after_seconds", "pause_seconds"),
    [(None, 0.2), (0.0, 0.2), (0.1, 0.2), (7.0, 7.0), (3600.0, 3600.0)],
)
def test_what_the_collector_asks_for_is_the_least(
    retry_after_seconds: float | None, pause_seconds: float
) -> None:
    """It is not capped: whether there is time for it is the caller's affair."""
    backoff = Backoff(random=lambda _, most: most)
    assert backoff.pause_seconds(0, retry_after_seconds) == pause_seconds


@given(st.integers(0, 1000), st.none() | st.floats(0, 1e6))
def test_a_random_pause_is_within_its_bounds(attempt: int, retry_after_seconds: float | None) -> None:
    """However often was tried."""
    pause_seconds = Backoff().pause_seconds(attempt, retry_after_seconds)
    least = retry_after_seconds or 0.0
    assert least <= pause_seconds <= max(least, min(5.0, 0.2 * 2**attempt))
