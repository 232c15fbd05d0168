"""The demo's table of detections counts what the records name."""

import io
from typing import Any

from rich.console import Console

from tools.detection_table import detection_counts, detection_table

RECORDS: list[dict[str, Any]] = [
    {"detections": [{"title": "A", "level": "low"}, {"title": "B", "level": "high"}]},
    {"detections": [{"title": "A", "level": "low"}]},
    {"detections": [{"title": "[red]C", "level": "low"}]},
    {"message": "of a record without any"},
]


def test_counts_rules_the_gravest_first() -> None:
    """Then the most frequent."""
    assert detection_counts(RECORDS) == [("high", "B", 1), ("low", "A", 2), ("low", "[red]C", 1)]


def test_a_title_cannot_style_the_table() -> None:
    """It is shown as it is written."""
    text = io.StringIO()
    Console(file=text, width=80).print(detection_table(RECORDS))
    assert "[red]C" in text.getvalue()


def test_records_without_detections_make_an_empty_table() -> None:
    """As with detections off, or in the format plain."""
    assert detection_counts([{"message": "x"}]) == []
