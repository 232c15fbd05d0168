"""The detections of one payload: all are counted, and the gravest are kept to be printed."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain, islice

from eks_log_forwarder.record.record import Detection

MAX_DETECTION_LINES = 100
_GRAVEST_FIRST = ("critical", "high", "medium", "low", "informational")  # Sigma rules specification, "Level"


class DetectionCounts:
    """Counts detections by rule and by level; keeps at most a hundred of each level.

    The bound holds however many a payload has: each detection has texts that a client chose.
    """

    def __init__(self, detections: Iterable[Detection] = ()) -> None:
        self.by_level: Counter[str] = Counter()
        self.by_rule: Counter[str] = Counter()
        self._kept: dict[str, list[Detection]] = {level: [] for level in _GRAVEST_FIRST}
        self.add(detections)

    def __len__(self) -> int:
        return self.by_level.total()

    def add(self, detections: Iterable[Detection]) -> None:
        """Counts the detections of one event."""
        for detection in detections:
            level = detection.rule.level
            self.by_level[level] += 1
            self.by_rule[detection.rule.id] += 1
            if len(self._kept[level]) < MAX_DETECTION_LINES:
                self._kept[level].append(detection)

    def merge(self, other: "DetectionCounts") -> None:
        """Adds the detections of another payload."""
        self.by_level.update(other.by_level)
        self.by_rule.update(other.by_rule)
        for level, kept in self._kept.items():
            kept.extend(other._kept[level][: MAX_DETECTION_LINES - len(kept)])  # noqa: SLF001  # of this class

    def gravest(self) -> list[Detection]:
        """At most a hundred detections, the gravest first, then in the order of the events."""
        return list(islice(chain.from_iterable(self._kept.values()), MAX_DETECTION_LINES))
