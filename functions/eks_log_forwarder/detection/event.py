"""One event as the rules see it, decoded no further than they ask."""

import json
from contextlib import suppress

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.nodes import Field, Fields, Values

_decode = msgspec.json.Decoder().decode


class Event:
    """A message with its header or its parsed fields, whichever the caller has.

    Values are kept, as rules often ask for the same field.
    """

    __slots__ = ("_fields", "_folded", "_header", "_values", "message")

    def __init__(self, message: str, header: AuditHeader | None = None, fields: Fields | None = None) -> None:
        self.message = message
        self._header = header
        self._fields = fields
        self._folded: str | None = None
        self._values: dict[str, Values] = {}

    @property
    def folded_message(self) -> str:
        """The message, case-folded once."""
        if self._folded is None:
            self._folded = self.message.casefold()
        return self._folded

    @property
    def fields(self) -> Fields:
        """The parsed fields; else the message decoded from JSON, or the header's where that was cut short."""
        if self._fields is None:
            self._fields = _decoded(self.message, self._header)
        return self._fields

    def values(self, field: Field) -> Values:
        """All the values of a field, none where it is absent."""
        values = self._values.get(field.name)
        if values is None:
            values = self._values[field.name] = self._read(field)
        return values

    def _read(self, field: Field) -> Values:
        if self._fields is None and self._header is not None and field.from_header is not None:
            known = field.from_header(self._header)
            if known is not None:
                return known
        return field.read(self.fields)


def _decoded(message: str, header: AuditHeader | None) -> Fields:
    decoded: object = None
    with suppress(RecursionError):  # nested deeper than Python goes
        try:
            decoded = _decode(message)
        except (msgspec.DecodeError, UnicodeEncodeError):
            # half a surrogate pair or a number out of range, which the standard library takes; or cut short
            with suppress(ValueError):
                decoded = json.loads(message)
    if isinstance(decoded, dict):
        return decoded
    return msgspec.to_builtins(header) if header is not None else {}
