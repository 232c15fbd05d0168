"""A record in the log data model of OpenTelemetry, before it is encoded.

Source: OpenTelemetry specification, "Logs Data Model"; semantic conventions for cloud, AWS logs, Kubernetes
and log records.
"""

from dataclasses import dataclass

from eks_log_forwarder.destinations.line import line_of
from eks_log_forwarder.encoding import encodable
from eks_log_forwarder.record.formats import Shape
from eks_log_forwarder.record.record import Record

type Value = str | bool | int | list[Value] | dict[str, Value]

_NS_PER_MS = 1_000_000
_MAX_NS = 2**64 - 1
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1

# Logs Data Model, "Displaying Severity" and the mapping of other formats
_KLOG_SEVERITY = {"I": 9, "W": 13, "E": 17, "F": 21}
_LOGRUS_SEVERITY = {
    "trace": 1,
    "debug": 5,
    "info": 9,
    "warning": 13,
    "warn": 13,
    "error": 17,
    "fatal": 21,
    "panic": 24,
}
# fields that the Resource or the LogRecord itself already has
_ELSEWHERE = frozenset(
    {"timestamp", "logGroup", "logStream", "account", "region", "cluster", "id", "logType"}
)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A LogRecord; severity number 0 means unspecified."""

    time_unix_nano: int
    severity_number: int
    severity_text: str
    body: str
    attributes: dict[str, Value]


def resource_of(record: Record) -> dict[str, Value]:
    """The source of the record, under the names of the semantic conventions."""
    return {
        "cloud.provider": "aws",
        "cloud.platform": "aws_eks",
        "cloud.account.id": encodable(record.account),
        "cloud.region": encodable(record.region),
        "k8s.cluster.name": encodable(record.cluster),
        "aws.log.group.names": [encodable(record.logGroup)],
        "aws.log.stream.names": [encodable(record.logStream)],
    }


def log_record_of(record: Record, shape: Shape) -> LogRecord:
    """The record with its message as body; without a message, the body is the whole record as JSON."""
    line = line_of(record, shape)
    number, text = _severity(record)
    attributes: dict[str, Value] = {
        "log.record.uid": encodable(record.id),
        "aws.eks.log_type": record.logType.value,
    }
    for name, value in line.rest.items():
        if name not in _ELSEWHERE:
            attributes[name] = _value(value)
    time_unix_nano = min(max(record.timestamp * _NS_PER_MS, 0), _MAX_NS)
    return LogRecord(time_unix_nano, number, text, line.text, attributes)


def _severity(record: Record) -> tuple[int, str]:
    if record.klog is not None:
        return _KLOG_SEVERITY.get(record.klog.severity, 0), record.klog.severity
    if record.authenticator is not None:
        level = record.authenticator.level
        return _LOGRUS_SEVERITY.get(level.lower(), 0), encodable(level)
    return 0, ""


def _value(value: object) -> Value:
    match value:
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
