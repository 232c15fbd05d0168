"""A rule's tree as one function of an event."""

from collections.abc import Callable

from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.detection.nodes import All, AnyOf, FieldComparison, FieldTest, KeywordTest, Node, Not

type Predicate = Callable[[Event], bool]


def predicate(node: Node) -> Predicate:
    """A function that says whether an event fits the tree; it never raises, whatever the event holds."""
    match node:
        case All(parts):
            every = tuple(map(predicate, parts))
            return lambda event: all(part(event) for part in every)
        case AnyOf(parts):
            some = tuple(map(predicate, parts))
            return lambda event: any(part(event) for part in some)
        case Not(part):
            negated = predicate(part)
            return lambda event: not negated(event)
        case FieldTest(field, holds):
            return lambda event: holds(event.values(field))
        case FieldComparison(field, other, compare):
            return lambda event: compare(event.values(field), event.values(other))
        case KeywordTest(found, folded):
            return lambda event: found(event.folded_message if folded else event.message)
