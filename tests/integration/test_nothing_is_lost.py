"""Whatever fails and in whatever order: once the collector is healthy, it has every event."""

import base64
import gzip
import json
import random
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder import subscription
from eks_log_forwarder.deadline import Deadline
from eks_log_forwarder.errors import MessageKeptError, SecretError, UndeliveredError
from eks_log_forwarder.forwarding import Forwarder
from eks_log_forwarder.outcomes import Failure
from eks_log_forwarder.parked_messages import payload_of as parked_payload_of
from eks_log_forwarder.redrive import ParkedMessage, Redrive
from eks_log_forwarder.retry import Backoff
from eks_log_forwarder.secrets import Credentials
from eks_log_forwarder.settings import Settings
from eks_log_forwarder.stream import LogStream
from eks_log_forwarder.tally import Tally
from eks_log_forwarder.undelivered import Queue
from eks_log_forwarder.wiring import build_forwarder
from tests.outage_model import MULTI_STATUS, AnswersByEvent, Clock, Collector, Fault, KilledError
from tests.payloads import event_of, payload_of
from tests.queue_model import Sqs, on_failure_record
from tools.make_event import EVENTS, STREAM_PREFIXES, read_lines

PARKED = "https://sqs.us-east-1.amazonaws.com/111122223333/undelivered"
DEAD = "https://sqs.us-east-1.amazonaws.com/111122223333/dead-letters"
REJECTED_TRIES = 3
LAMBDA_TRIES = 3
REDRIVE_BATCH = 5
MOST_REDRIVES = 300
LAMBDA_MAX_BYTES = 1024 * 1024  # of an asynchronous invocation (Lambda developer guide, "Lambda quotas")
LAMBDA_NOISE_BYTES = 765_000  # as much as comes through gzip and base64

LINES = [line for path in sorted((EVENTS / "lines").glob("*.log")) for line in read_lines(path)]
STATUSES = (401, 403, 404, 408, 429, 500, 501, 502, 503, 504, 302, 307)
REJECTIONS = (400, 413, 422)


@dataclass(frozen=True)
class Outage:
    """All that goes wrong, in order: with the collector, SQS and the secret; and each invocation's time."""

    collector: list[Fault] = field(default_factory=list)
    sqs: list[str] = field(default_factory=list)
    secret_works: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    poison: frozenset[str] = frozenset()
    most_events: int = 1000
    by_event: bool = False

    @property
    def rejects_what_it_takes_later(self) -> bool:
        """Whether the collector rejects an event that it would take at another time."""
        return any({fault.answer, *fault.by_event} & set(REJECTIONS) for fault in self.collector)


class World:
    """The functions, and all that they work with."""

    def __init__(self, outage: Outage, environ: dict[str, str]) -> None:
        self.clock = Clock()
        self.collector = Collector(
            self.clock,
            outage.collector,
            poison=outage.poison,
            most_events=outage.most_events,
            by_event=outage.by_event,
        )
        self.sqs = Sqs(self.clock, deque(outage.sqs), {PARKED: [], DEAD: []})
        self.redriven: list[Tally] = []
        self._secret_works = deque(outage.secret_works)
        self._seconds = deque(outage.seconds)
        self._forwarder = self._build(environ)

    def _build(self, environ: dict[str, str]) -> Forwarder:
        settings = Settings.from_environ(
            {"DESTINATION_URL": "https://xplg.example.internal/", "DETECTIONS": "off", "REDACT": "off"}
            | environ
        )
        forwarder = build_forwarder(settings)
        delivery = replace(
            forwarder.delivery,
            destination=AnswersByEvent(forwarder.delivery.destination),
            transport=self.collector,
            read_secret=self._read_secret,
            backoff=Backoff(random=lambda low, high: (low + high) / 2),
            sleep=self.clock.advance,
        )
        return replace(forwarder, delivery=delivery, undelivered=Queue(PARKED, self.sqs.as_client))

    def _read_secret(self, *, again: bool = False) -> Credentials:
        if self._secret_works and not self._secret_works.popleft():
            msg = f"the secret could not be read, {again=}"
            raise SecretError(msg)
        return Credentials(token="t0ken")

    def _deadline(self) -> Deadline:
        seconds = self._seconds.popleft() if self._seconds else 45.0
        return Deadline.after(seconds, self.clock)

    def invoke(self, event: dict[str, Any]) -> None:
        """An asynchronous invocation: Lambda's tries, and then its record on the queue."""
        for _ in range(LAMBDA_TRIES):
            if self._forward(event):
                return
            self.clock.advance(60)
        self.sqs.put(PARKED, on_failure_record(event), len(subscription.decode(event).logEvents))

    def _forward(self, event: dict[str, Any]) -> bool:
        payload = subscription.decode(event)
        stream = LogStream.of(payload)
        tally = Tally(stream.cluster, stream.log_type)
        try:
            self._forwarder.forward(payload, stream, self._deadline(), tally)
        except UndeliveredError as error:
            kept = error.undelivered
        except KilledError:
            return False
        else:
            kept = 0
        tally.check()
        assert (tally.received, tally.kept) == (len(payload.logEvents), kept)
        return not kept

    def redrive(self) -> None:
        """One invocation of the redrive."""
        messages = self.sqs.receive(PARKED, most=REDRIVE_BATCH)
        redrive = Redrive(
            forwarder=self._forwarder,
            queue=Queue(PARKED, self.sqs.as_client),
            dead_letters=Queue(DEAD, self.sqs.as_client),
            rejected_tries=REJECTED_TRIES,
            backoff_base_seconds=1,
            deadline=self._deadline(),
            publish=self.redriven.append,
        )
        for message in messages:
            received = ParkedMessage(message.body, message.handle, message.receive_count, sent_ms=0)
            try:
                redrive.settle(received)
            except KilledError:
                return
            except MessageKeptError:
                self.redriven[-1].check()
                assert self.redriven[-1].kept == self.redriven[-1].received - self.redriven[-1].delivered
            else:
                self.redriven[-1].check()
                assert self.redriven[-1].kept == 0
                self.sqs.queues[PARKED].remove(message)

    def redrive_to_the_end(self) -> None:
        """Until the queue is empty."""
        for _ in range(MOST_REDRIVES):
            if not self.sqs.queues[PARKED]:
                return
            self.redrive()
        assert not self.sqs.queues[PARKED], "the redrive does not come to an end"

    def dead(self) -> set[str]:
        """The ids in the dead-letter queue."""
        return {
            event.id for letter in self.sqs.queues[DEAD] for event in parked_payload_of(letter.body).logEvents
        }


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
    taken=st.just(False),
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
    assert outage.poison <= dead | world.collector.received.keys()
    if not outage.rejects_what_it_takes_later:
        assert dead == outage.poison
        assert world.collector.received.keys() >= put_in.keys() - outage.poison
    assert sum(tally.rejected for tally in world.redriven) >= len(dead)
    assert world.sqs.too_large == 0


@pytest.mark.parametrize("events", [1, 2, 3, 7, 40])
def test_a_payload_of_a_megabyte_fits_into_the_queue(events: int) -> None:
    """As much noise as Lambda takes, packed as tightly as gzip can: parked in messages of at most 1 MiB."""
    noise = base64.b64encode(random.Random(events).randbytes(LAMBDA_NOISE_BYTES)).decode()
    size = len(noise) // events
    payload = payload_of(*(noise[n * size : (n + 1) * size] for n in range(events)))
    event = {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(payload).encode(), 9)).decode()}}
    assert 0.98 * LAMBDA_MAX_BYTES < len(json.dumps(event)) <= LAMBDA_MAX_BYTES
    down = Outage(collector=[Fault(404)])
    world = World(down, {"MAX_BATCH_BYTES": "100000000"})

    world.invoke(event)

    parked = world.sqs.queues[PARKED]
    assert sum(message.events for message in parked) == events
    assert world.sqs.too_large == 0
    world.redrive_to_the_end()
    assert world.collector.received == {event["id"]: event["message"] for event in payload["logEvents"]}
