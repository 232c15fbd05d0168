"""One rule, ready to run."""

from dataclasses import dataclass

from eks_log_forwarder.detection.header_bounds import HeaderTest, header_bounds
from eks_log_forwarder.detection.nodes import Node
from eks_log_forwarder.detection.predicates import Predicate, predicate
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of one log type and the detection that its match is named by.

    `maybe` tells from an audit event's header that the rule cannot match (None: the header tells nothing);
    where `header_decides`, it tells that the rule does match as well. `matches` tells it of any event.
    """

    detection: RuleRef
    log_type: LogType
    file: str
    node: Node
    matches: Predicate
    maybe: HeaderTest | None
    header_decides: bool


def build_rule(detection: RuleRef, log_type: LogType, file: str, node: Node) -> Rule:
    """A rule with its functions derived from its tree."""
    bounds = header_bounds(node)
    maybe = None if bounds.says_nothing else bounds.maybe
    return Rule(detection, log_type, file, node, predicate(node), maybe, bounds.exact)
