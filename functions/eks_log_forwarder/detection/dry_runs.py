"""Recognizes dry runs, which change nothing: no rule matches them."""

from collections.abc import Mapping

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.audit_event import decode_event
from eks_log_forwarder.detection.request_query import query_values

_WRITES = frozenset({"create", "update", "patch"})
_DELETIONS = frozenset({"delete", "deletecollection"})
# The API server connects a client or computes an answer, and does not look at dryRun.
_WITHOUT_DRY_RUN = frozenset({"attach", "exec", "portforward", "proxy", "token"})
_REVIEWS = "reviews"  # tokenreviews, selfsubjectrulesreviews, …
_ALL = "All"


def is_dry_run(header: AuditHeader, message: str) -> bool:
    """Whether the API server ran an audit event's request without keeping its result.

    create, update and patch name `dryRun=All` in the query; delete and deletecollection in the body, or in
    the query if they have no body.
    Source: k8s.io/apiserver, pkg/endpoints/handlers.
    """
    if header.verb in _DELETIONS:
        # Most deletions are not decoded: the text has neither the name nor an escape that could spell it.
        body = _request_of(message) if "dryRun" in message or "\\u" in message else None
        if body is not None:
            asked = body.get("dryRun") if isinstance(body, Mapping) else None
            return isinstance(asked, list) and _ALL in asked
    elif header.verb not in _WRITES:
        return False
    return _is_asked_for(header)


def _request_of(message: str) -> object:
    event = decode_event(message)
    return None if event is None else event.fields.get("requestObject")


def _is_asked_for(header: AuditHeader) -> bool:
    reference = header.object_ref
    ignored = reference is not None and (
        reference.subresource in _WITHOUT_DRY_RUN or reference.resource.endswith(_REVIEWS)
    )
    return not ignored and _ALL in query_values(header.request_uri, "dryRun")
