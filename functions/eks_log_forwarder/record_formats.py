"""How a record is written as JSON: the values of `RECORD_FORMAT`."""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.records import PlainRecord, Record
from eks_log_forwarder.settings import RecordFormat

type Shape = Callable[[Record], msgspec.Struct]


def _enriched(record: Record) -> Record:
    return record


def _plain(record: Record) -> PlainRecord:
    return PlainRecord(record.timestamp, record.logGroup, record.logStream, record.message)


_SHAPES: dict[RecordFormat, Shape] = {RecordFormat.ENRICHED: _enriched, RecordFormat.PLAIN: _plain}


def shape_of(record_format: RecordFormat) -> Shape:
    """The function that gives a record the shape of a format."""
    return _SHAPES[record_format]
