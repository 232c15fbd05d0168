"""Request volume on the resources whose unusual volume is worth an alarm."""

from eks_log_forwarder.control_plane.audit import AuditHeader

_RESOURCES = frozenset({"pods", "secrets"})
# the API server's own verbs; any other comes from an HTTP method that a client made up
_VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"})
_FINISHED = frozenset({"ResponseComplete", ""})  # so that a request counts once, however many stages it logs


def count_api_request(header: AuditHeader, counts: dict[tuple[str, str], int]) -> None:
    """Counts a finished request on pods or secrets themselves, by resource and verb."""
    target = header.object_ref
    if target is None or target.resource not in _RESOURCES or header.stage not in _FINISHED:
        return
    if target.subresource or target.api_group:
        return
    verb = header.verb if header.verb in _VERBS else "other"
    counts[target.resource, verb] = counts.get((target.resource, verb), 0) + 1
