"""What a rule can say of an event that arrived cut, where a missing field proves nothing."""

import msgspec

from eks_log_forwarder.audit_policy.rule import Rule
from eks_log_forwarder.control_plane.audit import AuditHeader


def is_answer_known(header: AuditHeader) -> bool:
    """Whether a cut event shows that it is not a denial: it has a status, or there was no answer yet."""
    status = header.response_status
    return header.stage == "RequestReceived" or (status is not None and status.code != 0)


def without_missing_fields(rule: Rule, header: AuditHeader) -> Rule:
    """Return the rule without its criteria on fields that the salvaged header lacks.

    It equals `rule` where every field that the rule looks at was salvaged. An objectRef counts as salvaged
    whole or not at all. Without one nothing is known of the target: the cut may have taken it.
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
