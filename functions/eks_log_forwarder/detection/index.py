"""Rules by the verb, resource and subresource that they may match, so that most events cost one look-up."""

from collections.abc import Iterable, Sequence

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.header_bounds import header_bounds
from eks_log_forwarder.detection.rule import Rule

_FIELDS = frozenset({"verb", "objectRef.resource", "objectRef.subresource"})
# Clients choose verbs and resources freely, so what is remembered of them is bounded.
_REMEMBERED_KEYS = 4096

type _Key = tuple[str, str | None, str | None]


class AuditIndex:
    """The rules for audit events.

    Which of them a verb, resource and subresource leave is found out once, from what the rules ask of these
    three fields alone, and remembered.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._maybe = [header_bounds(rule.node, _FIELDS).maybe for rule in self.rules]
        self._remembered: dict[_Key, Sequence[Rule]] = {}

    def candidates(self, header: AuditHeader) -> Sequence[Rule]:
        """The rules that an event's verb, resource and subresource do not rule out, in order."""
        reference = header.object_ref
        if reference is None:
            key: _Key = (header.verb, None, None)
        else:
            key = (header.verb, reference.resource, reference.subresource)
        found = self._remembered.get(key)
        return self._find(key, header) if found is None else found

    def _find(self, key: _Key, header: AuditHeader) -> Sequence[Rule]:
        found = tuple(rule for rule, maybe in zip(self.rules, self._maybe, strict=True) if maybe(header))
        if len(self._remembered) < _REMEMBERED_KEYS:
            self._remembered[key] = found
        return found
