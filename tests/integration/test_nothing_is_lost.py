"""Whatever fails, and in whatever order: once the collector is healthy, it receives every event."""

import base64
import gzip
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder.transport.failures import Failure
from tests.outage_model import MULTI_STATUS, Fault, KilledError
from tests.outage_world import PARKED, REJECTIONS, Outage, World
from tests.payloads import event_of, payload_of
from tools.make_event import EVENTS, STREAM_PREFIXES, read_lines

LAMBDA_MAX_BYTES = 1024 * 1024  # of an asynchronous invocation (Lambda developer guide, "Lambda quotas")
LAMBDA_NOISE_BYTES = 765_000  # as much as comes through gzip and base64

LINES = [line for path in sorted((EVENTS / "lines").glob("*.log")) for line in read_lines(path)]
STATUSES = (401, 403, 404, 408, 429, 500, 501, 502, 503, 504, 302, 307)


answers: st.SearchStrategy[int | Failure | KilledError] = st.one_of(
    st.sampled_from(STATUSES),
    st.sampled_from([failure for failure in Failure if failure is not Failure.NO_TIME_LEFT]),
    st.builds(KilledError),
)
faults = st.builds(
    Fault,
    answer=answers,
    by_event=st.just(()),
    retry_after_seconds=st.none() | st.floats(0, 100),
    taken=st.booleans(),
    seconds=st.sampled_from([0.0, 0.1, 1.0, 9.0, 1000.0]),
)
answers_by_event = st.builds(
    Fault,
    answer=st.just(MULTI_STATUS),
    by_event=st.lists(st.sampled_from([200, 400, 429, 503]), min_size=1, max_size=5).map(tuple),
    taken=st.just(value=False),
)
web_pages = st.just(Fault(200, body=b"<!DOCTYPE html><html>"))
rejections = st.builds(Fault, answer=st.sampled_from(REJECTIONS))
KINDS = (faults, web_pages, answers_by_event, rejections)
texts = st.text(st.characters(), max_size=40) | st.sampled_from(LINES)
streams = st.sampled_from([f"{prefix}-0123456789abcdef" for prefix in (*STREAM_PREFIXES.values(), "other")])


@st.composite
def payloads(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few payloads; no two events have the same id."""
    made = []
    first = 0
    for messages in draw(st.lists(st.lists(texts, max_size=12), min_size=1, max_size=4)):
        payload = payload_of(*messages, logStream=draw(streams))
        for number, event in enumerate(payload["logEvents"], first):
            event["id"] = f"{number:056}"
        first += len(messages)
        made.append(payload)
    return made


@st.composite
def outages(draw: st.DrawFn, payloads: list[dict[str, Any]]) -> Outage:
    """A run of faults of every kind, which ends."""
    ids = [event["id"] for payload in payloads for event in payload["logEvents"]]
    kinds = draw(st.sampled_from([KINDS[:1], KINDS[:2], KINDS]))
    return Outage(
        collector=draw(st.lists(st.one_of(kinds), max_size=25)),
        sqs=draw(st.lists(st.sampled_from(["works", "fails", "unanswered"]), max_size=12)),
        secret_works=draw(st.lists(st.booleans(), max_size=12)),
        seconds=draw(st.lists(st.sampled_from([0.0, 0.05, 2.0, 45.0]), max_size=8)),
        poison=draw(st.frozensets(st.sampled_from(ids), max_size=4)) if ids else frozenset(),
        most_events=draw(st.sampled_from([1, 3, 1000])),
        by_event=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(st.data(), payloads(), st.sampled_from([1, 4, 1000]))
def test_every_event_arrives_once_the_collector_is_healthy(
    data: st.DataObject, payloads: list[dict[str, Any]], batch_events: int
) -> None:
    """What was put in has arrived unchanged; only what is never taken lies in the dead-letter queue."""
    outage = data.draw(outages(payloads))
    world = World(outage, {"MAX_BATCH_EVENTS": str(batch_events)})
    put_in = {event["id"]: event["message"] for payload in payloads for event in payload["logEvents"]}

    for payload in payloads:
        world.invoke(event_of(payload))
    world.redrive_to_the_end()

    dead = world.dead()
    assert world.collector.received.keys() | dead == put_in.keys()
    assert world.collector.received.items() <= put_in.items()
    assert outage.poison <= dead
    if not outage.rejects_what_it_takes_later:
        assert dead == outage.poison
        assert world.collector.received.keys() >= put_in.keys() - outage.poison
        assert sum(tally.rejected for tally in world.redriven) >= len(dead)
    assert world.sqs.too_large == 0


@pytest.mark.parametrize("events", [1, 2, 3, 7, 40])
def test_a_payload_of_a_megabyte_fits_into_the_queue(events: int) -> None:
    """As much noise as Lambda takes, packed as tightly as gzip can: parked in messages of at most 1 MiB."""
    noise = base64.b64encode(random.Random(events).randbytes(LAMBDA_NOISE_BYTES)).decode()  # noqa: S311  # noise, no secret
    size = len(noise) // events
    payload = payload_of(*(noise[n * size : (n + 1) * size] for n in range(events)))
    event = {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(payload).encode(), 9)).decode()}}
    assert 0.98 * LAMBDA_MAX_BYTES < len(json.dumps(event)) <= LAMBDA_MAX_BYTES
    down = Outage(collector=[Fault(405)])
    world = World(down, {"MAX_BATCH_BYTES": "100000000"})

    world.invoke(event)

    parked = world.sqs.queues[PARKED]
    assert sum(message.events for message in parked) == events
    assert world.sqs.too_large == 0
    world.redrive_to_the_end()
    assert world.collector.received == {event["id"]: event["message"] for event in payload["logEvents"]}


def payload_number(number: int, events: int) -> dict[str, Any]:
    """A payload whose ids are unlike those of other numbers."""
    payload = payload_of(*(f"line {number}.{n}" for n in range(events)))
    for n, event in enumerate(payload["logEvents"]):
        event["id"] = f"{number:028}{n:028}"
    return payload


def test_an_outage_costs_one_attempt_a_minute() -> None:
    """100 payloads, one a second: retries for the first, one attempt for all others; nothing is lost."""
    world = World(Outage(collector=[Fault(503, seconds=0.0)] * 15), {})
    payloads = [payload_number(number, 10) for number in range(100)]
    requests = []
    for payload in payloads:
        before = world.collector.requests
        world.invoke(event_of(payload))
        requests.append(world.collector.requests - before)
        world.clock.advance(1.0)
    assert requests[0] > 5
    assert sum(requests[1:]) == 1
    assert sum(message.events for message in world.sqs.queues[PARKED]) == 1000
    world.redrive_to_the_end()
    assert len(world.collector.received) == 1000
    assert world.dead() == set()


@pytest.mark.parametrize("refused", [1, 2, 17])
def test_a_firewall_that_refuses_some_events_blocks_no_other(refused: int) -> None:
    """With a 403: they end as dead letters, and all the others arrive, of this payload and the next."""
    payloads = [payload_number(number, 100) for number in range(4)]
    ids = [event["id"] for payload in payloads for event in payload["logEvents"]]
    firewall = frozenset(random.Random(refused).sample(ids, refused))  # noqa: S311  # no secret
    world = World(Outage(firewall=firewall), {})

    for payload in payloads:
        world.invoke(event_of(payload))
    world.redrive_to_the_end()

    assert world.dead() == firewall
    assert world.collector.received.keys() == set(ids) - firewall


def test_a_setting_that_refuses_everything_buries_nothing_for_hours() -> None:
    """Forty redrives of 400 for everything; then the setting is corrected, and every event arrives."""
    world = World(Outage(collector=[Fault(400)] * 84), {})
    payload = payload_number(0, 1000)

    world.invoke(event_of(payload))
    assert world.collector.requests == 4
    for _ in range(20):
        world.redrive()
    assert world.collector.requests == 84
    assert world.dead() == set()
    world.redrive_to_the_end()

    assert len(world.collector.received) == 1000
    assert world.dead() == set()


@pytest.mark.parametrize("poisonous", [1, 20, 100])
def test_only_what_is_never_taken_ends_as_a_dead_letter(poisonous: int) -> None:
    """However many of a batch of a thousand they are: all the others arrive."""
    events = payload_of(*(f"line {number}" for number in range(1000)))
    ids = [event["id"] for event in events["logEvents"]]
    poison = frozenset(random.Random(poisonous).sample(ids, poisonous))  # noqa: S311  # no secret
    world = World(Outage(poison=poison), {})

    world.invoke(event_of(events))
    world.redrive_to_the_end()

    assert world.dead() == poison
    assert world.collector.received.keys() == set(ids) - poison
