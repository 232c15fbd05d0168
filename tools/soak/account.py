"""What the soak found: counts of events, and the memory of the process in which the functions run."""

import io
import json
import os
import resource
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1_000_000
_KIBIBYTE = 1024

# What a run may differ by from its first quarter on: freed memory that the allocator keeps for later.
MOST_GROWTH = 0.1


class Summaries(io.TextIOBase):
    """Takes what the functions print, and adds up their summary lines; the rest is forgotten."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()

    @override
    def write(self, text: str) -> int:
        if '"message":"summary"' in text:
            summary = json.loads(text)
            self.totals.update({name: value for name, value in summary.items() if type(value) is int})
        return len(text)


def memory_mb() -> float:
    """What this process holds of memory now."""
    resident_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return resident_pages * _PAGE_BYTES / _MEGABYTE


def peak_memory_mb() -> float:
    """The most that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE / _MEGABYTE


@dataclass(slots=True)
class Found:
    """What became of the events; `forwarded` and `redriven` are the sums of the functions' own accounts."""

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
    peak_mb: float = field(default_factory=peak_memory_mb)
    memory_mb: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """How much more memory there was at the end than after the first quarter, as a part of it."""
        return max(self.memory_mb) / self.memory_mb[0] - 1

    def rows(self) -> dict[str, str]:
        """What to print, by name."""
        return {
            "received": f"{self.forwarded['received']:,} events",
            "delivered": f"{self.forwarded['delivered']:,} at once",
            "parked": f"{self.forwarded['parked']:,}",
            "redriven": f"{self.redriven['delivered']:,}",
            "rejected for good": f"{self.dead:,} of {self.poison:,} that the collector never takes",
            "duplicates": f"{self.duplicates:,}, by answers that did not come or not in full",
            "arrived": f"{self.arrived:,}",
            "lost": f"{self.lost:,}",
            "requests": f"{self.requests:,}, of which the collector failed {self.failed_requests:,}",
            "speed": f"{self.put_in / self.seconds:,.0f} events/s, failures included",
            "peak memory": f"{self.peak_mb:.0f} MB",
            "memory at 25, 50, 75, 100 %": " ".join(f"{one:.0f}" for one in self.memory_mb)
            + f" MB ({self.growth:+.1%})",
        }

    def faults(self) -> list[str]:
        """What must not be."""
        accounts = {
            f"{self.lost} events are lost": self.lost,
            "the queue is not empty": not self.queue_is_empty,
            "the function did not count what was put in": self.forwarded["received"] != self.put_in,
            "the function's account does not add up": self.put_in
            != self.forwarded["delivered"] + self.forwarded["parked"],
            "the dead letters are not what the collector never takes": self.dead != self.poison,
            "nothing was parked, so the soak has shown nothing": not self.forwarded["parked"],
            "the collector failed no request": not self.failed_requests,
            f"memory grows by more than {MOST_GROWTH:.0%}": self.growth > MOST_GROWTH,
        }
        return [fault for fault, there in accounts.items() if there]
