"""The soak's load: payloads of audit lines, whose ids are the numbers from 0 on, and poison among them."""

import json
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from tools.make_event import EVENTS, Source, data_message, encode_event, read_lines, stream_name
from tools.soak.collector import POISON

EVENTS_PER_PAYLOAD = 200
_POISON_EVERY = 2_001


def poison_among(events: int) -> int:
    """How many of the first so many events the collector never takes."""
    return events // _POISON_EVERY


def payloads() -> Iterator[dict[str, Any]]:
    """Invocation after invocation, without end."""
    lines = read_lines(EVENTS / "lines" / "audit.log")
    poisonous = f'I0114 10:00:00.000000      11 soak.go:1] "{POISON}"'
    stream = stream_name("audit", "demo")
    for first in count(0, EVENTS_PER_PAYLOAD):
        numbers = range(first, first + EVENTS_PER_PAYLOAD)
        messages = [
            lines[number % len(lines)] if (number + 1) % _POISON_EVERY else poisonous for number in numbers
        ]
        source = Source(stream, start_ms=int(time.time() * 1000), step_ms=0)
        payload = data_message(messages, source)
        for number, event in zip(numbers, payload["logEvents"], strict=True):  # type: ignore[call-overload]  # a list
            event["id"] = f"{number:056}"
        event_of_payload: dict[str, Any] = json.loads(encode_event(payload))
        yield event_of_payload
