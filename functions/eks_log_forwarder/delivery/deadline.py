"""Monotonic deadlines: one is made at the start of an invocation and handed down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from aws_lambda_powertools.utilities.typing import LambdaContext

# Kept back to park what is left and to write the account: boto3's import, and a queue that does not answer
# within its two attempts (undelivered.py), so that the handler raises before Lambda stops it.
RESERVE_SECONDS = 15.0


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


def delivery_deadline(context: LambdaContext) -> Deadline:
    """Until when the invocation may try to deliver."""
    return Deadline.after(context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS)
