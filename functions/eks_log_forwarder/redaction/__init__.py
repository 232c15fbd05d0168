"""Removes credentials from the raw text of a log event, in place.

What is looked for, what stays and where the limits are: docs/redaction.md.
"""

import re

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.redaction.container_env import env_spans
from eks_log_forwarder.redaction.credentials import credential_spans
from eks_log_forwarder.redaction.secret_data import secret_spans
from eks_log_forwarder.redaction.spans import Span, replace
from eks_log_forwarder.redaction.suspicion import is_suspicious

__all__ = ["redact", "redact_suspicious"]

_CUT_MARK = "[Truncated...]"
_REST_OF_STRING = re.compile(r'(?:[^"\\]++|\\.)*+"(?P<key>\s*+:)?', re.DOTALL)


def redact(message: str, header: AuditHeader | None = None) -> tuple[str, int]:
    """The message with `[REDACTED:<characters removed>]` for each credential, and how many there were.

    Every character outside the markers is the message's own. Only content of JSON strings is replaced, never
    a key, so valid JSON stays valid and keeps its structure. The same object comes back where nothing was
    found. Redacting twice changes nothing. No input raises, and time grows linearly with length.

    The header is what the audit parser made of the message (whole or salvaged); it tells that the event is
    about Secrets. It is not redacted here: where the count is not 0, the caller parses the text again for
    what it publishes, so that parsed fields and text say the same. Detection and policy have by then looked
    at the header as it was.
    """
    if is_suspicious(message) or _is_about_secrets(header):
        return redact_suspicious(message, header)
    return message, 0


def redact_suspicious(message: str, header: AuditHeader | None) -> tuple[str, int]:
    """As `redact`, without the quick look before it."""
    end = len(message) - len(_CUT_MARK) if message.endswith(_CUT_MARK) else len(message)
    has_body = "questObject" in message or "sponseObject" in message or '"auditID"' not in message
    is_bare = not has_body and "?" not in message and "%" not in message
    spans = credential_spans(message, end, is_bare=is_bare)
    if has_body:  # most audit events have none; of any other text it cannot be told so cheaply
        spans += env_spans(message, end)
        spans += secret_spans(message, end, header)
    if not spans:
        return message, 0
    return replace(message, _outside_keys(message, spans))


def _is_about_secrets(header: AuditHeader | None) -> bool:
    return header is not None and header.object_ref is not None and header.object_ref.resource == "secrets"


def _outside_keys(message: str, spans: list[Span]) -> list[Span]:
    """The spans that are not part of an object's key, where the message is JSON."""
    if not message.startswith("{"):
        return spans
    kept: list[Span] = []
    closing, is_key = -1, False
    for start, end in sorted(spans):
        if end > closing:  # one look at each string, however many spans are in it
            rest = _REST_OF_STRING.match(message, end)
            closing, is_key = (rest.end(), rest["key"] is not None) if rest else (len(message), False)
        if not is_key:
            kept.append((start, end))
    return kept
