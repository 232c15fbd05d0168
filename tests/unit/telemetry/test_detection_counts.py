"""The detections of a payload: all counted, a bounded number kept."""

import gc

from eks_log_forwarder.record.record import Detection, RuleRef
from eks_log_forwarder.telemetry.detection_counts import DetectionCounts

LEVELS = ("informational", "low", "medium", "high", "critical")
RULES = {level: RuleRef(f"rule-{level}", "Title", level, []) for level in LEVELS}


def detections(level: str, count: int) -> list[Detection]:
    """So many detections of one rule."""
    return [Detection(RULES[level], f"{number}", "ana", "pods") for number in range(count)]


def test_counts_every_detection_by_rule_and_level() -> None:
    """However many are kept."""
    found = DetectionCounts(detections("low", 1500))
    found.add(detections("high", 250))
    assert len(found) == 1750
    assert found.by_level == {"low": 1500, "high": 250}
    assert found.by_rule == {"rule-low": 1500, "rule-high": 250}


def test_keeps_the_gravest_first_and_the_order_within_a_level() -> None:
    """A late critical detection comes before a hundred low ones."""
    found = DetectionCounts(detections("low", 500))
    found.add(detections("critical", 2))
    assert found.gravest() == [*detections("critical", 2), *detections("low", 98)]


def test_holds_at_most_a_hundred_of_each_level() -> None:
    """Counted in objects: a payload of 100,000 detections leaves no more than one of 1,000."""

    def objects_after(count: int) -> int:
        found = DetectionCounts()
        for level in LEVELS:
            found.add(detections(level, count))
        gc.collect()
        return sum(isinstance(thing, Detection) for thing in gc.get_referrers(*RULES.values()))

    assert objects_after(20_000) == objects_after(200) == 500
