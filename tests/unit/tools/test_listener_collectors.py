"""The listener's other collectors: Splunk HEC, OTLP, Fluent Bit, VictoriaLogs, and XPLG's container."""

import gzip
import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from tools.listener import fluent_bit, otlp, splunk_hec, victoria_logs
from tools.listener.bodies import Record
from tools.listener.exchange import Outcome
from tools.listener.http_server import Incoming
from tools.listener.protocols import XPLG_PATH, xplg
from tools.listener.splunk_hec import SplunkHec
from tools.listener.victoria_logs import VictoriaLogs

CHANNEL = "0aF1b2c3-1111-4222-8333-444455556666"
NOW_S = 1_790_000_000
DAY_MS = 86_400_000


def request(path: str, body: bytes | str, **headers: str) -> Incoming:
    """A request; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = body.encode() if isinstance(body, str) else body
    return Incoming("POST", path, {}, named, sent)


def code_of(outcome: Outcome) -> tuple[int, int]:
    """Splunk's status and code."""
    return outcome.status, json.loads(outcome.body)["code"]


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ('{"event":"a"}', {"authorization": "Splunk right"}, (200, 0)),
        ('{"event":"a"}', {}, (401, 2)),
        ('{"event":"a"}', {"authorization": "Bearer right"}, (401, 3)),
        ('{"event":"a"}', {"authorization": "Splunk wrong"}, (403, 4)),
        ("", {"authorization": "Splunk right"}, (400, 5)),
        ('{"event":"a"}{', {"authorization": "Splunk right"}, (400, 6)),
        ('{"event":"a","index":"other"}', {"authorization": "Splunk right"}, (400, 7)),
        ('{"event":"a","index":"k8s"}', {"authorization": "Splunk right"}, (200, 0)),
        ('{"event":"a"}', {"authorization": "Splunk right", "x_splunk_request_channel": "1"}, (400, 11)),
        ('{"time":1}', {"authorization": "Splunk right"}, (400, 12)),
        ('{"event":""}', {"authorization": "Splunk right"}, (400, 13)),
        ('{"event":"a","fields":{"f":{"g":1}}}', {"authorization": "Splunk right"}, (400, 15)),
    ],
)
def test_splunk_answers_with_its_codes(body: str, headers: dict[str, str], code: tuple[int, int]) -> None:
    """Each with the status that Splunk documents for it."""
    collector = SplunkHec(indexes=frozenset({"k8s"}))
    assert code_of(collector.receive(request(splunk_hec.PATH, body, **headers), "right")) == code


def test_splunk_says_once_that_the_events_of_an_ack_id_are_indexed() -> None:
    """To the channel that sent them; any other id is not."""
    collector = SplunkHec()
    sent = request(splunk_hec.PATH, '{"event":"a"}', x_splunk_request_channel=CHANNEL)
    ids = [json.loads(collector.receive(sent, None).body)["ackId"] for _ in range(2)]

    def asked(channel: str) -> list[bool]:
        body = json.dumps({"acks": [*ids, 77]})
        asking = request(splunk_hec.ACK_PATH, body, x_splunk_request_channel=channel)
        return list(json.loads(collector.acknowledge(asking, None).body)["acks"].values())

    assert ids == [0, 1]
    assert asked(CHANNEL.replace("1111", "2222")) == [False] * 3
    assert [asked(CHANNEL), asked(CHANNEL)] == [[True, True, False], [False] * 3]


def test_splunk_without_acknowledgement_gives_no_ack_id() -> None:
    """And says so when it is asked."""
    collector = SplunkHec(ack=False)
    sent = request(splunk_hec.PATH, '{"event":"a"}', x_splunk_request_channel=CHANNEL)
    assert json.loads(collector.receive(sent, None).body) == {"text": "Success", "code": 0}
    asking = request(splunk_hec.ACK_PATH, '{"acks":[0]}', x_splunk_request_channel=CHANNEL)
    assert code_of(collector.acknowledge(asking, None)) == (400, 14)


@pytest.mark.parametrize(("number", "status"), [(2**63 - 1, 200), (-(2**63), 200), (2**63, 400)])
def test_a_collector_takes_integers_of_64_bits(number: int, status: int) -> None:
    """In JSON; protobuf cannot hold a larger one."""
    attribute = {"key": "n", "value": {"intValue": str(number)}}
    export = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": [attribute]}]}]}]}
    sent = request(otlp.PATH, json.dumps(export), content_type="application/json")
    assert otlp.receive(sent, None).status == status


def test_a_collector_takes_20_mib() -> None:
    """Over HTTP; after decompression."""
    export = ExportLogsServiceRequest()
    record = export.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value = "x" * (20 * 1024 * 1024 - 100)
    headers = {"content_type": "application/x-protobuf", "content_encoding": "gzip"}
    fits = gzip.compress(export.SerializeToString(), 1)
    record.body.string_value += "x" * 100
    too_large = gzip.compress(export.SerializeToString(), 1)
    sent = [otlp.receive(request(otlp.PATH, body, **headers), None).status for body in (fits, too_large)]
    assert sent == [200, 413]


def test_fluent_bit_wants_json_and_takes_arrays() -> None:
    """It refuses NDJSON by its media type."""
    as_json = request(fluent_bit.PATH, '[{"n":1},{"n":2}]', content_type="application/json; charset=utf-8")
    outcome = fluent_bit.receive(as_json, None)
    assert (outcome.status, outcome.records) == (201, ({"n": 1}, {"n": 2}))
    as_lines = request(fluent_bit.PATH, '{"n":1}\n{"n":2}', content_type="application/x-ndjson")
    assert fluent_bit.receive(as_lines, None).status == 400


def test_fluent_bit_drops_a_deep_event_and_all_behind_it() -> None:
    """With a success: 63 levels are kept, 64 are not."""
    events = [{"n": 1}, nested(63), nested(64), {"n": 2}]
    sent = request(fluent_bit.PATH, json.dumps(events), content_type="application/json")
    outcome = fluent_bit.receive(sent, None)
    assert (outcome.status, len(outcome.records)) == (201, 2)


def nested(levels: int) -> dict[str, Any]:
    """An object of this many levels, every second of them an array."""
    value: Any = 1
    for number in range(levels):
        value = [value] if number % 2 == 0 and number < levels - 1 else {"k": value}
    assert isinstance(value, dict)
    return value


def victoria(line: str, time_ms: int, *, raw: bool = True) -> tuple[Record, ...]:
    """What VictoriaLogs keeps of one entry in Loki's JSON, which it answers with 204."""
    push = {"streams": [{"stream": {"cluster": "c"}, "values": [[f"{time_ms}000000", line]]}]}
    sent = Incoming(
        "POST",
        victoria_logs.LOKI_PATH,
        {"disable_message_parsing": "1"} if raw else {},
        {"content-type": "application/json"},
        json.dumps(push).encode(),
    )
    outcome = VictoriaLogs(retention_days=7, now=lambda: NOW_S).loki(sent, None)
    assert outcome.status == 204
    return outcome.records


def test_victoria_logs_drops_old_events_and_long_lines_with_a_success() -> None:
    """Older than the retention, and over 256 KB."""
    now_ms = NOW_S * 1000
    assert [len(victoria("a", now_ms - days * DAY_MS)) for days in (0, 7, 8)] == [1, 1, 0]
    assert [len(victoria("x" * size, now_ms)) for size in (262_144, 262_145)] == [1, 0]


def test_victoria_logs_takes_a_line_apart_unless_it_is_told_not_to() -> None:
    """The fields of a line in JSON stand in the line's place."""
    line = '{"verb":"get"}'
    ((kept,), (apart,)) = (victoria(line, NOW_S * 1000, raw=raw) for raw in (True, False))
    assert kept["message"] == line
    assert (apart["verb"], "message" in apart) == ("get", False)


def test_victoria_logs_reads_otlp_in_protobuf_only() -> None:
    """JSON is a bad request."""
    collector = VictoriaLogs()
    export = ExportLogsServiceRequest()
    export.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "a"
    path = victoria_logs.OTLP_PATH
    binary = request(path, export.SerializeToString(), content_type="application/x-protobuf")
    assert [record["message"] for record in collector.otlp(binary, None).records] == ["a"]
    assert collector.otlp(request(path, "{}", content_type="application/json"), None).status == 400


@pytest.mark.parametrize(("compressed", "body", "kept"), [(False, "", ["a"]), (True, None, ["a", "c"])])
def test_victoria_logs_stops_at_a_long_document_in_a_plain_request(
    compressed: bool,  # noqa: FBT001  # the table's column
    body: str | None,
    kept: list[str],
) -> None:
    """Status 200 and an empty body; compressed, only the long one is dropped."""
    documents = [{"@timestamp": "2026-01-01T00:00:00Z", "message": m} for m in ("a", "b" * 270_000, "c")]
    lines = "".join(f'{{"create":{{}}}}\n{json.dumps(document)}\n' for document in documents).encode()
    headers = {"content_encoding": "gzip"} if compressed else {}
    sent = request(victoria_logs.BULK_PATH, gzip.compress(lines) if compressed else lines, **headers)
    outcome = VictoriaLogs().bulk(sent, None)
    assert (outcome.status, [record["message"] for record in outcome.records]) == (200, kept)
    assert body is None or outcome.body == body


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("application/json; charset=utf-8", "Größe €"),
        ('application/x-ndjson; charset="UTF-8"', "Größe €"),
        ("application/json", "Größe €".encode().decode("latin-1")),
        ("", "Größe €".encode().decode("latin-1")),
    ],
)
def test_a_servlet_container_reads_latin_1_unless_it_is_told_otherwise(content_type: str, text: str) -> None:
    """ASCII with escapes is the same either way."""
    body = json.dumps({"message": "Größe €"}, ensure_ascii=False)
    sent = request(XPLG_PATH, body, content_type=content_type)
    assert xplg(sent, None).records == ({"message": text},)
    escaped = request(XPLG_PATH, json.dumps({"message": "Größe €"}), content_type=content_type)
    assert xplg(escaped, None).records == ({"message": "Größe €"},)


def test_a_servlet_container_does_not_unpack_a_body() -> None:
    """It takes it all the same: the client is told that all is well, and garbage is stored."""
    body = gzip.compress(b'{"message":"a"}\n{"message":"b"}')
    outcome = xplg(request(XPLG_PATH, body, content_encoding="gzip"), None)
    assert (outcome.status, outcome.records) == (200, ({"message": body.decode("latin-1")},))


@pytest.mark.parametrize("content_type", ["text/plain; charset=nope", "application/json; charset=utf-8"])
def test_a_body_that_is_not_in_its_charset_is_an_error(content_type: str) -> None:
    """Tomcat's getReader() then throws, and the page fails."""
    assert xplg(request(XPLG_PATH, b'{"a":"\xff"}', content_type=content_type), None).status == 500
