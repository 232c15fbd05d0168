"""A record in the log data model of OpenTelemetry, before it is encoded.

Source: OpenTelemetry specification, "Logs Data Model"; semantic conventions for cloud, AWS logs, Kubernetes
and log records.
"""

from typing import NamedTuple

import msgspec

from eks_log_forwarder.destinations.line import line_of, service_name
from eks_log_forwarder.destinations.severity import severity_of
from eks_log_forwarder.encoding import encodable
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record

type Value = str | bool | int | list[Value] | dict[str, Value]

_NS_PER_MS = 1_000_000
_MAX_NS = 2**64 - 1
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1

# fields that the Resource or the LogRecord itself already has
_ELSEWHERE = frozenset(
    {"timestamp", "logGroup", "logStream", "account", "region", "cluster", "id", "logType"}
)


class Source(NamedTuple):
    """What the records of one log stream share."""

    service: str
    account: str
    region: str
    cluster: str
    log_group: str
    log_stream: str


class LogRecord(msgspec.Struct, frozen=True):
    """A LogRecord; severity number 0 means unspecified."""

    time_unix_nano: int
    severity_number: int
    severity_text: str
    body: str
    attributes: dict[str, Value]


def source_of(record: Record) -> Source:
    """Where the record comes from."""
    return Source(
        service_name(record),
        record.account,
        record.region,
        record.cluster,
        record.logGroup,
        record.logStream,
    )


def resource_of(source: Source) -> dict[str, Value]:
    """A source under the names of the semantic conventions."""
    return {
        "service.name": source.service,
        "cloud.provider": "aws",
        "cloud.platform": "aws_eks",
        "cloud.account.id": encodable(source.account),
        "cloud.region": encodable(source.region),
        "k8s.cluster.name": encodable(source.cluster),
        "aws.log.group.names": [encodable(source.log_group)],
        "aws.log.stream.names": [encodable(source.log_stream)],
    }


def log_record_of(record: Record, shape: Shape) -> LogRecord:
    """The record with its message as body; without a message, the body is the whole record as JSON."""
    line = line_of(record, shape)
    number, text = severity_of(record)
    attributes: dict[str, Value] = {
        "log.record.uid": encodable(record.id),
        "aws.eks.log_type": record.logType.value,
    }
    for name, value in line.rest.items():
        if name not in _ELSEWHERE:
            attributes[name] = _value(value)
    time_unix_nano = min(max(record.timestamp * _NS_PER_MS, 0), _MAX_NS)
    return LogRecord(time_unix_nano, number, text, line.text, attributes)


def _value(value: object) -> Value:
    match value:
        case str():
            return encodable(value)
        case dict():
            return {encodable(str(name)): _value(part) for name, part in value.items()}
        case list():
            return [_value(part) for part in value]
        case bool():
            return value
        case int():
            # OpenTelemetry specification, "Mapping to AnyValue": a larger integer is written as a string
            return value if _MIN_INT64 <= value <= _MAX_INT64 else str(value)
        case _:
            return encodable(str(value))
