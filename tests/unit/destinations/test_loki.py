"""Loki: streams, moments, structured metadata, long lines, and what its answers mean."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.outcomes import Delivered, Rejected, Unreachable
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from tests.records import NOW_MS, RECORDS, RULE, any_records, record_of
from tests.unit.destination_requests import TOKEN, URL, at_the_listener, destination_of, request_of, send
from tools.listener import running_listener

MAX_LINE_BYTES = 262_144


def loki(**options: object) -> Destination:
    """The destination with these options."""
    return destination_of("loki", options=options)


def streams_of(request: Request) -> list[dict[str, Any]]:
    """The streams of a request."""
    streams: list[dict[str, Any]] = json.loads(gzip.decompress(request.body))["streams"]
    return streams


def test_a_stream_is_a_cluster_and_a_log_type() -> None:
    """And nothing else; what else the record says is metadata, every value a string."""
    (stream,) = streams_of(request_of(loki(), [record_of(detections=[RULE])]))
    assert stream["stream"] == {"cluster": "prod", "log_type": "audit"}
    ((time, line, metadata),) = stream["values"]
    assert line == record_of().message
    assert int(time) // 1_000_000 == NOW_MS
    assert (
        metadata.items()
        >= {
            "logStream": record_of().logStream,
            "logGroup": "/aws/eks/prod/cluster",
            "id": "0" * 56,
            "account": "111122223333",
            "audit_verb": "get",
            "audit_user_username": "kubernetes-admin",
            "audit_sourceIPs": "203.0.113.7,10.0.1.5",
            "audit_responseStatus_code": "403",
            "audit_annotations_authorization_k8s_io_decision": "forbid",
        }.items()
    )
    assert RULE.title in metadata["detections"]


def test_events_of_one_millisecond_keep_their_order_and_do_not_meet() -> None:
    """Loki takes two equal lines of one moment for the same line sent twice."""
    records = [record_of(message="same", number=number) for number in range(1500)]
    (stream,) = streams_of(request_of(loki(), records))
    times = [int(time) for time, _, _ in stream["values"]]
    assert times == sorted(times)
    assert len(set(times)) == 1500
    assert {time // 1_000_000 for time in times} == {NOW_MS}
    assert [metadata["id"] for _, _, metadata in stream["values"]] == [record.id for record in records]


def test_an_event_that_is_sent_again_keeps_its_moment() -> None:
    """Alone or with others, so that Loki sees that it has it."""
    destination = loki()
    encoded = [destination.encode(record_of(number=number)) for number in range(4)]
    both = streams_of(destination.request(encoded, Credentials()))[0]["values"]
    half = streams_of(destination.request(encoded[2:], Credentials()))[0]["values"]
    assert both[2:] == half


def test_entries_are_in_the_order_of_time() -> None:
    """CloudWatch's are not always, from one put to the next."""
    records = [record_of(timestamp=NOW_MS + offset, number=offset) for offset in (5, 3, 9, 3)]
    (stream,) = streams_of(request_of(loki(), records))
    assert [int(time) // 1_000_000 - NOW_MS for time, _, _ in stream["values"]] == [3, 3, 5, 9]


@pytest.mark.parametrize("character", ["x", "é", "🙂"])
@pytest.mark.parametrize("length_bytes", [MAX_LINE_BYTES - 2000, MAX_LINE_BYTES + 4, 1_048_576])
def test_a_line_that_loki_would_refuse_goes_in_numbered_pieces(character: str, length_bytes: int) -> None:
    """Nothing of it is lost, and it is counted."""
    message = character * (length_bytes // len(character.encode()))
    request = request_of(loki(), [record_of(LogType.UNKNOWN, message), record_of(LogType.UNKNOWN, "short")])
    (stream,) = streams_of(request)
    *pieces, (_, short, _) = stream["values"]
    is_split = length_bytes > MAX_LINE_BYTES - 1000
    assert short == "short"
    assert "".join(line for _, line, _ in pieces) == message
    assert max(len(line.encode()) for _, line, _ in pieces) <= MAX_LINE_BYTES
    assert (request.split_events, len(pieces) > 1) == ((1, True) if is_split else (0, False))
    if is_split:
        numbers = [(metadata["part"], metadata["parts"]) for _, _, metadata in pieces]
        assert numbers == [(str(n), str(len(pieces))) for n in range(1, len(pieces) + 1)]


def test_long_or_many_values_stay_in_the_line_alone() -> None:
    """Loki takes 128 entries and 64 KB of metadata a line."""
    event = json.loads(record_of().message)
    event["userAgent"] = "x" * 600
    event["annotations"] = {f"name-{number}": "y" * 500 for number in range(200)}
    (stream,) = streams_of(request_of(loki(), [record_of(message=json.dumps(event))]))
    metadata = stream["values"][0][2]
    assert len(metadata) == 64
    assert "audit_userAgent" not in metadata
    assert sum(len(name) + len(value) for name, value in metadata.items()) < 64_000


@pytest.mark.parametrize(("tenant", "header"), [("", None), ("team-a", "team-a")])
def test_a_tenant_goes_in_its_header(tenant: str, header: str | None) -> None:
    """With the token, where there is a gateway that asks for one."""
    request = request_of(loki(tenant=tenant), RECORDS[:1])
    assert request.url == f"{URL}/loki/api/v1/push"
    assert request.headers.get("X-Scope-OrgID") == header
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, Delivered()),
        (200, Unreachable(Failure.ANSWER_UNREADABLE, retry=False)),
        (400, Rejected("http_400")),
        (401, Unreachable("http_401", retry=False)),
        (404, Unreachable("http_404", retry=False)),
        (413, Rejected("http_413")),
        (422, Rejected("http_422")),
        (429, Unreachable("http_429", retry_after_seconds=2.0)),
        (500, Unreachable("http_500", retry_after_seconds=2.0)),
        (503, Unreachable("http_503", retry_after_seconds=2.0)),
    ],
)
def test_each_answer_has_its_outcome(status: int, expected: object) -> None:
    """204 alone is Loki's success."""
    assert loki().outcome(Answer(status, b"", 2.0), 3) == expected


def test_a_strict_server_takes_the_entries_and_gives_them_back() -> None:
    """Of every log type, and a line of a megabyte as one."""
    long = record_of(LogType.UNKNOWN, "🙂" * 262_144, number=9)
    with running_listener(token=TOKEN) as listener:
        destination = at_the_listener("loki", listener, tenant="a")
        answer = send(request_of(destination, [*RECORDS, long]))
        assert destination.outcome(Answer(answer.status_code, answer.content), 7) == Delivered()
        received = {(record["message"], record["logStream"], record["id"]) for record in listener.records}
        assert received == {(record.message, record.logStream, record.id) for record in [*RECORDS, long]}


@given(st.lists(any_records(), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_any_records_are_a_push_request_in_utf_8(records: list[Record]) -> None:
    """Every text of a stream comes out, in the order of time."""
    streams = streams_of(request_of(loki(), records))
    lines = sorted(line for stream in streams for _, line, _ in stream["values"])
    assert lines == sorted(
        record.message.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for record in records
    )
