"""Batches, bounded by the bytes of the request's body and by the number of events."""

from collections.abc import Iterable, Iterator

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.intake.payload import LogEvent

# Beyond one separator per event: the two brackets of an array, less the comma after its last event.
_ENVELOPE_BYTES = 1


class Batch(HiddenFields, msgspec.Struct):
    """The events of one request, in order; `encoded[n]` is `events[n]` as the collector receives it."""

    events: list[LogEvent] = msgspec.field(default_factory=list)
    encoded: list[bytes] = msgspec.field(default_factory=list)

    def __len__(self) -> int:
        return len(self.events)

    @classmethod
    def of(cls, parts: Iterable["Batch"]) -> "Batch":
        """One batch of all these parts, in order."""
        joined = cls()
        for part in parts:
            joined.events += part.events
            joined.encoded += part.encoded
        return joined

    def halves(self) -> tuple["Batch", "Batch"]:
        """The two halves of the batch, in order."""
        middle = len(self) // 2
        return (
            Batch(self.events[:middle], self.encoded[:middle]),
            Batch(self.events[middle:], self.encoded[middle:]),
        )

    def without(self, position: int) -> "Batch":
        """All events but one, in order."""
        return self.only(n for n in range(len(self)) if n != position)

    def only(self, positions: Iterable[int]) -> "Batch":
        """The events at these positions, in the given order."""
        chosen = list(positions)
        return Batch([self.events[n] for n in chosen], [self.encoded[n] for n in chosen])


def batched(
    encoded_events: Iterable[tuple[LogEvent, bytes]], *, max_bytes: int, max_events: int
) -> Iterator[Batch]:
    """Splits a stream of encoded events into batches, in order, and holds at most one batch.

    A batch holds at most `max_events` events and `max_bytes` bytes, including separators and brackets. A
    single event larger than `max_bytes` becomes a batch by itself, and the collector decides about it.
    """
    batch = Batch()
    size_bytes = _ENVELOPE_BYTES
    for event, encoded in encoded_events:
        event_bytes = len(encoded) + 1
        if batch.events and (size_bytes + event_bytes > max_bytes or len(batch.events) == max_events):
            yield batch
            batch = Batch()
            size_bytes = _ENVELOPE_BYTES
        batch.events.append(event)
        batch.encoded.append(encoded)
        size_bytes += event_bytes
    if batch.events:
        yield batch
