"""A whole audit event as plain JSON values, or what is complete of a cut one; shared by header and rules."""

import re
from typing import NamedTuple

import msgspec

from eks_log_forwarder.control_plane.audit_bounds import is_small

CUT_MARKER = "[Truncated...]"
BODY_UNREADABLE = "bodyUnreadable"
"""A field for rules: true in an event that is not whole."""
BODIES = frozenset({"requestObject", "responseObject"})

_OPENING = re.compile(r"\s*+\{(?=\s*+(?:\"|\Z))")
_decode_any = msgspec.json.Decoder().decode


class AuditEvent(NamedTuple):
    """The fields of an event; `whole` unless it was cut, is faulty or exceeds a bound.

    Of an event that is not whole, each field is complete or absent, as half a user (without the groups behind
    the cut) would look like a whole one. Only the body that the cut went through holds its complete members.
    `closed` says that the JSON object ends, and `marked` that the cut marker follows.
    """

    fields: dict[str, object]
    whole: bool
    closed: bool
    marked: bool


def decode_event(message: str) -> AuditEvent | None:
    """Decode an event in time linear in its length; None if the message does not begin a JSON object."""
    if is_small(message):
        # msgspec.DecodeError and UnicodeEncodeError (a lone surrogate) are ValueErrors; nesting deeper than
        # the interpreter's limit is a RecursionError.
        try:
            event = _decode_any(message)
        except (ValueError, RecursionError):
            pass
        else:
            # Without the fields' names it takes half the time.
            return AuditEvent(event, True, True, False) if isinstance(event, dict) else None  # noqa: FBT003
    text = message.rstrip()
    marked = text.endswith(CUT_MARKER)
    text = text.removesuffix(CUT_MARKER)
    if _OPENING.match(text) is None:
        return None
    # Imported here because most containers never see such an event, and its patterns take long to compile.
    from eks_log_forwarder.control_plane.audit_json import decode_json  # noqa: PLC0415

    decoded = decode_json(text)
    fields = decoded.value
    if not isinstance(fields, dict):
        return None
    if decoded.open_member is not None and decoded.open_member not in BODIES:
        del fields[decoded.open_member]
    whole = decoded.whole and not marked
    if not whole:
        fields[BODY_UNREADABLE] = True
    return AuditEvent(fields, whole=whole, closed=decoded.closed, marked=marked)
