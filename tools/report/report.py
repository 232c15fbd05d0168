"""All that a report says, as one JSON object; the page shows the same object."""

from collections.abc import Mapping
from datetime import UTC, datetime

from eks_log_forwarder.audit_policy import Policy
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.detection.rule_set import RuleSet
from tools.report.answers import Denials, Latency, Throttling
from tools.report.cost import Covered, cost
from tools.report.event import Reading
from tools.report.findings import Findings
from tools.report.lines import Line
from tools.report.savings import Policies
from tools.report.tops import TIME
from tools.report.volume import Volume
from tools.report.workloads import Controllers, Pending


class Report:
    """Counts lines one by one; it keeps counts and a few examples, never the lines."""

    def __init__(self, source: str, rules: RuleSet, policies: Mapping[str, Policy]) -> None:
        """`source` says in words where the lines come from."""
        self.source = source
        self.lines = 0
        self._bytes = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._covered = Covered()
        self._reading = Reading(Matcher(rules))
        self.volume, self.findings = Volume(), Findings(rules.rules)
        self.denials, self.throttling, self.latency = Denials(), Throttling(), Latency()
        self.pending, self.controllers = Pending(), Controllers()
        self.policies = Policies(policies)

    def add(self, line: Line) -> None:
        """Counts one line."""
        event = self._reading.event(line)
        self.lines += 1
        self._bytes += event.size_bytes
        if event.time is not None:
            self._first = min(self._first or event.time, event.time)
            self._last = max(self._last or event.time, event.time)
            self._covered.add(event.time)
        for part in (
            self.volume,
            self.findings,
            self.denials,
            self.throttling,
            self.latency,
            self.pending,
            self.controllers,
        ):
            part.add(event)
        self.policies.add(event.message, event.parsed, detected=bool(event.detections))

    def as_json(self, made_at: datetime, rows: int = 15) -> dict[str, object]:
        """The report; each list has at most `rows` entries, except hours and detections."""
        return {
            "source": self.source,
            "made_at": _time(made_at),
            "lines": self.lines,
            "bytes": self._bytes,
            "first": _time(self._first),
            "last": _time(self._last),
            "volume": self.volume.as_json(rows),
            "detections": self.findings.as_json(),
            "denials": self.denials.as_json(rows),
            "throttling": self.throttling.as_json(rows),
            "latency": self.latency.as_json(),
            "pending": self.pending.as_json(rows),
            "controllers": self.controllers.as_json(rows),
            "audit_policies": self.policies.as_json(rows),
            "cost": cost(self.lines, self._bytes, self._covered.seconds),
        }


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime(TIME) if moment else ""
