"""The shapes of a record in JSON: the values of `RECORD_FORMAT`."""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.config.settings import RecordFormat
from eks_log_forwarder.record.ocsf import ocsf
from eks_log_forwarder.record.record import ParsedRecord, PlainRecord, Record

type Shape = Callable[[Record], object]
"""Turns a record into the value to encode: a struct, or a dictionary of JSON types."""


def _enriched(record: Record) -> Record:
    return record


def _parsed(record: Record) -> Record | ParsedRecord:
    """The whole event nested and no message, where the parsed part stands for all of it."""
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
    """The event's own JSON, untouched; None where it cannot stand in a line of UTF-8."""
    try:
        text = message.encode()
    except UnicodeEncodeError:
        return None
    # between tokens a line break is white space, within a string JSON does not allow it
    return msgspec.Raw(text.replace(b"\n", b" ").replace(b"\r", b" "))


def _plain(record: Record) -> PlainRecord:
    return PlainRecord(record.timestamp, record.logGroup, record.logStream, record.message)


_SHAPES: dict[RecordFormat, Shape] = {
    RecordFormat.ENRICHED: _enriched,
    RecordFormat.PARSED: _parsed,
    RecordFormat.PLAIN: _plain,
    RecordFormat.OCSF: ocsf,
}


def shape_of(record_format: RecordFormat) -> Shape:
    """Return the function that gives a record the shape of a format."""
    return _SHAPES[record_format]
