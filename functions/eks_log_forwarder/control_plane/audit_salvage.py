"""Audit events that are no ordinary JSON: cut at the size limit of a log event, too deep, with odd fields."""

from typing import NamedTuple

from eks_log_forwarder.control_plane.audit_event import decode_event
from eks_log_forwarder.control_plane.audit_header import AuditHeader
from eks_log_forwarder.control_plane.audit_lenient import header_of, is_audit_event, is_of_another_kind


class AuditReading(NamedTuple):
    """The header of an event, its decoded fields, and whether these are the whole event."""

    header: AuditHeader
    fields: dict[str, object]
    whole: bool


def read_audit(message: str) -> AuditReading | None:
    """Read an audit event field by field, as far as it is complete; None for any other text.

    An event is cut if its text opens a JSON object and does not close it, or if `[Truncated...]` follows. It
    must also end in that marker, not end in a brace, or have the fields of an audit event. An event that
    exceeds a bound counts as cut at that place. A header without fields belongs to a cut event whose intact
    part has none of them.
    """
    event = decode_event(message)
    if event is None:
        return None
    fields = event.fields
    if event.whole:
        is_audit = is_audit_event(fields)
    elif event.closed and not event.marked:
        return None
    else:
        is_audit = not is_of_another_kind(fields) and (
            event.marked or not message.rstrip().endswith("}") or is_audit_event(fields)
        )
    return AuditReading(header_of(fields), fields, event.whole) if is_audit else None
