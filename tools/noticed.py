"""What the detection rules named in records that arrived, as a table."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

_LEVELS = ("critical", "high", "medium", "low", "informational")
_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow"}


def noticed(records: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Level, title and number of records of each rule that a record names, the gravest first."""
    found = Counter(
        (detection["level"], detection["title"]) for record in records for detection in _detections(record)
    )
    ordered = sorted(found.items(), key=lambda item: (_LEVELS.index(item[0][0]), -item[1], item[0][1]))
    return [(level, title, count) for (level, title), count in ordered]


def _detections(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = record.get("detections", [])
    if isinstance(named, str):  # Loki's structured metadata holds nothing but text
        return [detection for detection in json.loads(named) if isinstance(detection, dict)]
    return list(named)


def noticed_table(records: Iterable[Mapping[str, Any]]) -> Table:
    """The same for people; the titles are those of the rules' files."""
    table = Table(title="What the detection rules noticed in them")
    table.add_column("level")
    table.add_column("rule")
    table.add_column("lines", justify="right")
    for level, title, count in noticed(records):
        table.add_row(Text(level, style=_COLOURS.get(level, "")), Text(title), str(count))
    return table
