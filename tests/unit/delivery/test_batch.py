"""Batches: in order, whole, and within their bounds."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eks_log_forwarder.config.destination_options import BodyFormat, Compression
from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.delivery.batch import Batch, batched
from eks_log_forwarder.destinations.json_destination import JsonBody
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.formats import shape_of

ANY_NUMBER = 1_000_000


def events_of(sizes: list[int]) -> list[tuple[LogEvent, bytes]]:
    """Events whose encoded forms have these sizes, in bytes."""
    return [(LogEvent(str(number), number, "x"), b"x" * size) for number, size in enumerate(sizes)]


def sizes_of(batches: list[Batch]) -> list[list[int]]:
    """The sizes of the encoded events, batch by batch."""
    return [[len(encoded) for encoded in batch.encoded] for batch in batches]


def body_of(batch: Batch, body_format: BodyFormat) -> bytes:
    """What a request would carry."""
    json_body = JsonBody(body_format, Compression.NONE, shape_of(RecordFormat.PLAIN))
    return json_body.build(batch.encoded, {})


@pytest.mark.parametrize(
    ("sizes", "max_events", "expected"),
    [
        ([], 3, []),
        ([0], 1, [[0]]),
        ([5] * 7, 3, [[5, 5, 5], [5, 5, 5], [5]]),
        ([5] * 6, 3, [[5, 5, 5], [5, 5, 5]]),
        ([5] * 3, 1, [[5], [5], [5]]),
    ],
)
def test_a_batch_holds_so_many_events_and_no_more(
    sizes: list[int], max_events: int, expected: list[list[int]]
) -> None:
    """The last batch holds the rest, and there is no empty one."""
    batches = list(batched(events_of(sizes), max_bytes=ANY_NUMBER, max_events=max_events))
    assert sizes_of(batches) == expected
    assert [len(batch) for batch in batches] == [len(sizes_) for sizes_ in expected]


def test_an_event_over_the_limit_goes_by_itself() -> None:
    """In its place, and the events around it stay in order."""
    batches = list(batched(events_of([10, 10, 500, 10, 10]), max_bytes=100, max_events=ANY_NUMBER))
    assert sizes_of(batches) == [[10, 10], [500], [10, 10]]


def test_a_batch_is_made_only_when_it_is_asked_for() -> None:
    """So one batch at most is held, however large the payload."""
    source = iter(events_of([1] * 10))
    batches = batched(source, max_bytes=ANY_NUMBER, max_events=2)
    assert len(next(batches)) == 2
    assert len(list(source)) == 7  # the third one has been looked at


def test_a_batch_does_not_show_what_it_holds() -> None:
    """Neither the events nor their encoded forms."""
    (batch,) = batched([(LogEvent("1", 1, "private"), b"private")], max_bytes=100, max_events=1)
    assert repr(batch) == "Batch()"


@pytest.mark.parametrize("body_format", [BodyFormat.NDJSON, BodyFormat.ARRAY])
@given(
    sizes=st.lists(st.integers(0, 60), max_size=80),
    max_bytes=st.integers(1, 200),
    max_events=st.integers(1, 20),
)
@example(sizes=[3, 3], max_bytes=8, max_events=2)
def test_nothing_is_lost_and_no_body_is_over_its_bounds(
    body_format: BodyFormat, sizes: list[int], max_bytes: int, max_events: int
) -> None:
    """By the bytes that a request really carries; only an event alone may be over them."""
    events = events_of(sizes)
    batches = list(batched(events, max_bytes=max_bytes, max_events=max_events))
    assert [pair for batch in batches for pair in zip(batch.events, batch.encoded, strict=True)] == events
    for batch in batches:
        assert 1 <= len(batch) <= max_events
        assert len(batch) == 1 or len(body_of(batch, body_format)) <= max_bytes


@given(
    sizes=st.lists(st.integers(0, 60), max_size=80),
    max_bytes=st.integers(1, 200),
    max_events=st.integers(1, 20),
)
def test_a_batch_ends_only_where_the_next_event_does_not_fit(
    sizes: list[int], max_bytes: int, max_events: int
) -> None:
    """There are no more requests than the bounds ask for."""
    batches = list(batched(events_of(sizes), max_bytes=max_bytes, max_events=max_events))
    for batch, following in pairwise(batches):
        joined = Batch(batch.events + following.events[:1], batch.encoded + following.encoded[:1])
        assert len(batch) == max_events or len(body_of(joined, BodyFormat.ARRAY)) > max_bytes
