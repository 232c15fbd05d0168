"""The result of the soak test: counts of events, and the memory of the process that runs the functions."""

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import override

# The growth allowed after the first quarter: the allocator keeps some freed memory.
MAX_GROWTH = 0.1


class Summaries(io.TextIOBase):
    """A stream for what the functions print: adds up their summary lines and ignores the rest."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()

    @override
    def write(self, text: str) -> int:
        if '"message":"summary"' in text:
            summary = json.loads(text)
            self.totals.update({name: value for name, value in summary.items() if type(value) is int})
        return len(text)


@dataclass(slots=True)
class Balance:
    """Where the events ended up; `forwarded` and `redriven` are the sums of the functions' own summaries.

    `loaded` events were put in within `seconds`; the others in an outage at the end. `drained_messages` and
    `drained_events` left the queue after the collector had recovered, in `drain_seconds` of the handler.
    """

    put_in: int
    poison: int
    forwarded: Counter[str]
    redriven: Counter[str]
    arrived: int
    duplicates: int
    dead: int
    lost: int
    queue_is_empty: bool
    requests: int
    failed_requests: int
    seconds: float
    peak_mb: float
    loaded: int
    drained_messages: int
    drained_events: int
    drain_seconds: float
    memory_mb: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """The growth of memory after the first quarter, as a fraction."""
        return max(self.memory_mb) / self.memory_mb[0] - 1

    def rows(self) -> dict[str, str]:
        """The lines to print, by name."""
        return {
            "received": f"{self.forwarded['EventsReceived']:,} events",
            "delivered": f"{self.forwarded['EventsDelivered']:,} without parking",
            "parked": f"{self.forwarded['EventsParked']:,}",
            "redriven": f"{self.redriven['EventsRedriven']:,}",
            "dead letters": f"{self.dead:,}, and {self.poison:,} poison events were sent",
            "duplicates": f"{self.duplicates:,}, after missing or incomplete answers",
            "arrived": f"{self.arrived:,}",
            "lost": f"{self.lost:,}",
            "drain": f"{self.drained_events:,} events in {self.drained_messages:,} messages,"
            f" {self.drain_seconds:.1f} s in the redrive",
            "requests": f"{self.requests:,}; the collector failed {self.failed_requests:,} of them",
            "speed": f"{self.loaded / self.seconds:,.0f} events/s, failures included",
            "peak memory": f"{self.peak_mb:.0f} MB",
            "memory at 25, 50, 75, 100 %": " ".join(f"{one:.0f}" for one in self.memory_mb)
            + f" MB ({self.growth:+.1%})",
        }

    def faults(self) -> list[str]:
        """Everything that makes the run a failure."""
        checks = {
            f"{self.lost} events are lost": self.lost,
            "the queue is not empty": not self.queue_is_empty,
            "the function did not count every event that was sent": self.forwarded["EventsReceived"]
            != self.put_in,
            "delivered and parked do not add up to the events sent": self.put_in
            != self.forwarded["EventsDelivered"] + self.forwarded["EventsParked"],
            "the dead letters are not the poison events": self.dead != self.poison,
            "nothing was parked, so the run proves nothing": not self.forwarded["EventsParked"],
            "the collector failed no request": not self.failed_requests,
            f"memory grows by more than {MAX_GROWTH:.0%}": self.growth > MAX_GROWTH,
        }
        return [fault for fault, is_true in checks.items() if is_true]
