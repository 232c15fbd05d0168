"""The shapes of a record in JSON: the values of `RECORD_FORMAT`."""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.record.record import ParsedRecord, PlainRecord, Record

type Shape = Callable[[Record], object]
"""Turns a record into the value to encode: a struct, or a dictionary of JSON types."""

# Fluent Bit, Elasticsearch and others drop deeper objects, and some also drop all events after them.
MAX_LEVELS = 20
_SQUARE_TO_CURLY = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _enriched(record: Record) -> Record:
    return record


def _parsed(record: Record) -> Record | ParsedRecord:
    """Nest the whole event and leave the message out, if the parsed part represents the whole message.

    The message and the header stay if the event is nested too deep or is not valid UTF-8.
    """
    whole = record.parsed and (record.audit or record.authenticator or record.klog) is not None
    audit = _raw(record.message) if whole and record.audit is not None else None
    if not whole or (record.audit is not None and audit is None):
        return record
    return ParsedRecord(
        record.timestamp,
        record.logGroup,
        record.logStream,
        record.id,
        record.account,
        record.region,
        record.cluster,
        record.logType,
        audit,
        record.authenticator,
        record.klog,
        record.truncated,
        record.redacted,
        record.detections,
    )


def _raw(message: str) -> msgspec.Raw | None:
    """Return the event's JSON, unchanged; None if it is not valid UTF-8 or is nested too deep."""
    try:
        text = message.encode()
    except UnicodeEncodeError:
        return None
    if _is_deep(text):
        return None
    # between tokens a line break is white space; within a string JSON does not allow it
    return msgspec.Raw(text.replace(b"\n", b" ").replace(b"\r", b" "))


def _is_deep(text: bytes) -> bool:
    """Whether valid JSON has more than `MAX_LEVELS` levels of objects and arrays; linear in the text."""
    if text.count(b"{") + text.count(b"[") <= MAX_LEVELS:
        return False
    if b"\\" in text:  # without escaped quotes, every second quote ends a string
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(text.split(b'"')[::2]).translate(_SQUARE_TO_CURLY, _NO_BRACKETS)
    for _ in range(MAX_LEVELS):
        brackets = brackets.replace(b"{}", b"")  # removes the innermost level
        if not brackets:
            return False
    return True


def _plain(record: Record) -> PlainRecord:
    return PlainRecord(record.timestamp, record.logGroup, record.logStream, record.message)


_SHAPES: dict[RecordFormat, Shape] = {
    RecordFormat.ENRICHED: _enriched,
    RecordFormat.PARSED: _parsed,
    RecordFormat.PLAIN: _plain,
}


def shape_of(record_format: RecordFormat) -> Shape:
    """Return the function that gives a record the shape of a format."""
    if record_format is RecordFormat.OCSF:
        # imported here, so that the other formats do not pay for it at a cold start
        from eks_log_forwarder.record.ocsf import ocsf  # noqa: PLC0415

        return ocsf
    return _SHAPES[record_format]
