"""Limits a rule to one audit event per request, unless the rule names the stage itself.

The API server may log a request at RequestReceived, at ResponseStarted (only long-running requests) and at
ResponseComplete.
"""

from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.nodes import All, AnyOf, FieldTest, Node, Not, fields_in
from eks_log_forwarder.detection.values import any_value, equals_one_of, is_empty_or_one_of

_SESSIONS = ("exec", "attach", "portforward")
_SESSION_VERBS = ("get", "create")  # a WebSocket session starts with get
_FIRST_ERROR_CODE = 400


def once_a_request(node: Node, names: FieldNames) -> Node:
    """The rule, limited to one event per request. A rule that names `stage` stays unchanged.

    It never matches at RequestReceived, because nothing is decided yet. A session (exec, attach,
    port-forward) matches when it opens, or at its end if it was refused. An accepted session may end hours
    later.
    """
    stage = names.audit("stage")
    if any(field.name == stage.name for field in fields_in(node)):
        return node
    no_session = Not(
        All(
            (
                equals_one_of(names.audit("objectRef.subresource"), _SESSIONS),
                equals_one_of(names.audit("verb"), _SESSION_VERBS),
            )
        )
    )
    refused = All(
        (
            equals_one_of(stage, ["ResponseComplete"]),
            FieldTest(names.audit("responseStatus.code"), any_value(_is_error)),
        )
    )
    opened = is_empty_or_one_of(stage, ["ResponseStarted"])
    # The rule's own tests come first, because they fail most often.
    return All((node, Not(equals_one_of(stage, ["RequestReceived"])), AnyOf((no_session, opened, refused))))


def _is_error(value: object) -> bool:
    return isinstance(value, int | float) and value >= _FIRST_ERROR_CODE
