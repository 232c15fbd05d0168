"""How delivery handles answers per event, acknowledgements and partial successes."""

import json
from collections.abc import Callable
from typing import override

import pytest

from eks_log_forwarder.config.credentials import read_nothing
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.delivery.leftover import Cause, Leftover
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from tests.records import record_of
from tests.unit.destination_requests import at_the_listener, destination_of
from tools.listener import running_listener

type Reply = Callable[[Request], Answer | Failure]


class Scripted(Transport):
    """A collector with scripted answers, in order; the last one is repeated."""

    def __init__(self, *replies: Answer | Failure | Reply) -> None:
        super().__init__(connect_timeout_seconds=1, read_timeout_seconds=1)
        self._replies = replies
        self.requests: list[Request] = []

    @override
    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        reply = self._replies[min(len(self.requests), len(self._replies) - 1)]
        self.requests.append(request)
        return reply(request) if callable(reply) else reply


class Clock:
    """A clock that only sleeping advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time of the moment."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets so much time pass."""
        self.now += seconds


def batch_of(destination: Destination, records: list[Record]) -> Batch:
    """A batch of these records."""
    return Batch(
        [LogEvent(record.id, record.timestamp, record.message) for record in records],
        [destination.encode(record) for record in records],
    )


def send(
    destination: Destination, transport: Transport, records: list[Record], within_seconds: float = 30
) -> tuple[list[Leftover], Tally, Clock]:
    """Delivers one batch with a fake clock."""
    clock = Clock()
    tally = Tally("prod", LogType.AUDIT)
    delivery = Delivery(destination, transport, read_nothing, retry_budget_seconds=10, sleep=clock.sleep)
    leftovers = delivery.send([batch_of(destination, records)], Deadline.after(within_seconds, clock), tally)
    tally.received = len(records)
    tally.parked = sum(len(leftover.events) for leftover in leftovers)
    tally.check()
    return leftovers, tally, clock


RECORDS = [record_of(number=number) for number in range(5)]


def answer(status: int, body: object) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(body).encode())


HEC_OK = answer(200, {"code": 0})


def refusing(bad: set[str]) -> Reply:
    """Splunk, which refuses the first event of a request that is one of these."""

    def reply(request: Request) -> Answer:
        ids = [json.loads(line)["event"]["id"] for line in request.body.split(b"\n")]
        numbers = [number for number, identity in enumerate(ids) if identity in bad]
        return answer(400, {"code": 6, "invalid-event-number": numbers[0]}) if numbers else HEC_OK

    return reply


def plain_hec(**options: object) -> Destination:
    """Splunk HEC without compression, for a script that reads the body."""
    return destination_of("splunk_hec", options=options | {"compression": "none"})


def plain_elasticsearch() -> Destination:
    """Elasticsearch without compression, for a script that reads the body."""
    return destination_of("elasticsearch", options={"compression": "none"})


def test_only_the_event_that_splunk_names_is_left_over() -> None:
    """One request more for each, at once; the others are delivered."""
    transport = Scripted(refusing({RECORDS[1].id, RECORDS[4].id}))
    leftovers, tally, clock = send(plain_hec(), transport, RECORDS)
    assert [(left.cause, left.reason, left.events[0].id) for left in leftovers] == [
        (Cause.REJECTED, "hec_6", RECORDS[1].id),
        (Cause.REJECTED, "hec_6", RECORDS[4].id),
    ]
    assert (tally.delivered, len(transport.requests), clock.now) == (3, 3, 0.0)


def test_a_batch_of_bad_events_ends_after_a_hundred_requests() -> None:
    """What is left then was not narrowed down."""
    records = [record_of(number=number) for number in range(150)]
    transport = Scripted(refusing({record.id for record in records}))
    leftovers, tally, _ = send(plain_hec(), transport, records)
    assert (tally.delivered, len(transport.requests)) == (0, 100)
    assert [(left.cause, len(left.events)) for left in leftovers[-2:]] == [
        (Cause.REJECTED, 1),
        (Cause.NOT_NARROWED, 50),
    ]


def test_a_busy_splunk_gets_only_the_events_that_it_has_not_accepted() -> None:
    """It took three; the others follow after the pause that it asks for."""
    busy = Answer(503, b'{"text":"Server is busy","code":9,"invalid-event-number":3}', 1.5)
    transport = Scripted(busy, HEC_OK)
    leftovers, tally, clock = send(plain_hec(), transport, RECORDS)
    ids = [[json.loads(line)["event"]["id"] for line in r.body.split(b"\n")] for r in transport.requests]
    assert ids == [[r.id for r in RECORDS], [r.id for r in RECORDS[3:]]]
    assert (leftovers, tally.delivered) == ([], 5)
    assert 1.5 <= clock.now <= 5.0


def one_item_short(request: Request) -> Answer:
    """A `_bulk` endpoint that drops one event without an item for it."""
    ids = [json.loads(line)["create"]["_id"] for line in request.body.split(b"\n")[:-1:2]]
    items = [{"create": {"status": 201}} for identity in ids if identity != RECORDS[3].id]
    return answer(200, {"errors": False, "items": items})


def test_a_success_without_an_item_for_each_event_is_narrowed_down() -> None:
    """Nothing is rejected: the event without an item was answered with 2xx, like the others."""
    transport = Scripted(one_item_short)
    leftovers, tally, _ = send(plain_elasticsearch(), transport, RECORDS)
    sizes = [len(request.body.split(b"\n")) // 2 for request in transport.requests]
    assert (leftovers, tally.delivered, tally.rejected, sizes) == ([], 5, 0, [5, 2, 3, 1, 2, 1, 1])


def test_a_collector_that_never_answers_readably_has_what_it_answers_with_2xx() -> None:
    """Known after three single events: to wait would store everything again at each redrive."""
    records = [record_of(number=number) for number in range(1000)]
    transport = Scripted(Answer(200, b"OK"))
    leftovers, tally, _ = send(plain_elasticsearch(), transport, records)
    assert (leftovers, tally.delivered) == ([], 1000)
    assert len(transport.requests) < 25


def test_what_a_hundred_requests_do_not_narrow_down_waits() -> None:
    """A collector that answers readably at times: what is left may not be stored, and is not rejected."""
    records = [record_of(number=number) for number in range(150)]
    readable = answer(200, {"errors": False, "items": [{"create": {"status": 201}}]})
    first = {records[0].id}

    def reply(request: Request) -> Answer:
        ids = {json.loads(line)["create"]["_id"] for line in request.body.split(b"\n")[:-1:2]}
        return readable if ids == first else Answer(200, b"")

    transport = Scripted(reply)
    leftovers, tally, _ = send(plain_elasticsearch(), transport, records)
    assert [(left.cause, left.reason) for left in leftovers] == [(Cause.UNREACHABLE, "answer_unreadable")]
    assert (tally.delivered, len(transport.requests)) == (150 - len(leftovers[0].events), 100)


def test_what_loki_calls_too_old_is_rejected_and_the_rest_is_delivered() -> None:
    """Loki has stored the rest: another request would store it again."""
    body = b"entry has timestamp too old: x, oldest acceptable timestamp is: 2026-01-14T10:00:00Z"
    old = [record_of(timestamp=1_768_384_800_000 - age, number=age) for age in (8 * 86_400_000, 1)]
    new = [record_of(timestamp=1_768_384_801_000 + n, number=n) for n in (5, 6, 7)]
    transport = Scripted(Answer(400, body))
    leftovers, tally, _ = send(destination_of("loki"), transport, [new[0], *old, *new[1:]])
    assert [(left.cause, left.reason, left.events[0].id) for left in leftovers] == [
        (Cause.REJECTED, "loki_too_old", record.id) for record in old
    ]
    assert (tally.delivered, len(transport.requests)) == (3, 1)


def test_a_batch_that_is_too_old_for_loki_is_no_wrong_setting() -> None:
    """Also as the first of a container: each event is rejected, in one request."""
    body = b"entry too far behind, oldest acceptable timestamp is: 2030-01-01T00:00:00Z"
    transport = Scripted(Answer(400, body))
    leftovers, tally, _ = send(destination_of("loki"), transport, RECORDS)
    assert [(left.cause, left.reason) for left in leftovers] == [(Cause.REJECTED, "loki_too_old")] * 5
    assert (tally.delivered, len(transport.requests)) == (0, 1)


def test_a_limit_that_no_event_exceeds_is_narrowed_down() -> None:
    """The answer does not fit the events, so it does not say which were refused."""
    body = b"entry too far behind, oldest acceptable timestamp is: 2020-01-01T00:00:00Z"
    leftovers, tally, _ = send(destination_of("loki"), Scripted(Answer(400, body)), RECORDS[:3])
    assert [(left.cause, left.reason) for left in leftovers] == [(Cause.REJECTED, "http_400")] * 3
    assert tally.delivered == 0


ACK = answer(200, {"code": 0, "ackId": 3})
NOT_YET = answer(200, {"acks": {"3": False}})
INDEXED = answer(200, {"acks": {"3": True}})


def test_acknowledged_events_are_delivered() -> None:
    """After as many questions as it takes, the first after 0.1 s; a lost answer is followed by another."""
    transport = Scripted(ACK, NOT_YET, Failure.CONNECTION_RESET, answer(503, {"code": 9}), INDEXED)
    leftovers, tally, clock = send(plain_hec(ack=True), transport, RECORDS)
    assert (leftovers, tally.delivered, len(transport.requests)) == ([], 5, 5)
    assert clock.now == pytest.approx(1.6)


def test_events_that_are_not_acknowledged_in_time_are_left_over() -> None:
    """They are not sent again within the invocation, since Splunk has them."""
    transport = Scripted(ACK, NOT_YET)
    leftovers, tally, clock = send(plain_hec(ack=True), transport, RECORDS, within_seconds=6)
    assert [(left.cause, left.reason, len(left.events)) for left in leftovers] == [
        (Cause.UNREACHABLE, "hec_not_acknowledged", 5)
    ]
    assert (tally.delivered, len(transport.requests)) == (0, 13)
    assert clock.now == pytest.approx(5.6)


def test_a_secret_that_breaks_before_the_acknowledgement_leaves_the_events_over() -> None:
    """It can be replaced between a batch and the question; its certificates are read at each request."""

    def refuse(_: Request) -> Answer:
        msg = "ca_certificate holds no certificate in PEM form"
        raise SecretError(msg)

    leftovers, tally, _ = send(plain_hec(ack=True), Scripted(ACK, refuse), RECORDS, within_seconds=6)
    assert [(left.reason, len(left.events)) for left in leftovers] == [("hec_not_acknowledged", 5)]
    assert tally.delivered == 0


def acknowledging(*, never: set[int], after_seconds: float, clock: Clock) -> Reply:
    """Splunk, which numbers requests and has indexed each so many seconds later, but for some."""
    sent_at: list[float] = []

    def reply(request: Request) -> Answer:
        if not request.url.endswith("/ack"):
            sent_at.append(clock.now)
            return answer(200, {"code": 0, "ackId": len(sent_at) - 1})
        asked = json.loads(request.body)["acks"]
        indexed = {n: n not in never and clock.now - sent_at[n] >= after_seconds for n in asked}
        return answer(200, {"acks": {str(n): done for n, done in indexed.items()}})

    return reply


def send_ten_batches(never: set[int]) -> tuple[list[Leftover], Tally, Clock, Scripted]:
    """Ten batches of five events, to a Splunk that indexes in a second."""
    clock, tally = Clock(), Tally("prod", LogType.AUDIT)
    transport = Scripted(acknowledging(never=never, after_seconds=1.0, clock=clock))
    destination = plain_hec(ack=True)
    delivery = Delivery(destination, transport, read_nothing, retry_budget_seconds=10, sleep=clock.sleep)
    batches = (batch_of(destination, RECORDS) for _ in range(10))
    leftovers = delivery.send(batches, Deadline.after(30, clock), tally)
    return leftovers, tally, clock, transport


def test_all_batches_are_sent_before_their_acknowledgements_are_asked_for() -> None:
    """Ten batches take as long as one: the questions come after 0.1, 0.6 and 1.1 s."""
    leftovers, tally, clock, transport = send_ten_batches(never=set())
    asked = [request.url.endswith("/ack") for request in transport.requests]
    assert asked == [False] * 10 + [True] * 3
    assert (leftovers, tally.delivered) == ([], 50)
    assert clock.now == pytest.approx(1.1)


def test_only_the_batch_that_is_not_acknowledged_is_left_over() -> None:
    """The others are delivered, and later questions are about that batch alone."""
    leftovers, tally, _, transport = send_ten_batches(never={4})
    assert [(left.cause, left.reason, len(left.events)) for left in leftovers] == [
        (Cause.UNREACHABLE, "hec_not_acknowledged", 5)
    ]
    assert tally.delivered == 45
    assert json.loads(transport.requests[-1].body) == {"acks": [4]}


def test_an_ack_endpoint_that_refuses_is_asked_once() -> None:
    """The detail names its status; the events wait."""
    transport = Scripted(ACK, Answer(404, b""))
    leftovers, tally, _ = send(plain_hec(ack=True), transport, RECORDS)
    assert [(left.reason, left.detail) for left in leftovers] == [
        ("hec_not_acknowledged", "/ack answered 404")
    ]
    assert (tally.delivered, len(transport.requests)) == (0, 2)


def test_only_the_documents_that_were_too_many_are_sent_again() -> None:
    """The stored ones are delivered, the one that does not fit its mapping is rejected."""
    items = [201, 429, 400, 409, 503]
    first = answer(200, {"errors": True, "items": [{"create": {"status": status}} for status in items]})
    second = answer(200, {"errors": False, "items": [{"create": {"status": 201}}] * 2})
    transport = Scripted(first, second)
    leftovers, tally, _ = send(
        destination_of("elasticsearch", options={"compression": "none"}), transport, RECORDS
    )
    assert [(left.cause, left.reason, left.events[0].id) for left in leftovers] == [
        (Cause.REJECTED, "bulk_400", RECORDS[2].id)
    ]
    assert (tally.delivered, len(transport.requests)) == (4, 2)
    assert [json.loads(line)["create"]["_id"] for line in transport.requests[1].body.split(b"\n")[:-1:2]] == [
        RECORDS[1].id,
        RECORDS[4].id,
    ]


def test_a_partial_success_is_counted_and_not_sent_again() -> None:
    """Nobody knows which two they were, so none is parked; they stay in CloudWatch."""
    transport = Scripted(answer(200, {"partialSuccess": {"rejectedLogRecords": "2"}}))
    leftovers, tally, _ = send(destination_of("otlp", options={"encoding": "json"}), transport, RECORDS)
    assert (leftovers, tally.delivered, tally.rejected_unidentified, len(transport.requests)) == ([], 3, 2, 1)
    assert tally.reasons == {"otlp_partial_success": 2}


def test_a_partial_success_that_refused_all_leaves_all_over() -> None:
    """Each rejected alone, without another request."""
    transport = Scripted(answer(200, {"partialSuccess": {"rejectedLogRecords": 5}}))
    leftovers, tally, _ = send(destination_of("otlp", options={"encoding": "json"}), transport, RECORDS)
    assert [left.cause for left in leftovers] == [Cause.REJECTED] * 5
    assert (tally.delivered, tally.rejected_unidentified, len(transport.requests)) == (0, 0, 1)


def test_events_in_pieces_are_counted_once_they_are_delivered() -> None:
    """Not at a try that failed."""
    long = record_of(LogType.UNKNOWN, "x" * 300_000, number=7)
    leftovers, tally, _ = send(
        destination_of("loki"), Scripted(Answer(503, b""), Answer(204, b"")), [*RECORDS, long]
    )
    assert (leftovers, tally.delivered, tally.split) == ([], 6, 1)
    _, tally, _ = send(destination_of("loki"), Scripted(Answer(401, b"")), [long])
    assert (tally.delivered, tally.split) == (0, 0)


FAULTS: dict[str, tuple[Answer | Failure, int]] = {
    "a redirect": (Answer(302, b""), 1),
    "no permission": (Answer(403, b""), 2),
    "a page": (Answer(200, b"<!DOCTYPE html><title>Sign in</title>"), 1),
    "no certificate": (Failure.TLS, 1),
    "an answer that was cut": (Failure.ANSWER_CUT, 0),
    "connection refused": (Failure.CONNECTION_REFUSED, 0),
    "overload": (Answer(503, b""), 0),
    "too many requests": (Answer(429, b""), 0),
}
NAMES = ["splunk_hec", "elasticsearch", "loki", "otlp"]


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each of the collectors."""
    return str(request.param)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_an_event(name: str, fault: str) -> None:
    """All five are left over, and no fault that stays the same is tried twice."""
    reply, requests = FAULTS[fault]
    transport = Scripted(reply)
    leftovers, tally, _ = send(destination_of(name), transport, RECORDS)
    assert [(left.cause, len(left.events)) for left in leftovers] == [(Cause.UNREACHABLE, 5)]
    assert tally.delivered == 0
    assert len(transport.requests) == requests if requests else len(transport.requests) > 3


def test_a_batch_that_is_too_large_is_halved_until_it_fits(name: str) -> None:
    """By a strict server; the limit here is three records."""
    with running_listener(token=None) as listener:
        destination = at_the_listener(name, listener)
        real = Transport(connect_timeout_seconds=60, read_timeout_seconds=60)
        limit = len(destination.request([destination.encode(r) for r in RECORDS[:3]], read_nothing()).body)

        def reply(request: Request) -> Answer | Failure:
            if len(request.body) > limit:
                return Answer(413, b"")
            return real.post(request, within_seconds=60)

        leftovers, tally, _ = send(destination, Scripted(reply), RECORDS)
        assert (leftovers, tally.delivered) == ([], 5)
        assert sorted(str(record["id"]) for record in listener.records) == [record.id for record in RECORDS]
