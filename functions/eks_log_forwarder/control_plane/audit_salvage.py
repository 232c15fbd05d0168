"""Audit events that were cut at the size limit of a log event: the header of their intact part."""

from eks_log_forwarder.control_plane.audit_event import decode_event
from eks_log_forwarder.control_plane.audit_header import AuditHeader
from eks_log_forwarder.control_plane.audit_lenient import header_of, is_audit_event, is_of_another_kind


def salvage_audit(message: str) -> AuditHeader | None:
    """The header of a cut event, from its complete top-level fields.

    An event is cut if its text opens a JSON object and does not close it, or if `[Truncated...]` follows. It
    must also end in that marker, not end in a brace, or have the fields of an audit event. An event that
    exceeds a bound counts as cut at that place. None for anything else: other text, a closed JSON object, a
    cut object of another kind. A header without fields is a cut event whose intact part has none of them.
    """
    event = decode_event(message)
    if event is None or event.whole or (event.closed and not event.marked):
        return None
    if is_of_another_kind(event.fields):
        return None
    if event.marked or not message.rstrip().endswith("}") or is_audit_event(event.fields):
        return header_of(event.fields)
    return None
