"""Kubernetes audit events (audit.k8s.io/v1, v1beta1): the typed header of each, the whole on demand."""

import json
from typing import Any, NoReturn

import msgspec

from eks_log_forwarder.control_plane.audit_header import (
    AuditHeader,
    ObjectRef,
    ResponseStatus,
    User,
    without_empty_parts,
)
from eks_log_forwarder.control_plane.audit_lenient import header_of, is_audit_event
from eks_log_forwarder.encoding import encodable

__all__ = [
    "TRUNCATED_ANNOTATION",
    "AuditHeader",
    "ObjectRef",
    "ResponseStatus",
    "User",
    "decode_audit_event",
    "parse_audit",
]

# The API server's truncating back end sets it on an event whose bodies it took out
# (kube-apiserver, --audit-log-truncate-enabled).
TRUNCATED_ANNOTATION = "audit.k8s.io/truncated"

_decode_header = msgspec.json.Decoder(AuditHeader).decode
_decode_any = msgspec.json.Decoder().decode

# msgspec.DecodeError, JSONDecodeError and UnicodeEncodeError (a lone surrogate) are ValueErrors; nesting
# deeper than Python's recursion limit is a RecursionError.
_NOT_DECODED = (ValueError, RecursionError)


def parse_audit(message: str) -> AuditHeader | None:
    """The header of an audit event, or None for anything that is not the valid JSON of one.

    An audit event is a JSON object whose `kind` is Event or absent and whose `apiVersion` is in
    audit.k8s.io or absent; without an apiVersion it must name an auditID, a verb, a stage or a requestURI.
    So a core/v1 Event, an audit EventList and any other JSON are None. A field of an unexpected type does
    not lose the event: the event is then read field by field.
    """
    try:
        header = _decode_header(message)
    except _NOT_DECODED:
        return _parse_field_by_field(message)
    if not (header.audit_id or header.verb):
        return _parse_field_by_field(message)
    return without_empty_parts(header)


def decode_audit_event(message: str) -> dict[str, Any] | None:
    """The whole event, or None where the message is not a valid JSON object.

    Lone surrogates, which no encoder takes, come out as U+FFFD.
    """
    try:
        event = _decode_any(message)
    except _NOT_DECODED:
        event = _decode_odd_json(message)
    return event if isinstance(event, dict) else None


def _parse_field_by_field(message: str) -> AuditHeader | None:
    event = decode_audit_event(message)
    return header_of(event) if event is not None and is_audit_event(event) else None


def _decode_odd_json(message: str) -> object:
    """What the standard library takes and msgspec refuses: surrogates, numbers out of range."""
    try:
        event = json.loads(message, parse_constant=_refuse_constant)
        return json.loads(encodable(json.dumps(event, ensure_ascii=False)))
    except _NOT_DECODED:
        return None


def _refuse_constant(name: str) -> NoReturn:
    """NaN and the infinities are no JSON (RFC 8259, section 6), though Python reads them."""
    text = f"{name} is not JSON"
    raise ValueError(text)
