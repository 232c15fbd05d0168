"""The rules of a container, and which of them an event matches."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Self

from eks_log_forwarder.control_plane.audit import AuditHeader, parse_ordinary
from eks_log_forwarder.detection.compiled_rules import build_rules, rules_of
from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.detection.index import AuditIndex, Candidates
from eks_log_forwarder.detection.nodes import Fields
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.detection.source_addresses import Networks
from eks_log_forwarder.detection.text_search import SearchedText
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import RuleRef


class RuleSet:
    """The compiled rules of a folder, created once per container."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._audit = AuditIndex(rule for rule in self.rules if rule.log_type is LogType.AUDIT)
        self._others: dict[LogType, list[Rule]] = {}
        for rule in self.rules:
            if rule.log_type is not LogType.AUDIT:
                self._others.setdefault(rule.log_type, []).append(rule)

    @classmethod
    def load(cls, *folders: Path, disabled: Collection[str] = (), trusted_networks: Networks = ()) -> Self:
        """The rules in the folders' `*.yml` and `*.yaml`, without those whose stem or id is in `disabled`.

        They are read from the first folder's compiled file, which covers all folders within it, if there is
        one. Otherwise pySigma parses them.

        Raises:
            DetectionError: lists every fault of every file, and each name in `disabled` that no rule has.
        """
        return cls(build_rules(rules_of(folders, disabled), frozenset(disabled), trusted_networks))

    def match(
        self,
        log_type: LogType,
        header: AuditHeader | None,
        fields: Fields | None,
        message: str,
        *,
        ordinary: bool | None = None,
    ) -> list[RuleRef]:
        """The detections of one event, in the order of the rules' file names; never raises.

        `header`: the header of an audit event; None if it has none, then the message is decoded.
        `fields`: the parsed line of another log type; for audit, the decoded event if the caller has it.
        If it is None, an audit message is decoded at most once, and only if a rule needs it.
        `ordinary`: whether `parse_ordinary` made the header. Only then is every field of the event in its
        text. None: it is tried again.
        """
        if log_type is not LogType.AUDIT:
            rules = self._others.get(log_type, ())
            return _matching(rules, Event(message, header, fields or {})) if rules else []
        if header is None:
            return _matching(self._audit.rules, Event(message, None, fields))
        candidates = self._audit.candidates(header)
        if not candidates.rules:
            return []
        text = None
        if candidates.search is not None:
            if ordinary is None:
                ordinary = fields is None and parse_ordinary(message) is not None
            text = SearchedText(message) if ordinary else None
        return _of_audit(candidates, header, text, Event(message, header, fields))


def _matching(rules: Iterable[Rule], event: Event) -> list[RuleRef]:
    return [rule.detection for rule in rules if rule.matches(event)]


def _of_audit(
    candidates: Candidates, header: AuditHeader, text: SearchedText | None, event: Event
) -> list[RuleRef]:
    rules = candidates.rules
    if text is not None and candidates.search is not None and not text.may_have_one(candidates.search):
        rules = candidates.without_words
    found = []
    for rule, maybe in rules:
        if maybe is not None and not maybe(header):
            continue
        if rule.header_decides or (
            (text is None or rule.literals is None or text.may_have(rule.literals)) and rule.matches(event)
        ):
            found.append(rule.detection)
    return found
