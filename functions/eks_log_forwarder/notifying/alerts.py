"""The detections of one payload, grouped: people are told once of the same rule, actor and cluster."""

from collections.abc import Iterable
from dataclasses import dataclass

from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.telemetry.detection_line import DetectionLine, alert_of

type Key = tuple[str, str, str]
"""Rule, actor and cluster."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The first detection of a group in a payload, and how many the group has."""

    first: DetectionLine
    count: int

    @property
    def key(self) -> Key:
        """What the group has in common. The texts are bounded (`detection/details.py`)."""
        return self.first.rule, self.first.actor, self.first.cluster


def alerts_of(events: Iterable[LogEvent]) -> list[Alert]:
    """The groups of a payload, critical ones first, then in the order of the lines.

    Lines that are no alert are ignored: the filter pattern also matches a text of a client with the word.
    """
    groups: dict[Key, Alert] = {}
    for event in events:
        line = alert_of(event.message)
        if line is None:
            continue
        alert = Alert(line, 1)
        known = groups.get(alert.key)
        groups[alert.key] = alert if known is None else Alert(known.first, known.count + 1)
    return sorted(groups.values(), key=lambda alert: alert.first.rule_level != "critical")
