"""The answer to an export: an ExportLogsServiceResponse, in either encoding.

Some backends answer in JSON to a request in protobuf, so the body decides, not the request. Source:
opentelemetry-proto, collector/logs/v1/logs_service.proto; Protocol Buffers, "Encoding".
"""

from collections.abc import Iterator

import msgspec

from eks_log_forwarder.destinations.http_parts import read_json

# field numbers of logs_service.proto
_PARTIAL_SUCCESS = 1
_REJECTED_LOG_RECORDS = 1
_VARINT, _LENGTH_DELIMITED = 0, 2
_FIRST_NEGATIVE = 2**63  # a varint from here on is a negative int64


class _PartialSuccess(msgspec.Struct, rename="camel"):
    rejected_log_records: str | int = 0


class _Response(msgspec.Struct, rename="camel"):
    partial_success: _PartialSuccess | None = None


def rejected_log_records(body: bytes) -> int:
    """How many records the response says were rejected; 0 if the body is not readable."""
    try:
        # "{" is the start of a group in protobuf, which this message does not have
        return _in_json(body) if body.lstrip().startswith(b"{") else _in_protobuf(body)
    except (ValueError, IndexError):
        return 0


def _in_json(body: bytes) -> int:
    partial = read_json(body, _Response).partial_success
    return 0 if partial is None else int(partial.rejected_log_records)


def _in_protobuf(body: bytes) -> int:
    rejected = 0
    for number, content in _fields(body):
        if number == _PARTIAL_SUCCESS and isinstance(content, bytes):
            for inner, value in _fields(content):
                if inner == _REJECTED_LOG_RECORDS and isinstance(value, int):
                    rejected = value if value < _FIRST_NEGATIVE else 0
    return rejected


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number and content.

    Raises:
        ValueError, IndexError: the bytes are not such a message.
    """
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        value, position = _varint(message, position)
        if tag & 7 == _VARINT:
            yield tag >> 3, value
        elif tag & 7 == _LENGTH_DELIMITED and position + value <= len(message):
            yield tag >> 3, message[position : position + value]
            position += value
        else:
            msg = "not an ExportLogsServiceResponse"
            raise ValueError(msg)


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """The number at a position, and the position after it."""
    value = shift = 0
    while message[position] & 0x80:
        value |= (message[position] & 0x7F) << shift
        shift += 7
        position += 1
    return value | message[position] << shift, position + 1
