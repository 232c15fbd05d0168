"""Bounded batches: by the bytes a request will really carry, and by the number of events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from eks_log_forwarder.intake.payload import LogEvent

# What a body has beyond one separator an event: an array's two brackets, less the comma it does not end in.
_ENVELOPE_BYTES = 1


@dataclass(slots=True)
class Batch:
    """The events of one request, in order, and each one as the collector will read it.

    `events[n]` is what CloudWatch handed over for `encoded[n]`.
    """

    events: list[LogEvent] = field(default_factory=list, repr=False)
    encoded: list[bytes] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.events)

    def halves(self) -> tuple["Batch", "Batch"]:
        """The batch cut in two, in order."""
        middle = len(self) // 2
        return (
            Batch(self.events[:middle], self.encoded[:middle]),
            Batch(self.events[middle:], self.encoded[middle:]),
        )

    def only(self, positions: Iterable[int]) -> "Batch":
        """The events at these positions, in the order given."""
        chosen = list(positions)
        return Batch([self.events[n] for n in chosen], [self.encoded[n] for n in chosen])


def batched(
    encoded_events: Iterable[tuple[LogEvent, bytes]], *, max_bytes: int, max_events: int
) -> Iterator[Batch]:
    """Splits a stream of encoded events into batches, in order, without ever holding more than one.

    A batch holds at most `max_events` events and `max_bytes` bytes, separators and brackets included. An
    event that is larger than `max_bytes` by itself makes a batch of its own: the collector decides.
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
