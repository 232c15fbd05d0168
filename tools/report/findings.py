"""The detections by rule, with examples, and the Sigma filter that would silence the noisiest rule."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.record.record import Detection
from tools.report.event import Event
from tools.report.silencing import Origin, origin_of, sigma_filter
from tools.report.tops import MAX_KEYS, TIME, shown

LEVELS = ("critical", "high", "medium", "low", "informational")
MAX_EXAMPLES = 3


@dataclass(slots=True)
class Hits:
    """The matches of one rule: their number, the first of different actors, and where they come from."""

    count: int = 0
    examples: list[dict[str, object]] = field(default_factory=list)
    origins: dict[Origin, int] = field(default_factory=dict)

    def add(self, event: Event, detection: Detection) -> None:
        """Counts one match."""
        self.count += 1
        origin = origin_of(event)
        if origin is not None and (origin in self.origins or len(self.origins) < MAX_KEYS):
            self.origins[origin] = self.origins.get(origin, 0) + 1
        actor = shown(detection.actor)
        if len(self.examples) < MAX_EXAMPLES and actor not in {one["actor"] for one in self.examples}:
            self.examples.append(_example(event, detection, actor))

    def main_origin(self) -> tuple[Origin | None, int]:
        """The origin of the most matches, and their number."""
        return max(self.origins.items(), key=lambda item: item[1], default=(None, 0))


def _example(event: Event, detection: Detection, actor: str) -> dict[str, object]:
    example: dict[str, object] = {
        "time": event.time.strftime(TIME) if event.time else "",
        "actor": actor,
        "target": shown(detection.target),
    }
    if (header := event.audit) is not None:
        status = header.response_status
        example |= {
            "verb": shown(header.verb),
            "code": status.code if status else 0,
            "source": shown(header.source_ips[-1]) if header.source_ips else "",
            "user_agent": shown(header.user_agent),
        }
    elif event.parsed.authenticator is not None:
        example["error"] = shown(event.parsed.authenticator.error)
    elif event.parsed.klog is not None:
        example["error"] = shown(event.parsed.klog.fields.get("err", ""))
    return example


class Findings:
    """Counts the matches of a set of rules."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = {rule.detection.id: rule for rule in rules}
        self.hits: dict[str, Hits] = {}

    def add(self, event: Event) -> None:
        """Counts the detections of one event."""
        for detection in event.detections:
            self.hits.setdefault(detection.rule.id, Hits()).add(event, detection)

    def as_json(self) -> dict[str, Any]:
        """Every rule that matched, the gravest level first, then the most matches; and the filter."""
        ordered = sorted(
            self.hits.items(),
            key=lambda item: (
                LEVELS.index(self._rules[item[0]].detection.level),
                -item[1].count,
                self._rules[item[0]].file,
            ),
        )
        return {
            "rules": len(self._rules),
            "by_rule": [self._as_json(rule, hits) for rule, hits in ordered],
            "silencing": self._silencing(),
        }

    def _as_json(self, rule: str, hits: Hits) -> dict[str, object]:
        return self._named(rule) | {
            "file": self._rules[rule].file,
            "hits": hits.count,
            "examples": hits.examples,
        }

    def _named(self, rule: str) -> dict[str, object]:
        detection = self._rules[rule].detection
        return {"id": rule, "title": detection.title, "level": detection.level}

    def _silencing(self) -> dict[str, object] | None:
        """The filter for the noisiest rule whose matches have an origin that a filter can name."""
        for rule, hits in sorted(self.hits.items(), key=lambda item: -item[1].count):
            origin, silenced = hits.main_origin()
            if origin is not None:
                return self._named(rule) | {
                    "hits": hits.count,
                    "silenced": silenced,
                    "filter": sigma_filter(self._rules[rule], origin, silenced, hits.count),
                }
        return None
