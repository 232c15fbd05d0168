"""Who did what to what, for people: two short texts of identity, nothing else of the event."""

from collections.abc import Mapping

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.records import LogType


def actor_and_target(
    log_type: LogType, header: AuditHeader | None, fields: Mapping[str, object] | None
) -> tuple[str, str]:
    """The actor and the target of an event, "" where it names none.

    audit: the user and `resource[/subresource] [namespace/]name`, else the path of the request;
    authenticator: arn or username, and the client's address; klog: the component and the object it is about.
    """
    if log_type is LogType.AUDIT:
        return ("", "") if header is None else (header.user.username, _target(header))
    known = fields or {}
    if log_type is LogType.AUTHENTICATOR:
        return _first(known, "arn", "username"), _first(known, "client")
    return str(log_type), _first(known, "pod", "node", "namespace", "object")


def _target(header: AuditHeader) -> str:
    reference = header.object_ref
    if reference is None:
        return header.request_uri.partition("?")[0]
    resource = "/".join(filter(None, (reference.resource, reference.subresource)))
    name = "/".join(filter(None, (reference.namespace, reference.name)))
    return " ".join(filter(None, (resource, name)))


def _first(fields: Mapping[str, object], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), "")
