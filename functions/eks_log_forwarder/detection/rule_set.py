"""The rules of a container, and which of them an event matches."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Self

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.event import Event
from eks_log_forwarder.detection.index import AuditIndex
from eks_log_forwarder.detection.nodes import Fields
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.detection.source_addresses import Networks
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

        Raises:
            DetectionError: lists every fault of every file.
        """
        # pySigma takes a tenth of a second to import, so it is imported only if detections are on.
        from eks_log_forwarder.detection.loading import load_rules  # noqa: PLC0415

        return cls(load_rules(folders, disabled, trusted_networks))

    def match(
        self, log_type: LogType, header: AuditHeader | None, fields: Fields | None, message: str
    ) -> list[RuleRef]:
        """The detections of one event, in the order of the rules' file names; never raises.

        `header`: the header of an audit event; None if it has none, then the message is decoded.
        `fields`: the parsed line of another log type; for audit, the decoded event if the caller has it.
        If it is None, an audit message is decoded at most once, and only if a rule needs it.
        """
        if log_type is LogType.AUDIT:
            candidates = self._audit.rules if header is None else self._audit.candidates(header)
        else:
            candidates = self._others.get(log_type, ())
            fields = fields or {}
        return _matching(candidates, header, fields, message) if candidates else []


def _matching(
    candidates: Sequence[Rule], header: AuditHeader | None, fields: Fields | None, message: str
) -> list[RuleRef]:
    found = []
    event = None
    for rule in candidates:
        if header is not None and rule.maybe is not None:
            if not rule.maybe(header):
                continue
            if rule.header_decides:
                found.append(rule.detection)
                continue
        if event is None:
            event = Event(message, header, fields)
        if rule.matches(event):
            found.append(rule.detection)
    return found
