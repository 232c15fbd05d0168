"""Monotonic deadlines: one is made at the start of an invocation and handed down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in time, in seconds of a monotonic clock."""

    at: float
    clock: Callable[[], float] = field(default=monotonic, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = monotonic) -> "Deadline":
        """The point in time that many seconds from now."""
        return cls(clock() + seconds, clock)

    def within(self, seconds: float) -> "Deadline":
        """The point in time that many seconds from now, or this one if it comes first."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)

    def remaining_seconds(self) -> float:
        """What is left; 0 when the time is up."""
        return max(self.at - self.clock(), 0.0)
