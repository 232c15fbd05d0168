"""Loki: streams, times, structured metadata, long lines, and what its answers mean."""

import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.outcomes import AllButOld, Delivered, Rejected, Unreachable
from eks_log_forwarder.destinations.registry import build_destination, for_redrive
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record, RuleRef
from eks_log_forwarder.transport.exchange import Answer, Request
from tests.records import AUDIT, KLOG, NOW_MS, RECORDS, RULE, any_records, record_of
from tests.unit.destination_requests import TOKEN, URL, at_the_listener, destination_of, request_of, send
from tools.listener import running_listener

MAX_LINE_BYTES = 262_144
FOUR = ("info", "warn", "error", "fatal")  # the levels of klog's letters


def loki(**options: object) -> Destination:
    """The destination with these options."""
    return destination_of("loki", options=options)


def streams_of(request: Request) -> list[dict[str, Any]]:
    """The streams of a request."""
    streams: list[dict[str, Any]] = json.loads(gzip.decompress(request.body))["streams"]
    return streams


def test_a_stream_is_a_cluster_and_a_log_type() -> None:
    """And the service's name; the other fields are metadata, and every value is a string."""
    (stream,) = streams_of(request_of(loki(), [record_of(detections=[RULE])]))
    assert stream["stream"] == {"cluster": "prod", "log_type": "audit", "service_name": "eks-audit"}
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


def test_events_of_one_millisecond_keep_their_order_and_times_differ() -> None:
    """Loki takes two equal lines with one time for a line that was sent twice."""
    records = [record_of(message="same", number=number) for number in range(1500)]
    (stream,) = streams_of(request_of(loki(), records))
    times = [int(time) for time, _, _ in stream["values"]]
    assert times == sorted(times)
    assert len(set(times)) == 1500
    assert {time // 1_000_000 for time in times} == {NOW_MS}
    assert [metadata["id"] for _, _, metadata in stream["values"]] == [record.id for record in records]


def test_the_time_of_an_entry_depends_on_its_event_alone() -> None:
    """A repeat is the same entry: in another container, order or payload, and in pieces."""
    records = [record_of(number=number) for number in range(4)]
    records.append(record_of(LogType.AUDIT, "x" * 300_000, number=9))
    together = streams_of(request_of(loki(), records))[0]["values"]
    again = streams_of(request_of(loki(), records[:1:-1]))[0]["values"]
    assert len(together) == 6
    assert together[2:] == again


@pytest.mark.parametrize("identity", ["", "7", "abc", "٣٤٥٦", "\ud83d" * 5])
def test_any_id_gives_a_time_within_its_millisecond(identity: str) -> None:
    """CloudWatch's ids have 56 digits; other sources may have others."""
    record = msgspec.structs.replace(record_of(), id=identity)
    (stream,) = streams_of(request_of(loki(), [record]))
    assert int(stream["values"][0][0]) // 1_000_000 == NOW_MS


def test_redriven_events_have_a_stream_for_each_hour() -> None:
    """Loki refuses what is over an hour behind the newest of a stream; live events are newer."""
    settings = Settings.from_environ({"DESTINATION": "loki", "DESTINATION_URL": URL})
    destination = for_redrive(build_destination(settings), settings)
    hours = (0, 2, 1, 2)
    records = [record_of(timestamp=NOW_MS + hour * 3_600_000, number=hour) for hour in hours]
    streams = streams_of(request_of(destination, records))
    labels = {"cluster": "prod", "log_type": "audit", "service_name": "eks-audit"}
    assert [(stream["stream"], len(stream["values"])) for stream in streams] == [
        (labels | {"redriven": "2026-01-14T10"}, 1),
        (labels | {"redriven": "2026-01-14T12"}, 2),
        (labels | {"redriven": "2026-01-14T11"}, 1),
    ]


def test_entries_are_in_the_order_of_time() -> None:
    """The events of several puts are not always in order."""
    records = [record_of(timestamp=NOW_MS + offset, number=offset) for offset in (5, 3, 9, 3)]
    (stream,) = streams_of(request_of(loki(), records))
    assert [int(time) // 1_000_000 - NOW_MS for time, _, _ in stream["values"]] == [3, 3, 5, 9]


@pytest.mark.parametrize("character", ["x", "é", "🙂"])
@pytest.mark.parametrize("length_bytes", [MAX_LINE_BYTES - 2000, MAX_LINE_BYTES + 4, 1_048_576])
def test_a_line_that_loki_would_refuse_goes_in_numbered_pieces(character: str, length_bytes: int) -> None:
    """No character is lost, and the event is counted."""
    message = character * (length_bytes // len(character.encode()))
    short_record = record_of(LogType.UNKNOWN, "short", number=1)
    request = request_of(loki(), [record_of(LogType.UNKNOWN, message), short_record])
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
    """Loki accepts 128 entries and 64 KB of metadata per line."""
    event = json.loads(record_of().message)
    event["userAgent"] = "x" * 600
    event["annotations"] = {f"name-{number}": "y" * 500 for number in range(200)}
    (stream,) = streams_of(request_of(loki(), [record_of(message=json.dumps(event))]))
    metadata = stream["values"][0][2]
    assert len(metadata) == 62
    assert "audit_userAgent" not in metadata
    assert sum(len(name) + len(value) for name, value in metadata.items()) < 64_000


def many_rules(count: int) -> list[RuleRef]:
    """Rules of different levels, each with a title of 60 characters."""
    levels = ["low", "medium", "critical", "high"]
    return [
        RuleRef(
            f"{number:08}-aaaa-4000-8000-000000000000", f"{number:>060}", levels[number % 4], ["attack.t1"]
        )
        for number in range(count)
    ]


def test_the_gravest_events_keep_their_detections() -> None:
    """They come first, and fit beside all else that the event has; 512 bytes a value are not their bound."""
    event = json.loads(AUDIT) | {"annotations": {f"name-{number}": "y" * 500 for number in range(200)}}
    rules = many_rules(30)
    record = record_of(message=json.dumps(event), detections=rules)
    record.redacted, record.truncated, record.parsed = 2, True, False
    metadata = streams_of(request_of(loki(), [record]))[0]["values"][0][2]
    assert list(metadata)[:7] == [
        "detection_level",
        "detection_ids",
        "detection_titles",
        "redacted",
        "truncated",
        "parsed",
        "level",
    ]
    assert metadata["detection_level"] == metadata["level"] == "critical"
    assert metadata["detection_ids"].split(",") == [rule.id for rule in rules]
    assert metadata["detection_titles"].split(", ") == [rule.title for rule in rules]
    assert (metadata["redacted"], metadata["truncated"], metadata["parsed"]) == ("2", "true", "false")
    assert len(metadata) == 62


@pytest.mark.parametrize("record_format", ["enriched", "parsed", "ocsf"])
def test_detections_are_bounded_and_in_every_format(record_format: str) -> None:
    """Loki refuses an entry with over 64 KB of metadata; `plain` has nothing beyond its four keys."""
    record = record_of(detections=many_rules(500))
    destination = destination_of("loki", RECORD_FORMAT=record_format)
    metadata = streams_of(request_of(destination, [record]))[0]["values"][0][2]
    assert (len(metadata["detection_ids"]), len(metadata["detection_titles"])) == (8190, 8190)
    assert sum(len(name) + len(value.encode()) for name, value in metadata.items()) < 64_000
    plain = destination_of("loki", RECORD_FORMAT="plain")
    assert list(streams_of(request_of(plain, [record]))[0]["values"][0][2]) == ["logGroup", "logStream"]


@pytest.mark.parametrize(
    ("log_type", "message", "level"),
    [
        (LogType.AUDIT, None, "info"),
        (LogType.UNKNOWN, "free text with an error: in it", "info"),
        *((LogType.API, f"{letter}{KLOG[1:]}", level) for letter, level in zip("IWEF", FOUR, strict=True)),
        (LogType.AUTHENTICATOR, 'time="x" level=debug msg="y"', "debug"),
        (LogType.AUTHENTICATOR, 'time="x" level=panic msg="y"', "fatal"),
    ],
)
def test_a_line_has_a_level_that_loki_knows(log_type: LogType, message: str | None, level: str) -> None:
    """Loki makes `detected_level` of it, and would otherwise guess from the text."""
    (stream,) = streams_of(request_of(loki(), [record_of(log_type, message)]))
    assert stream["values"][0][2]["level"] == level


@pytest.mark.parametrize(("tenant", "header"), [("", None), ("team-a", "team-a")])
def test_a_tenant_goes_in_its_header(tenant: str, header: str | None) -> None:
    """Beside the token, which a gateway may require."""
    request = request_of(loki(tenant=tenant), RECORDS[:1])
    assert request.url == f"{URL}/loki/api/v1/push"
    assert request.headers.get("X-Scope-OrgID") == header
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (204, Delivered()),
        (200, Delivered()),
        (202, Delivered()),
        (400, Rejected("http_400")),
        (404, Unreachable("http_404", retry=False)),
        (413, Rejected("http_413")),
        (422, Rejected("http_422")),
        (429, Unreachable("http_429", retry_after_seconds=2.0)),
        (500, Unreachable("http_500", retry_after_seconds=2.0)),
        (503, Unreachable("http_503", retry_after_seconds=2.0)),
    ],
)
def test_each_answer_has_its_outcome(status: int, expected: object) -> None:
    """Any 2xx is a success, also of a server that is compatible with Loki."""
    assert loki().outcome(Answer(status, b"", 2.0), 3) == expected


def test_a_401_names_the_option_that_may_be_missing() -> None:
    """A Loki with tenants answers so to a request without one, whatever the secret is."""
    outcome = loki().outcome(Answer(401, b"no org id"), 3)
    assert isinstance(outcome, Unreachable)
    assert (outcome.reason, outcome.retry) == ("http_401", False)
    assert "option tenant" in outcome.detail


def test_a_tenant_whose_ingestion_is_blocked_waits() -> None:
    """Loki answers 260 by default and stores nothing."""
    outcome = loki().outcome(Answer(260, b"ingestion blocked"), 3)
    assert isinstance(outcome, Unreachable)
    assert (outcome.reason, outcome.retry) == ("http_260", False)


AT = "2026-01-14T10:00:00Z"
AT_MS = 1_768_384_800_000
TOO_OLD = (
    'entry for stream \'{cluster="prod", log_type="audit"}\' has timestamp too old: 2026-01-06T09:00:00Z, '
    f"oldest acceptable timestamp is: {AT}"
)
TOO_FAR_BEHIND = (
    "entry with timestamp 2026-01-14 08:06:04.416 +0000 UTC ignored, reason: 'entry too far behind, entry "
    f"timestamp is: 2026-01-14T08:06:04Z, oldest acceptable timestamp is: {AT}',\nuser 'fake', total "
    'ignored: 1 out of 4 for stream: {cluster="prod", log_type="audit"}'
)


@pytest.mark.parametrize(
    ("body", "limit_ms"),
    [
        (TOO_OLD, AT_MS + 1000),
        (f"{TOO_OLD}\n", AT_MS + 1000),
        (
            f"10 errors like: {TOO_OLD}; 3 errors like: {TOO_OLD.replace('10:00:00Z', '10:00:02Z')}",
            AT_MS + 3000,
        ),
        (TOO_FAR_BEHIND, AT_MS + 1000),
        (f"entry too far behind, oldest acceptable timestamp is: {AT}", AT_MS + 1000),
        (TOO_OLD.replace(AT, "2026-01-14T12:00:00+02:00"), AT_MS + 1000),
        (TOO_OLD.replace(AT, "2026-01-14T10:00:00.25Z"), AT_MS + 250),
        (TOO_OLD.replace(AT, "2026-01-14 10:00:00 +0000 UTC"), AT_MS + 1000),
        (TOO_OLD.replace("prod", "invalid-empty"), AT_MS + 1000),
    ],
)
def test_a_400_that_names_the_oldest_time_has_accepted_the_others(body: str, limit_ms: int) -> None:
    """Loki prints whole seconds and may mean a part of the next one."""
    outcome = loki().outcome(Answer(400, body.encode()), 3)
    assert outcome == AllButOld(limit_ms, "loki_too_old", otherwise="http_400")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "greater than max sample age",
        "entry out of order",
        "oldest acceptable timestamp is: yesterday",
        "oldest acceptable timestamp is: 2026-13-14T10:00:00Z",
        "oldest acceptable timestamp is: 2026-02-30T10:00:00Z",
        "oldest acceptable timestamp is: 2026-01-14T10:00:00+99:99",
        "oldest acceptable timestamp is: 0000-01-01T00:00:00Z",
        f"{TOO_OLD}; 1 errors like: max entry size '262144' bytes exceeded for stream '{{}}'",
        f"{TOO_OLD}\nentry for stream '{{}}' has timestamp too new: 2027-01-01T00:00:00Z",
    ],
)
def test_another_400_is_narrowed_down(body: str) -> None:
    """It does not say which entries were refused."""
    assert loki().outcome(Answer(400, body.encode()), 3) == Rejected("http_400")


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
    """No text changes, except for half surrogate pairs."""
    streams = streams_of(request_of(loki(), records))
    lines = sorted(line for stream in streams for _, line, _ in stream["values"])
    assert lines == sorted(
        record.message.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for record in records
    )
