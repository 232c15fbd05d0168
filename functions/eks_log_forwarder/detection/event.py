"""One event as the rules see it, decoded only as far as they need."""

from collections.abc import Sequence

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.audit_event import decode_event
from eks_log_forwarder.detection.nodes import Field, Fields, Values
from eks_log_forwarder.detection.pod_fields import pod_specs


class Event:
    """A message, with its header or its parsed fields if the caller has them.

    The message is decoded at most once. Values are kept, because rules often read the same field.
    """

    __slots__ = ("_fields", "_folded", "_header", "_pod_specs", "_values", "message")

    def __init__(self, message: str, header: AuditHeader | None = None, fields: Fields | None = None) -> None:
        self.message = message
        self._header = header
        self._fields = fields
        self._folded: str | None = None
        self._pod_specs: Sequence[Fields] | None = None
        self._values: dict[str, Values] = {}

    @property
    def folded_message(self) -> str:
        """The message, case-folded once."""
        if self._folded is None:
            self._folded = self.message.casefold()
        return self._folded

    @property
    def fields(self) -> Fields:
        """The parsed fields; otherwise what is complete of the event in the message."""
        if self._fields is None:
            event = decode_event(self.message)
            self._fields = {} if event is None else event.fields
        return self._fields

    def values(self, field: Field) -> Values:
        """All values of a field; none if it is absent."""
        values = self._values.get(field.name)
        if values is None:
            values = self._values[field.name] = self._read(field)
        return values

    def _read(self, field: Field) -> Values:
        if self._header is not None and field.from_header is not None:
            known = field.from_header(self._header)
            if known is not None:
                return known
        if field.of_pods is None:
            return field.read(self.fields)
        if self._pod_specs is None:
            self._pod_specs = pod_specs(self.fields)
        return field.of_pods(self._pod_specs)
