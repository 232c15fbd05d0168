"""Splunk HEC: what an event looks like, and what each of Splunk's replies means."""

import gzip
import json

import pytest
from hypothesis import given, settings

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.base import Pending
from eks_log_forwarder.destinations.outcomes import Delivered, NotTaken, PerEvent, Rejected, Unreachable
from eks_log_forwarder.destinations.splunk_hec import SplunkHec
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer
from tests.records import NOW_MS, RECORDS, any_records, record_of
from tests.unit.destination_requests import TOKEN, URL, at_the_listener, destination_of, request_of, send
from tools.listener import running_listener


def hec(**options: object) -> SplunkHec:
    """The destination with these options."""
    destination = destination_of("splunk_hec", options=options)
    assert isinstance(destination, SplunkHec)
    return destination


def reply(code: int, **more: object) -> bytes:
    """An answer's body as Splunk writes it."""
    return json.dumps({"text": "…", "code": code} | more).encode()


def test_an_event_says_when_where_and_what() -> None:
    """Time in seconds with milliseconds, host the cluster, source the stream."""
    record = record_of()
    envelope = json.loads(hec().encode(record))
    event = envelope.pop("event")
    assert envelope == {
        "time": 1_768_384_800.123,
        "host": "prod",
        "source": record.logStream,
        "sourcetype": "aws:eks:audit",
    }
    assert event["message"] == record.message
    assert event["audit"]["verb"] == "get"


@pytest.mark.parametrize("milliseconds", [0, 1, 999, NOW_MS, 4_102_444_800_001])
def test_the_time_keeps_its_milliseconds(milliseconds: int) -> None:
    """Whatever the date."""
    envelope = json.loads(hec().encode(record_of(timestamp=milliseconds)))
    assert round(envelope["time"] * 1000) == milliseconds


@pytest.mark.parametrize(
    ("options", "log_type", "expected"),
    [
        ({}, LogType.CONTROLLER_MANAGER, ("aws:eks:controllerManager", None)),
        ({"sourcetype": "kube:{type}:log"}, LogType.API, ("kube:api:log", None)),
        ({"sourcetype": "eks", "index": "k8s_main"}, LogType.AUDIT, ("eks", "k8s_main")),
    ],
)
def test_source_type_and_index_are_options(
    options: dict[str, object], log_type: LogType, expected: tuple[str, str | None]
) -> None:
    """Without an index, the token decides."""
    envelope = json.loads(hec(**options).encode(record_of(log_type)))
    assert (envelope["sourcetype"], envelope.get("index")) == expected


def test_a_request_is_compressed_and_has_the_token_in_a_header() -> None:
    """A URL without a path leads to the event endpoint; nothing shows the token."""
    request = request_of(hec(), RECORDS[:2])
    assert request.url == f"{URL}/services/collector/event"
    assert request.headers == {
        "Content-Type": "application/json",
        "Authorization": f"Splunk {TOKEN}",
        "Content-Encoding": "gzip",
    }
    assert gzip.decompress(request.body).count(b'"event":') == 2
    assert TOKEN not in repr(request)


REPLIES = [
    (200, 0, Delivered()),
    (200, 24, Delivered()),
    (200, 25, Delivered()),
    (403, 1, Unreachable("hec_1", retry=False)),
    (401, 2, Unreachable("hec_2", retry=False)),
    (401, 3, Unreachable("hec_3", retry=False)),
    (403, 4, Unreachable("hec_4", retry=False)),
    (400, 5, Rejected("hec_5")),
    (400, 6, Rejected("hec_6")),
    (400, 7, Unreachable("hec_7", retry=False)),
    (500, 8, Unreachable("hec_8")),
    (503, 9, Unreachable("hec_9")),
    (400, 10, Unreachable("hec_10", retry=False)),
    (400, 11, Unreachable("hec_11", retry=False)),
    (400, 12, Rejected("hec_12")),
    (400, 13, Rejected("hec_13")),
    (400, 14, Unreachable("hec_14", retry=False)),
    (400, 15, Rejected("hec_15")),
    (400, 16, Unreachable("hec_16", retry=False)),
    (200, 17, Unreachable("hec_17", retry=False)),
    (503, 18, Unreachable("hec_18")),
    (503, 19, Unreachable("hec_19")),
    (503, 20, Unreachable("hec_20")),
    (400, 21, Unreachable("hec_21", retry=False)),
    (400, 22, Unreachable("hec_22", retry=False)),
    (503, 23, Unreachable("hec_23")),
    (429, 26, Unreachable("hec_26")),
    (429, 27, Unreachable("hec_27")),
    (400, 28, Unreachable("hec_28", retry=False)),
    (400, 99, Rejected("http_400")),
    (503, 99, Unreachable("http_503")),
    (200, 99, Delivered()),
]


@pytest.mark.parametrize(("status", "code", "expected"), REPLIES)
def test_each_reply_code_has_its_outcome(status: int, code: int, expected: object) -> None:
    """A wrong token, index or channel rejects nothing: the detail says what to correct."""
    outcome = hec().outcome(Answer(status, reply(code)), 3)
    if isinstance(outcome, Unreachable) and not outcome.retry:
        assert outcome.detail
        outcome = Unreachable(outcome.reason, retry=False)
    assert outcome == expected


@pytest.mark.parametrize("code", [5, 6, 12, 13, 15])
def test_the_event_that_splunk_names_is_rejected_alone(code: int) -> None:
    """The others are worth another request at once."""
    outcome = hec().outcome(Answer(400, reply(code, **{"invalid-event-number": 1})), 3)
    assert outcome == PerEvent((NotTaken(), Rejected(f"hec_{code}"), NotTaken()))


@pytest.mark.parametrize("number", [-1, 3, 400])
def test_a_number_that_no_event_has_names_none(number: int) -> None:
    """The batch is narrowed down as any other."""
    outcome = hec().outcome(Answer(400, reply(6, **{"invalid-event-number": number})), 3)
    assert outcome == Rejected("hec_6")


@pytest.mark.parametrize("body", [b"", b"OK", b'{"text":"Success"}', b"\xff"])
@pytest.mark.parametrize("ack", [False, True])
def test_without_a_code_the_status_decides(body: bytes, *, ack: bool) -> None:
    """A body that cannot be read does not make a success a failure."""
    assert hec(ack=ack).outcome(Answer(200, body), 1) == Delivered()
    assert hec(ack=ack).outcome(Answer(503, body, 4.0), 1) == Unreachable("http_503", retry_after_seconds=4.0)
    assert hec(ack=ack).outcome(Answer(413, body), 1) == Rejected("http_413")


@pytest.mark.parametrize(("code", "status"), [(8, 500), (9, 503), (18, 503), (26, 429)])
def test_a_busy_splunk_has_accepted_the_events_before_the_number(code: int, status: int) -> None:
    """Only the others are sent again."""
    answer = Answer(status, reply(code, **{"invalid-event-number": 3}), 2.0)
    busy = Unreachable(f"hec_{code}", retry_after_seconds=2.0)
    assert hec().outcome(answer, 5) == PerEvent((*[Delivered()] * 3, busy, busy))


@pytest.mark.parametrize("number", [-1, 0, 5, 400])
def test_a_busy_splunk_that_names_no_later_event_has_accepted_none(number: int) -> None:
    """Also if the number is not one of the batch."""
    answer = Answer(503, reply(9, **{"invalid-event-number": number}))
    assert hec().outcome(answer, 5) == Unreachable("hec_9")


def pending_of(destination: SplunkHec) -> Pending:
    """The outcome of an answer with an ackId."""
    outcome = destination.outcome(Answer(200, reply(0, ackId=7)), 1)
    assert isinstance(outcome, Pending)
    return outcome


def test_with_ack_the_events_are_pending_until_they_are_indexed() -> None:
    """On one channel, asked for at the endpoint beside the events' own."""
    destination = hec(ack=True)
    sent = request_of(destination, RECORDS[:1])
    pending = pending_of(destination)
    question = pending.ask([pending.ticket, "9"], Credentials(token=TOKEN))
    assert question.url == f"{URL}/services/collector/ack"
    assert json.loads(question.body) == {"acks": [7, 9]}
    channel = sent.headers["X-Splunk-Request-Channel"]
    assert len(channel) == 36
    assert question.headers["X-Splunk-Request-Channel"] == channel
    assert pending.understand(Answer(200, b'{"acks":{"7":false}}')) == frozenset()
    assert pending.understand(Answer(503, b"")) == frozenset()
    assert pending.understand(Answer(200, b'{"acks":{"7":true,"8":false,"9":true}}')) == frozenset({"7", "9"})


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_ack_that_cannot_be_asked_for_leaves_the_events_unacknowledged(status: int) -> None:
    """They are parked and not sent again at once."""
    outcome = pending_of(hec(ack=True)).understand(Answer(status, b""))
    assert isinstance(outcome, Unreachable)
    assert (outcome.reason, outcome.retry) == ("hec_not_acknowledged", False)


def test_a_success_without_an_ack_id_is_a_delivery() -> None:
    """The token has acknowledgement disabled, so nothing can be asked later."""
    assert hec(ack=True).outcome(Answer(200, reply(0)), 1) == Delivered()


@pytest.mark.parametrize("character", ["x", '"', "é", "🙂", "\x01"])
def test_an_event_over_a_megabyte_is_cut_and_says_so(character: str) -> None:
    """Splunk Cloud accepts about 1 MB in a request; the full text stays in CloudWatch."""
    message = character * (1_200_000 // len(character.encode()))
    encoded = hec().encode(record_of(LogType.UNKNOWN, message))
    event = json.loads(encoded)["event"]
    assert 700_000 < len(encoded) <= 1_000_000
    assert event["truncated"] is True
    assert event["message"].endswith(f"{character}[Trimmed...]")
    assert message.startswith(event["message"].removesuffix("[Trimmed...]"))


def test_an_event_of_a_megabyte_of_parsed_parts_loses_them() -> None:
    """The message keeps their text; also in the format `parsed`."""
    audit = json.loads(record_of().message) | {"requestURI": "/" + "é" * 600_000, "userAgent": "x" * 100}
    record = record_of(message=json.dumps(audit, ensure_ascii=False))
    for record_format in ("enriched", "parsed"):
        destination = destination_of("splunk_hec", RECORD_FORMAT=record_format)
        encoded = destination.encode(record)
        event = json.loads(encoded)["event"]
        assert len(encoded) <= 1_000_000
        assert (event["truncated"], event["parsed"], event["id"]) == (True, False, record.id)


def test_a_strict_server_takes_the_events_and_gives_them_back() -> None:
    """Of every log type, in order; and the acknowledgement too."""
    with running_listener(token=TOKEN) as listener:
        destination = at_the_listener("splunk_hec", listener, ack=True)
        answer = send(request_of(destination, RECORDS))
        assert [record["message"] for record in listener.records] == [record.message for record in RECORDS]
        pending = destination.outcome(Answer(answer.status_code, answer.content), len(RECORDS))
        assert isinstance(pending, Pending)
        acknowledged = send(pending.ask([pending.ticket], Credentials(token=TOKEN)))
        answered = Answer(acknowledged.status_code, acknowledged.content)
        assert pending.understand(answered) == frozenset({pending.ticket})


@given(any_records())
@settings(max_examples=100)
def test_any_record_is_an_event_in_utf_8(record: Record) -> None:
    """Half a surrogate pair becomes U+FFFD, and there is no line break."""
    encoded = hec().encode(record)
    envelope = json.loads(encoded.decode())
    assert b"\n" not in encoded
    assert envelope["event"]["message"] == record.message.encode("utf-16", "surrogatepass").decode(
        "utf-16", "replace"
    )
