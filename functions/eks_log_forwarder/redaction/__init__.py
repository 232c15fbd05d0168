"""Removes credentials from the raw text of a log event, in place.

What it looks for, what stays and where the limits are: docs/redaction.md.
"""

import re

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.redaction.containers import container_spans
from eks_log_forwarder.redaction.credentials import credential_spans
from eks_log_forwarder.redaction.escapes import Unescaped
from eks_log_forwarder.redaction.fragments import fragment_spans, is_fragment
from eks_log_forwarder.redaction.oversize import Oversize
from eks_log_forwarder.redaction.patches import patch_values
from eks_log_forwarder.redaction.secret_data import secret_spans
from eks_log_forwarder.redaction.spans import Span, merged, replace
from eks_log_forwarder.redaction.suspicion import is_suspicious

__all__ = ["redact", "redact_suspicious"]

_CUT_MARK = "[Truncated...]"
_REST_OF_STRING = re.compile(r'(?:[^"\\]++|\\.)*+"(?P<key>\s*+:)?', re.DOTALL)
MOST_MARKERS = 10_000  # beyond it, a string has one marker, however many credentials it has


def redact(message: str, header: AuditHeader | None = None) -> tuple[str, int]:
    """The message with `[REDACTED:<characters removed>]` for each credential, and the number of markers.

    Every character outside the markers is the message's own. Only content of JSON strings is replaced, never
    a key, so valid JSON stays valid. A body with more items than are read becomes one string in its object or
    array. The function returns the same object where it finds nothing, and the same text when it is called
    again with its result. No input raises; time and memory grow in proportion to the length.

    The header is what the audit parser read from the message (whole or salvaged); it tells that the event is
    about Secrets. The function does not redact the header: where the count is not 0, the caller parses the
    text again for what it publishes, so that parsed fields and text agree. Detection and policy have already
    seen the header with all its values.
    """
    reference = None if header is None else header.object_ref
    is_secret = reference is not None and reference.resource == "secrets" and 'Object"' in message
    return redact_suspicious(message, header) if is_secret or is_suspicious(message) else (message, 0)


def redact_suspicious(message: str, header: AuditHeader | None) -> tuple[str, int]:
    """As `redact`, without the quick look at the text before it."""
    unescaped = Unescaped(message)
    text = unescaped.text
    end = len(text) - len(_CUT_MARK) if text.endswith(_CUT_MARK) else len(text)
    is_event = '"auditID"' in text or '"objectRef"' in text
    has_body = "questObject" in text or "sponseObject" in text or not is_event
    spans = credential_spans(text, end)
    if is_fragment(text):
        spans += fragment_spans(text, end)
    bodies: list[Span] = []
    if has_body:  # most audit events have none; a text of another type may be one
        oversize = Oversize(text, end)
        patches = patch_values(text, end, oversize)
        spans += container_spans(text, end, patches, oversize)
        spans += secret_spans(text, end, header, patches, oversize)
        spans += oversize.strings
        bodies = oversize.bodies
    if not spans and not bodies:
        return message, 0
    if text is not message:
        spans = [unescaped.original_span(span) for span in spans]
        bodies = [unescaped.original_span(span) for span in bodies]
    return replace(message, _outside_keys(message, spans) + bodies, frozenset(bodies))


def _outside_keys(message: str, spans: list[Span]) -> list[Span]:
    """The spans that are not part of an object's key, where the message is JSON; in the order of the text."""
    spans = merged(spans)
    is_json = message.startswith("{")
    are_many = len(spans) > MOST_MARKERS
    kept: list[Span] = []
    closing, is_key = (-1, False) if is_json else (len(message), False)
    for start, end in spans:
        is_same_string = end <= closing
        if not is_same_string:  # one look at each string, however many spans are in it
            rest = _REST_OF_STRING.match(message, end)
            closing, is_key = (rest.end(), rest["key"] is not None) if rest else (len(message), False)
        if is_key:
            continue
        if are_many and is_same_string and kept:
            kept[-1] = (kept[-1][0], end)
        else:
            kept.append((start, end))
    return kept
