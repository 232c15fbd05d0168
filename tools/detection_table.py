"""The detections that received records name, as a table."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "", "informational": ""}
_LEVELS = list(_COLOURS)


def detection_counts(records: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Level, title and number of records of each detected rule, the most severe first."""
    found = Counter((one["level"], one["title"]) for record in records for one in _detections(record))
    ordered = sorted(found.items(), key=lambda item: (_LEVELS.index(item[0][0]), -item[1], item[0][1]))
    return [(level, title, count) for (level, title), count in ordered]


def _detections(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = record.get("detections", [])
    if isinstance(named, str):  # Loki's structured metadata holds only text
        return [detection for detection in json.loads(named) if isinstance(detection, dict)]
    return list(named)


def detection_table(records: Iterable[Mapping[str, Any]]) -> Table:
    """The counts as a table; the titles are those of the rules' files."""
    table = Table("level", "rule", title="Detections in these lines")
    table.add_column("lines", justify="right")
    for level, title, count in detection_counts(records):
        table.add_row(Text(level, style=_COLOURS[level]), Text(title), str(count))
    return table
