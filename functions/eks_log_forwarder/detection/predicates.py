"""A rule's tree as one function of an event."""

from collections.abc import Callable

from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.detection.nodes import All, AnyOf, FieldComparison, FieldTest, KeywordTest, Node, Not

type Predicate = Callable[[Event], bool]


def predicate(node: Node) -> Predicate:
    """A function that tells whether an event matches the tree. It never raises."""
    match node:
        case All(parts):
            return _every(tuple(map(predicate, parts)))
        case AnyOf(parts):
            return _some(tuple(map(predicate, parts)))
        case Not(part):
            negated = predicate(part)
            return lambda event: not negated(event)
        case FieldTest(field, holds):
            return lambda event: holds(event.values(field))
        case FieldComparison(field, other, compare):
            return lambda event: compare(event.values(field), event.values(other))
        case KeywordTest(found, folded):
            return lambda event: found(event.folded_message if folded else event.message)


# all() and any() create a generator for every event and take twice the time of a loop.
def _every(parts: tuple[Predicate, ...]) -> Predicate:
    def holds(event: Event) -> bool:
        for part in parts:  # noqa: SIM110  # see above
            if not part(event):
                return False
        return True

    return holds


def _some(parts: tuple[Predicate, ...]) -> Predicate:
    def holds(event: Event) -> bool:
        for part in parts:  # noqa: SIM110  # see above
            if part(event):
                return True
        return False

    return holds
