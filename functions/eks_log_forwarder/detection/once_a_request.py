"""Limits all rules to requests that change something, and each rule to one audit event per request.

The API server logs most requests once, at ResponseComplete. It logs long-running requests twice, with the
same code: at ResponseStarted and at ResponseComplete, which may be hours later. It logs a request without a
valid login (401) at ResponseStarted only.
Source: k8s.io/apiserver, WithAudit and WithFailedAuthenticationAudit.
"""

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.nodes import All, AnyOf, KeywordTest, Node, Not, fields_in
from eks_log_forwarder.detection.remembering import Memory
from eks_log_forwarder.detection.values import equals_one_of, is_empty_or_one_of, starts_with_one_of

# kube-apiserver's BasicLongRunningRequestCheck
_LONG_RUNNING_VERBS = ("watch", "proxy")
_LONG_RUNNING_SUBRESOURCES = ("attach", "exec", "log", "portforward")
_PROXY = "proxy"
_PROFILES = "/debug/pprof/"

_STARTED = "ResponseStarted"
_COMPLETE = "ResponseComplete"
_MOST_STARTED = 1024


def once_a_request(node: Node, names: FieldNames) -> Node:
    """The rule, limited to one event per request. It never matches a dry run.

    A rule that names `stage` decides itself at which stages it matches. All others match a long-running
    request at ResponseStarted and any other request at its end. They match at both stages of a `proxy`
    subresource; see StartedRequests. An event without a stage counts as the only one.
    """
    changes_something = _changes_something(names)
    stage = names.audit("stage")
    if any(field.name == stage.name for field in fields_in(node)):
        return All((node, changes_something))
    subresource = names.audit("objectRef.subresource")
    long_running = AnyOf(
        (
            equals_one_of(subresource, _LONG_RUNNING_SUBRESOURCES),
            equals_one_of(names.audit("verb"), _LONG_RUNNING_VERBS),
            starts_with_one_of(names.audit("requestURI"), [_PROFILES]),
        )
    )
    at_start = AnyOf(
        (
            long_running,
            equals_one_of(subresource, [_PROXY]),
            equals_one_of(names.audit("responseStatus.code"), ["401"]),
        )
    )
    counts = AnyOf(
        (
            All((Not(equals_one_of(stage, [_STARTED, "RequestReceived"])), Not(long_running))),
            All((equals_one_of(stage, [_STARTED]), at_start)),
            is_empty_or_one_of(stage, []),
        )
    )
    # The rule's own tests come first, because they fail most often.
    return All((node, counts, changes_something))


def _changes_something(names: FieldNames) -> Node:
    """The request is not a dry run. A deletion is decoded only if its text names the parameter."""
    deletion = equals_one_of(names.audit("verb"), ["delete", "deletecollection"])
    named = KeywordTest(
        lambda text: "dryRun" in text or "\\u" in text, folded=False
    )  # a letter may be escaped
    return Not(All((AnyOf((Not(deletion), named)), equals_one_of(names.audit("dryRun"), ["true"]))))


class StartedRequests:
    """Recognizes the second event of a proxied request by its audit ID.

    Curated logs hold only the end of a proxied request, so rules match at both stages. A client can choose
    the audit ID, so a remembered ID only suppresses the end of a request, never its start, and only once.
    """

    __slots__ = ("_started",)

    def __init__(self) -> None:
        self._started: Memory[str, None] = Memory(_MOST_STARTED)

    def is_second(self, header: AuditHeader) -> bool:
        """Whether the start of this proxied request matched before, in this container."""
        if header.object_ref is None or header.object_ref.subresource != _PROXY:
            return False
        if header.stage == _STARTED:
            self._started.keep(header.audit_id, len(header.audit_id), None)
            return False
        return header.stage == _COMPLETE and self._started.entries.pop(header.audit_id, self) is None
