"""Audit events that were cut at the size limit of a log event: what their intact part says."""

import json
import re
from typing import Any

from eks_log_forwarder.control_plane.audit_header import AuditHeader
from eks_log_forwarder.control_plane.audit_lenient import header_of, is_audit_event, is_of_another_kind

CUT_MARKER = "[Truncated...]"

_decode_value = json.JSONDecoder(strict=False).raw_decode  # control characters pass: salvaging is lenient
_OPENING = re.compile(r"\s*\{(?=\s*(?:\"|\Z))")
# Possessive, so that text without a closing quote is gone over once. The names of header fields have no
# escapes, so a key is taken as it stands.
_KEY = re.compile(r'\s*"((?:[^"\\]++|\\.)*+)"\s*:\s*', re.DOTALL)
_AFTER_VALUE = re.compile(r"\s*([,}])")


def salvage_audit(message: str) -> AuditHeader | None:
    """The header of a cut event, from those of its top-level fields that are wholly there.

    Cut means: the text opens a JSON object and does not close it, and either ends in `[Truncated...]`,
    or does not end in a brace, or what is intact is recognisably an audit event. None for anything else:
    other text, a closed JSON object, a cut object of another kind. A field that the cut went through is
    left out, because half a user (without the groups behind the cut) would pass for a whole one. A header
    with no fields at all is a cut event whose intact part names none of them. One pass, linear in the
    length; fields within bodies are never taken for the event's own.
    """
    text = message.rstrip()
    marked = text.endswith(CUT_MARKER)
    text = text.removesuffix(CUT_MARKER)
    opening = _OPENING.match(text)
    if opening is None:
        return None
    members, closed = _intact_members(text, opening.end())
    if closed and not marked:
        return None
    if is_of_another_kind(members):
        return None
    is_cut = marked or not text.endswith("}") or is_audit_event(members)
    return header_of(members) if is_cut else None


def _intact_members(text: str, position: int) -> tuple[dict[str, Any], bool]:
    """The complete members of the object whose brace ends at `position`, and whether it is closed."""
    members: dict[str, Any] = {}
    while (key := _KEY.match(text, position)) is not None:
        try:
            value, position = _decode_value(text, key.end())
        except (ValueError, RecursionError):
            break
        # No header field is a number, so one that the cut shortened does no harm here.
        members[key[1]] = value
        after = _AFTER_VALUE.match(text, position)
        if after is None:
            break
        if after[1] == "}":
            return members, True
        position = after.end()
    return members, False
