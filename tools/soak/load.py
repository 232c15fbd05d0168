"""The load of the soak test: payloads of audit lines with the ids 0, 1, 2 and so on, some of them poison."""

import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from tools.make_event import Source, data_message, encode_event, example_lines, stream_name

EVENTS_PER_PAYLOAD = 200
POISON = "an event that the collector never takes"
_POISON_EVERY = 2_001


def poison_among(events: int) -> int:
    """The number of poison events among the first `events`."""
    return events // _POISON_EVERY


def payloads() -> Iterator[dict[str, Any]]:
    """The events of the forward function, without end."""
    lines = example_lines("audit")
    poison = f'I0114 10:00:00.000000      11 soak.go:1] "{POISON}"'
    stream = stream_name("audit", "demo")
    for first in count(0, EVENTS_PER_PAYLOAD):
        numbers = range(first, first + EVENTS_PER_PAYLOAD)
        messages = [lines[n % len(lines)] if (n + 1) % _POISON_EVERY else poison for n in numbers]
        payload = data_message(messages, Source(stream, start_ms=int(time.time() * 1000), step_ms=0))
        for number, event in zip(numbers, payload["logEvents"], strict=True):
            event["id"] = f"{number:056}"
        yield json.loads(encode_event(payload))
