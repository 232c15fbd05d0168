"""OTLP: requests as OpenTelemetry's own classes read them, and what its answers mean."""

import gzip
import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.outcomes import (
    Delivered,
    PartlyDelivered,
    PerEvent,
    Rejected,
    Unreachable,
)
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from tests.records import KLOG, NOW_MS, RECORDS, RULE, any_records, record_of
from tests.unit.destination_requests import TOKEN, URL, at_the_listener, destination_of, request_of, send
from tools.listener import running_listener

ENCODINGS = ["protobuf", "json"]


def otlp(encoding: str = "protobuf", **options: object) -> Destination:
    """The destination with these options."""
    return destination_of("otlp", options={"encoding": encoding} | options)


def export_of(request: Request) -> ExportLogsServiceRequest:
    """The request as OpenTelemetry's classes read it."""
    body = gzip.decompress(request.body)
    if request.headers["Content-Type"] == "application/x-protobuf":
        return ExportLogsServiceRequest.FromString(body)
    return json_format.Parse(body, ExportLogsServiceRequest())


def value_of(value: AnyValue) -> object:
    """A value in Python's own types."""
    match value.WhichOneof("value"):
        case "kvlist_value":
            return attributes_of(list(value.kvlist_value.values))
        case "array_value":
            return [value_of(part) for part in value.array_value.values]
        case name:
            return getattr(value, str(name))


def attributes_of(attributes: list[KeyValue]) -> dict[str, Any]:
    """Attributes as a dictionary."""
    return {attribute.key: value_of(attribute.value) for attribute in attributes}


def only_record(record: Record, encoding: str) -> tuple[dict[str, Any], LogRecord]:
    """The resource and the log record that a record becomes."""
    (resource_logs,) = export_of(request_of(otlp(encoding), [record])).resource_logs
    ((log_record,),) = (scope.log_records for scope in resource_logs.scope_logs)
    return attributes_of(list(resource_logs.resource.attributes)), log_record


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_record_has_a_resource_a_body_and_attributes(encoding: str) -> None:
    """By the names of the semantic conventions; the parsed part keeps its nesting."""
    resource, log_record = only_record(record_of(detections=[RULE]), encoding)
    assert resource == {
        "service.name": "eks-audit",
        "cloud.provider": "aws",
        "cloud.platform": "aws_eks",
        "cloud.account.id": "111122223333",
        "cloud.region": "us-east-1",
        "k8s.cluster.name": "prod",
        "aws.log.group.names": ["/aws/eks/prod/cluster"],
        "aws.log.stream.names": [record_of().logStream],
    }
    assert log_record.body.string_value == record_of().message
    assert log_record.time_unix_nano == log_record.observed_time_unix_nano == NOW_MS * 1_000_000
    attributes = attributes_of(list(log_record.attributes))
    assert attributes["log.record.uid"] == "0" * 56
    assert attributes["aws.eks.log_type"] == "audit"
    assert attributes["audit"]["responseStatus"] == {"code": 403, "reason": "Forbidden"}
    assert attributes["audit"]["sourceIPs"] == ["203.0.113.7", "10.0.1.5"]
    assert attributes["detections"][0]["id"] == RULE.id


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("log_type", "message", "number", "text"),
    [
        *(
            (LogType.API, letter + KLOG[1:], number, letter)
            for letter, number in zip("IWEF", (9, 13, 17, 21), strict=True)
        ),
        *(
            (LogType.AUTHENTICATOR, f'time="x" level={level} msg="y"', number, level)
            for level, number in [
                ("trace", 1),
                ("debug", 5),
                ("info", 9),
                ("warning", 13),
                ("error", 17),
                ("fatal", 21),
                ("panic", 24),
                ("odd", 0),
            ]
        ),
        (LogType.AUDIT, None, 0, ""),
        (LogType.UNKNOWN, "free text", 0, ""),
    ],
)
def test_severity_is_klogs_or_logruss(
    encoding: str, log_type: LogType, message: str | None, number: int, text: str
) -> None:
    """Numbers of the logs data model; other lines have no severity."""
    _, log_record = only_record(record_of(log_type, message), encoding)
    assert (log_record.severity_number, log_record.severity_text) == (number, text)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("log_type", "levels", "number", "text"),
    [
        (LogType.AUDIT, ["low", "high", "medium"], 17, "high"),
        (LogType.AUDIT, ["informational"], 9, "informational"),
        (LogType.AUDIT, ["critical"], 21, "critical"),
        (LogType.SCHEDULER, ["medium"], 17, "E"),  # the line itself is an error
        (LogType.AUTHENTICATOR, ["low"], 13, "warning"),
        (LogType.AUTHENTICATOR, ["high"], 17, "high"),
    ],
)
def test_the_gravest_detection_counts_if_it_is_graver_than_the_line(
    encoding: str, log_type: LogType, levels: list[str], number: int, text: str
) -> None:
    """An audit event has no severity of its own."""
    rules = [msgspec.structs.replace(RULE, level=level) for level in levels]
    _, log_record = only_record(record_of(log_type, detections=rules), encoding)
    assert (log_record.severity_number, log_record.severity_text) == (number, text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_records_of_one_stream_share_a_resource(encoding: str) -> None:
    """And keep their order."""
    records = [record_of(number=number) for number in range(200)]
    (resource_logs,) = export_of(request_of(otlp(encoding), records)).resource_logs
    ((*log_records,),) = (scope.log_records for scope in resource_logs.scope_logs)
    uids = [attributes_of(list(log_record.attributes))["log.record.uid"] for log_record in log_records]
    assert uids == [record.id for record in records]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("record_format", ["parsed", "ocsf"])
def test_a_format_without_a_message_is_the_body_as_json(encoding: str, record_format: str) -> None:
    """However deeply it is nested, which protobuf's decoders bound."""
    destination = destination_of("otlp", options={"encoding": encoding}, RECORD_FORMAT=record_format)
    (resource_logs,) = export_of(request_of(destination, [record_of()])).resource_logs
    body = json.loads(resource_logs.scope_logs[0].log_records[0].body.string_value)
    assert body["audit" if record_format == "parsed" else "api"]


def test_a_token_is_a_bearer_or_goes_where_a_header_has_its_place() -> None:
    """The value of a header shows nowhere."""
    assert request_of(otlp(), RECORDS[:1]).headers["Authorization"] == f"Bearer {TOKEN}"
    destination = otlp(headers={"x-api-key": "key {token}", "x-team": "sec-0ps"})
    request = request_of(destination, RECORDS[:1])
    assert request.url == f"{URL}/v1/logs"
    assert request.headers == {
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
        "x-api-key": f"key {TOKEN}",
        "x-team": "sec-0ps",
    }
    assert "sec-0ps" not in repr(destination)
    with pytest.raises(SecretError, match="needs a token, and no password"):
        request_of(destination, RECORDS[:1], Credentials())


STATUSES = [
    (400, Rejected("http_400")),
    (413, Rejected("http_413")),
    (401, Unreachable("http_401", retry=False)),
    (404, Unreachable("http_404", retry=False)),
    (408, Unreachable("http_408", retry=False)),
    (500, Unreachable("http_500", retry=False)),
    *((status, Unreachable(f"http_{status}", retry_after_seconds=9.0)) for status in (429, 502, 503, 504)),
]


@pytest.mark.parametrize(("status", "expected"), STATUSES)
def test_only_four_statuses_are_worth_a_retry(status: int, expected: object) -> None:
    """Not before Retry-After."""
    assert otlp().outcome(Answer(status, b"", 9.0), 3) == expected


def partial(rejected: int, encoding: str) -> bytes:
    """An answer with a partial success."""
    response = ExportLogsServiceResponse(
        partial_success=ExportLogsPartialSuccess(rejected_log_records=rejected, error_message="odd")
    )
    if encoding == "json":
        return json_format.MessageToJson(response).encode()
    return response.SerializeToString()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    ("rejected", "expected"),
    [
        (0, Delivered()),
        (1, PartlyDelivered(1, "otlp_partial_success")),
        (2, PartlyDelivered(2, "otlp_partial_success")),
        (3, PerEvent((Rejected("otlp_partial_success"),) * 3)),
    ],
)
def test_a_partial_success_is_not_sent_again(encoding: str, rejected: int, expected: object) -> None:
    """Which ones were refused is known only where it is all of them."""
    assert otlp(encoding).outcome(Answer(200, partial(rejected, encoding)), 3) == expected


@pytest.mark.parametrize(
    ("encoding", "body", "is_success"),
    [
        ("protobuf", b"", True),
        ("json", b"", True),
        ("json", b"{}", True),
        ("json", b'{"partialSuccess":{}}', True),
        ("json", b'{"partialSuccess":{"rejectedLogRecords":0}}', True),
        ("protobuf", b"{}", True),
        ("protobuf", b' {"partialSuccess":{}}', True),
        ("protobuf", b'{"partialSuccess":{"errorMessage":"slow"}}', True),
        ("protobuf", b"OK", True),
        ("protobuf", b"\n\x0b\x08" + b"\xff" * 9 + b"\x01", True),
        ("protobuf", b"\n\x05\x08", True),
        ("json", b'{"partialSuccess":{"rejectedLogRecords":"many"}}', True),
        ("json", b'{"more":' + b"[" * 60_000, True),
        ("json", b"\xff" * 9, True),
        ("json", b"<html>Sign in</html>", False),
        ("protobuf", b"<html>Sign in</html>", False),
    ],
)
def test_a_success_is_a_delivery_whatever_its_body_is(
    encoding: str, body: bytes, *, is_success: bool
) -> None:
    """Whatever its body is, unless it is a web page."""
    expected = Delivered() if is_success else Unreachable(Failure.HTML_ANSWER, retry=False)
    assert otlp(encoding).outcome(Answer(200, body), 3) == expected


@pytest.mark.parametrize("asked", ENCODINGS)
@pytest.mark.parametrize("answered", ENCODINGS)
def test_a_partial_success_is_read_in_either_encoding(asked: str, answered: str) -> None:
    """Whichever encoding the request had."""
    outcome = otlp(asked).outcome(Answer(200, partial(2, answered)), 3)
    assert outcome == PartlyDelivered(2, "otlp_partial_success")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_server_takes_the_records_and_gives_them_back(encoding: str) -> None:
    """Of every log type, in order."""
    with running_listener(token=TOKEN) as listener:
        destination = at_the_listener("otlp", listener, encoding=encoding)
        answer = send(request_of(destination, RECORDS))
        assert destination.outcome(Answer(answer.status_code, answer.content), len(RECORDS)) == Delivered()
        received = [(record["message"], record["logStream"], record["id"]) for record in listener.records]
        assert received == [(record.message, record.logStream, record.id) for record in RECORDS]


@given(st.lists(any_records(), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_any_records_are_a_request_that_opentelemetry_reads(records: list[Record]) -> None:
    """Every body comes out, with U+FFFD for half a surrogate pair."""
    expected = sorted(
        record.message.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for record in records
    )
    for destination in (PROTOBUF, JSON):
        export = export_of(request_of(destination, records))
        bodies = [
            log_record.body.string_value
            for resource_logs in export.resource_logs
            for scope_logs in resource_logs.scope_logs
            for log_record in scope_logs.log_records
        ]
        assert sorted(bodies) == expected


PROTOBUF, JSON = otlp(), otlp("json")


@pytest.mark.parametrize("name", ["xplg", "http", "splunk_hec", "elasticsearch", "loki", "otlp-json"])
def test_protobuf_is_imported_for_its_own_encoding_alone(name: str) -> None:
    """A cold start pays for what the configuration uses."""
    destination, _, encoding = name.partition("-")
    options = json.dumps({"encoding": encoding}) if encoding else ""
    code = (
        "import sys; from eks_log_forwarder.config.settings import Settings;"
        "from eks_log_forwarder.destinations.registry import build_destination;"
        f"build_destination(Settings.from_environ({{'DESTINATION': {destination!r}, 'DESTINATION_URL': 'https://x',"
        f" 'DESTINATION_OPTIONS': {options!r}}}));"
        "names = ('google', 'opentelemetry', 'boto3');"
        "print([name for name in names if name in sys.modules])"
    )
    path = {"PYTHONPATH": "functions"}
    done = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    assert done.stdout == "[]\n"
