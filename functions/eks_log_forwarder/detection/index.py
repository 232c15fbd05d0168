"""Rules by what they ask of verb, resource and subresource, so that most events cost one look-up."""

from collections.abc import Iterable, Sequence

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.nodes import All, AnyOf, FieldTest, Node
from eks_log_forwarder.detection.rule import Rule

_FIELDS = ("verb", "objectRef.resource", "objectRef.subresource")
# Clients choose verbs and resources freely, so what is remembered of them is bounded.
_REMEMBERED_KEYS = 4096

type _Key = tuple[str, str, str]


def implied_literals(node: Node, field: str) -> frozenset[str] | None:
    """The texts, case-folded, one of which the field has in every event that fits; None: it may have any.

    "" also stands for an absent field. Negated parts imply nothing.
    """
    match node:
        case FieldTest(tested, _, literals) if tested.name == field:
            return literals
        case All(parts):
            known = [found for part in parts if (found := implied_literals(part, field)) is not None]
            return frozenset.intersection(*known) if known else None
        case AnyOf(parts):
            each = [implied_literals(part, field) for part in parts]
            return frozenset().union(*filter(None, each)) if None not in each else None
        case _:
            return None


class AuditIndex:
    """The rules for audit events."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._literals = [
            tuple(implied_literals(rule.node, field) for field in _FIELDS) for rule in self.rules
        ]
        self._remembered: dict[_Key, Sequence[Rule]] = {}

    def candidates(self, header: AuditHeader) -> Sequence[Rule]:
        """The rules that an event's verb, resource and subresource do not rule out, in order."""
        reference = header.object_ref
        if reference is None:
            key = (header.verb, "", "")
        else:
            key = (header.verb, reference.resource, reference.subresource)
        found = self._remembered.get(key)
        return self._find(key) if found is None else found

    def _find(self, key: _Key) -> Sequence[Rule]:
        folded = [text.casefold() for text in key]
        found = tuple(
            rule
            for rule, wanted in zip(self.rules, self._literals, strict=True)
            if all(texts is None or text in texts for text, texts in zip(folded, wanted, strict=True))
        )
        if len(self._remembered) < _REMEMBERED_KEYS:
            self._remembered[key] = found
        return found
