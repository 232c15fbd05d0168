"""Which results of the soak test are failures, and what it adds up."""

from collections import Counter
from dataclasses import replace

import pytest

from tools.soak.balance import Balance, Summaries

GOOD = Balance(
    put_in=1000,
    poison=2,
    forwarded=Counter(EventsReceived=1000, EventsDelivered=900, EventsParked=100),
    redriven=Counter(EventsRedriven=98),
    arrived=998,
    duplicates=7,
    dead=2,
    lost=0,
    queue_is_empty=True,
    requests=50,
    failed_requests=17,
    seconds=2.0,
    peak_mb=101.0,
    memory_mb=[100.0, 101.0, 99.0, 100.0],
    loaded=900,
    drained_messages=5,
    drained_events=100,
    drain_seconds=0.25,
)


def test_a_good_run_has_no_faults() -> None:
    """And prints its numbers."""
    assert GOOD.faults() == []
    assert GOOD.rows()["lost"] == "0"
    assert GOOD.rows()["speed"] == "450 events/s, failures included"
    assert GOOD.rows()["drain"] == "100 events in 5 messages, 0.2 s in the redrive"
    assert GOOD.rows()["memory at 25, 50, 75, 100 %"] == "100 101 99 100 MB (+1.0%)"


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        (replace(GOOD, lost=1), "1 events are lost"),
        (replace(GOOD, queue_is_empty=False), "the queue is not empty"),
        (replace(GOOD, dead=3), "the dead letters are not the poison events"),
        (
            replace(GOOD, forwarded=Counter(EventsReceived=999, EventsDelivered=900, EventsParked=100)),
            "the function did not count every event that was sent",
        ),
        (
            replace(GOOD, forwarded=Counter(EventsReceived=1000, EventsDelivered=900, EventsParked=99)),
            "delivered and parked do not add up to the events sent",
        ),
        (
            replace(GOOD, forwarded=Counter(EventsReceived=1000, EventsDelivered=1000, EventsParked=0)),
            "nothing was parked, so the run proves nothing",
        ),
        (replace(GOOD, failed_requests=0), "the collector failed no request"),
        (replace(GOOD, memory_mb=[100.0, 101.0, 111.0, 100.0]), "memory grows by more than 10%"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_failure_is_named(bad: Balance, fault: str) -> None:
    """One fault each."""
    assert bad.faults() == [fault]


def test_summaries_are_added_up_and_the_rest_is_ignored() -> None:
    """Only whole numbers, and only of the summary lines."""
    summaries = Summaries()
    summaries.write('{"_aws":{},"EventsReceived":[5.0]}\n')
    summaries.write('{"level":"INFO","message":"summary","received":5,"delivered":3,"cold_start":true}\n')
    summaries.write(
        '{"level":"INFO","message":"summary","received":2,"delivered":2,"slowest_request_ms":1.5}\n'
    )
    assert summaries.totals == {"received": 7, "delivered": 5}
