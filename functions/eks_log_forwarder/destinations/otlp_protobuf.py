"""The protobuf encoding of OTLP, with the message classes of OpenTelemetry.

Resources and LogRecords are serialised as messages. The request is built from their bytes, so that nothing
is serialised twice. Source: opentelemetry-proto, logs/v1/logs.proto; Protocol Buffers, "Encoding".
"""

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from eks_log_forwarder.destinations.otlp_records import LogRecord, Value

# field numbers of logs.proto and logs_service.proto
_RESOURCE_LOGS = 1
_RESOURCE = 1
_SCOPE_LOGS = 2
_LOG_RECORDS = 2
_LENGTH_DELIMITED = 2


class ProtobufEncoding:
    """Protobuf, which every OTLP receiver accepts."""

    content_type = "application/x-protobuf"

    def log_record(self, record: LogRecord) -> bytes:
        """One LogRecord."""
        return logs_pb2.LogRecord(
            time_unix_nano=record.time_unix_nano,
            observed_time_unix_nano=record.time_unix_nano,
            severity_number=logs_pb2.SeverityNumber.ValueType(record.severity_number),
            severity_text=record.severity_text,
            body=AnyValue(string_value=record.body),
            attributes=_key_values(record.attributes),
        ).SerializeToString()

    def resource(self, attributes: dict[str, Value]) -> bytes:
        """One Resource."""
        return Resource(attributes=_key_values(attributes)).SerializeToString(deterministic=True)

    def request(self, groups: dict[bytes, list[bytes]]) -> bytes:
        """An ExportLogsServiceRequest."""
        return b"".join(
            _field(
                _RESOURCE_LOGS,
                _field(_RESOURCE, resource)
                + _field(_SCOPE_LOGS, b"".join(_field(_LOG_RECORDS, record) for record in records)),
            )
            for resource, records in groups.items()
        )


def _key_values(attributes: dict[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=name, value=_any_value(value)) for name, value in attributes.items()]


def _any_value(value: Value) -> AnyValue:
    match value:
        case str():
            return AnyValue(string_value=value)
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_any_value(part) for part in value]))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=_key_values(value)))


def _field(number: int, content: bytes) -> bytes:
    return b"%b%b%b" % (_varint(number << 3 | _LENGTH_DELIMITED), _varint(len(content)), content)


def _varint(number: int) -> bytes:
    pieces = bytearray()
    while number > 0x7F:  # noqa: PLR2004  # seven bits a byte
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    pieces.append(number)
    return bytes(pieces)
