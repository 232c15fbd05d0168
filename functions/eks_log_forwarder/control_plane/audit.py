"""Kubernetes audit events (audit.k8s.io/v1, v1beta1): the typed header of each."""

import msgspec

from eks_log_forwarder.control_plane.audit_bounds import MOST_SURELY_SMALL, is_small
from eks_log_forwarder.control_plane.audit_header import (
    AuditHeader,
    ObjectRef,
    ResponseStatus,
    User,
    tidied,
)

__all__ = [
    "TRUNCATED_ANNOTATION",
    "AuditHeader",
    "ObjectRef",
    "ResponseStatus",
    "User",
    "parse_audit",
    "parse_ordinary",
]

# The API server's truncating back end sets it on an event whose bodies it removed
# (kube-apiserver, --audit-log-truncate-enabled).
TRUNCATED_ANNOTATION = "audit.k8s.io/truncated"

_decode_header = msgspec.json.Decoder(AuditHeader).decode

# msgspec.DecodeError and UnicodeEncodeError (a lone surrogate) are ValueErrors; nesting deeper than the
# interpreter's limit is a RecursionError.
_NOT_DECODED = (ValueError, RecursionError)


def parse_audit(message: str) -> AuditHeader | None:
    """The header of an audit event; None if the message is not valid JSON of one, or exceeds a bound.

    An audit event is a JSON object whose `kind` is Event or absent and whose `apiVersion` is in audit.k8s.io
    or absent. Without an apiVersion it must have an auditID, a verb, a stage or a requestURI. So a core/v1
    Event, an audit EventList and any other JSON return None. A field of an unexpected type does not lose the
    event: the event is then read field by field. The bounds are MAX_VALUES and MAX_DEPTH.
    """
    header = parse_ordinary(message)
    if header is not None:
        return header
    from eks_log_forwarder.control_plane.audit_salvage import read_audit  # noqa: PLC0415  # seldom needed

    reading = read_audit(message)
    return reading.header if reading is not None and reading.whole else None


def parse_ordinary(message: str) -> AuditHeader | None:
    """The header of an ordinary event; None if `read_audit` has to look at it."""
    if len(message) > MOST_SURELY_SMALL and not is_small(message):
        return None
    try:
        header = _decode_header(message)
    except _NOT_DECODED:
        return None
    return tidied(header) if header.audit_id or header.verb else None
