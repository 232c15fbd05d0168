"""Rules for an event that was cut: a field that is missing may have been cut off."""

import msgspec

from eks_log_forwarder.audit_policy.rule import Rule
from eks_log_forwarder.control_plane.audit import AuditHeader


def is_answer_known(header: AuditHeader) -> bool:
    """Whether a cut event shows if it is a denial: it has a status, or it was logged before the response."""
    status = header.response_status
    return header.stage == "RequestReceived" or (status is not None and status.code != 0)


def without_missing_fields(rule: Rule, header: AuditHeader) -> Rule:
    """Return the rule without its criteria on fields that the salvaged header lacks.

    It equals `rule` if every field that the rule uses was salvaged. An objectRef is salvaged as a whole or
    is missing. If it is missing, the target is unknown.
    """
    if not header.verb:
        rule = msgspec.structs.replace(rule, verbs=None)
    if not header.user.username:
        rule = msgspec.structs.replace(rule, users=None)
    if not header.user.groups:
        rule = msgspec.structs.replace(rule, groups=None)
    if header.object_ref is None:
        rule = msgspec.structs.replace(
            rule, namespaces=None, resources=(), paths=frozenset(), path_prefixes=()
        )
    return rule
