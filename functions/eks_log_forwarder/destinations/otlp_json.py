"""The JSON encoding of OTLP: lowerCamelCase names, 64-bit integers as strings, enumerations as integers.

Source: OTLP specification, "JSON Protobuf Encoding".
"""

from typing import Any

import msgspec

from eks_log_forwarder.destinations.otlp_records import LogRecord, Value


class JsonEncoding:
    """JSON, for receivers without protobuf."""

    content_type = "application/json"

    def log_record(self, record: LogRecord) -> bytes:
        """One LogRecord."""
        fields: dict[str, Any] = {
            "timeUnixNano": str(record.time_unix_nano),
            "observedTimeUnixNano": str(record.time_unix_nano),
            "body": {"stringValue": record.body},
            "attributes": _key_values(record.attributes),
        }
        if record.severity_number:
            fields["severityNumber"] = record.severity_number
        if record.severity_text:
            fields["severityText"] = record.severity_text
        return msgspec.json.encode(fields)

    def resource(self, attributes: dict[str, Value]) -> bytes:
        """One Resource."""
        return msgspec.json.encode({"attributes": _key_values(attributes)})

    def request(self, groups: dict[bytes, list[bytes]]) -> bytes:
        """An ExportLogsServiceRequest."""
        resource_logs = (
            b'{"resource":%b,"scopeLogs":[{"logRecords":[%b]}]}' % (resource, b",".join(records))
            for resource, records in groups.items()
        )
        return b'{"resourceLogs":[%b]}' % b",".join(resource_logs)


def _key_values(attributes: dict[str, Value]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _any_value(value)} for name, value in attributes.items()]


def _any_value(value: Value) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [_any_value(part) for part in value]}}
        case dict():
            return {"kvlistValue": {"values": _key_values(value)}}
