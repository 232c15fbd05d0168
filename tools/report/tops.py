"""Counts by texts that a client of the cluster can choose: bounded in number, redacted when shown."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from eks_log_forwarder.redaction import redact

MAX_KEYS = 20_000
MAX_CHARACTERS = 200
OTHERS = "(others)"
NONE = "(none)"
TIME = "%Y-%m-%d %H:%M:%S"  # UTC, as everywhere in the report

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@lru_cache(4096)
def shown(text: str) -> str:
    """A text of a log line for a reader: without secrets and control characters, and bounded in length."""
    clean = _CONTROL.sub(" ", redact(text)[0]).strip() or NONE
    return clean if len(clean) <= MAX_CHARACTERS else f"{clean[:MAX_CHARACTERS]}…"


class Tops:
    """Events and bytes by key. After MAX_KEYS keys, further ones count together."""

    def __init__(self, *names: str) -> None:
        """`names` are those of a key's parts in JSON."""
        self._names = names
        self._counts: dict[tuple[str, ...], list[int]] = {}

    def add(self, *key: str, size_bytes: int = 0) -> None:
        """Counts one event."""
        found = self._counts.get(key)
        if found is None:
            if len(self._counts) >= MAX_KEYS:
                key = (OTHERS,) * len(key)
            found = self._counts.setdefault(key, [0, 0])
        found[0] += 1
        found[1] += size_bytes

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], int, int]]:
        """Each key with its events and bytes, the most bytes first, then the most events."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
        return ((key, events, size) for key, (events, size) in ordered)

    def __len__(self) -> int:
        return len(self._counts)

    def total(self) -> int:
        """The events of all keys."""
        return sum(events for events, _ in self._counts.values())

    def as_json(self, rows: int) -> list[dict[str, Any]]:
        """The first `rows` keys, and the rest together."""
        found = list(self)
        if rest := found[rows:]:
            others = (f"({len(rest)} others)", *[""] * (len(self._names) - 1))
            found[rows:] = [(others, sum(one[1] for one in rest), sum(one[2] for one in rest))]
        return [
            dict(zip(self._names, (shown(part) if part else "" for part in key), strict=True))
            | {"events": events}
            | ({"bytes": size} if size else {})
            for key, events, size in found
        ]
