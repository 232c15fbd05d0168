"""Events of FilterLogEvents, gathered into payloads like those of CloudWatch's own subscriptions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eks_log_forwarder.intake.payload import SEEN_BEFORE
from tools.stack import Stack

# An asynchronous payload may have 1 MB; this much text fits even if gzip does not make it smaller.
MAX_TEXT_BYTES = 400_000
# So much is read before it is sent. What was read and not yet sent is read again after an interruption.
_CHUNK_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Payloads that are sent before the next chunk is read; `last_ms` is the time of its last event."""

    payloads: list[dict[str, Any]]
    last_ms: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What the payloads of a replay have in common."""

    stack: Stack
    log_group: str
    filter_name: str
    seen: bool = False

    def payload(self, stream: str, events: list[dict[str, object]]) -> dict[str, Any]:
        """A payload with events of one stream."""
        return {
            "messageType": "DATA_MESSAGE",
            "owner": self.stack.account,
            "logGroup": self.log_group,
            "logStream": stream,
            "subscriptionFilters": [self.filter_name, *([SEEN_BEFORE] if self.seen else [])],
            "logEvents": events,
        }


def chunks(events: Iterable[Mapping[str, Any]], origin: Origin) -> Iterator[Chunk]:
    """The events in payloads of one stream each, in the order of the stream."""
    waiting: list[Mapping[str, Any]] = []
    size_bytes = 0
    for event in events:
        waiting.append(event)
        size_bytes += len(event["message"].encode())
        if size_bytes >= _CHUNK_BYTES:
            yield _chunk(waiting, origin)
            waiting, size_bytes = [], 0
    if waiting:
        yield _chunk(waiting, origin)


def _chunk(events: list[Mapping[str, Any]], origin: Origin) -> Chunk:
    by_stream: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        by_stream.setdefault(event["logStreamName"], []).append(event)
    payloads = [origin.payload(stream, part) for stream, found in by_stream.items() for part in _parts(found)]
    return Chunk(payloads, events[-1]["timestamp"])


def _parts(events: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, object]]]:
    part: list[dict[str, object]] = []
    size_bytes = 0
    for event in events:
        size = len(event["message"].encode())
        if part and size_bytes + size > MAX_TEXT_BYTES:
            yield part
            part, size_bytes = [], 0
        part.append({"id": event["eventId"], "timestamp": event["timestamp"], "message": event["message"]})
        size_bytes += size
    yield part
