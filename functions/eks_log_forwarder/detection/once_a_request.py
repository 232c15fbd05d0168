"""Which of the audit events of one request a rule fires on, where it does not say so itself.

A request may be logged at RequestReceived, at ResponseStarted (long-running ones) and at ResponseComplete.
"""

from eks_log_forwarder.detection.field_names import FieldNames
from eks_log_forwarder.detection.nodes import All, AnyOf, FieldTest, Node, Not, fields_in
from eks_log_forwarder.detection.values import any_value, equals_one_of, is_empty_or_one_of

_SESSIONS = ("exec", "attach", "portforward")
_SESSION_VERBS = ("get", "create")  # get is how a WebSocket is asked for
_FIRST_ERROR_CODE = 400


def once_a_request(node: Node, names: FieldNames) -> Node:
    """The rule, held to one event a request; a rule that names `stage` is left as it is.

    Never at RequestReceived, where nothing is decided yet. A session (exec, attach, port-forward) counts as
    it opens, or at its end where it was refused: the end of one that was granted may come hours later.
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
    # The rule's own tests come first: they are the ones that most often fail.
    return All((node, Not(equals_one_of(stage, ["RequestReceived"])), AnyOf((no_session, opened, refused))))


def _is_error(value: object) -> bool:
    return isinstance(value, int | float) and value >= _FIRST_ERROR_CODE
