"""One rule, ready to be matched."""

import msgspec

from eks_log_forwarder.detection.header_bounds import HeaderTest, header_bounds
from eks_log_forwarder.detection.literals import Literals, required_literals
from eks_log_forwarder.detection.nodes import Node
from eks_log_forwarder.detection.predicates import Predicate, predicate
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef


class Rule(msgspec.Struct, frozen=True):
    """A rule for one log type, and the detection that names a match.

    `maybe` is false if an audit event's header alone shows that the rule cannot match. It is None if the
    header never shows that. If `header_decides`, a true `maybe` is a match. Without one of `literals` in the
    text of an ordinary event, the rule cannot match either. `matches` decides for any event.
    """

    detection: RuleRef
    log_type: LogType
    file: str
    node: Node
    matches: Predicate
    maybe: HeaderTest | None
    header_decides: bool
    literals: Literals | None


def build_rule(detection: RuleRef, log_type: LogType, file: str, node: Node) -> Rule:
    """A rule, with its functions derived from the tree."""
    bounds = header_bounds(node)
    return Rule(
        detection,
        log_type,
        file,
        node,
        predicate(node),
        None if bounds.says_nothing else bounds.maybe,
        bounds.exact,
        required_literals(node),
    )
