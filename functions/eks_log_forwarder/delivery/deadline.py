"""Monotonic deadlines: one is created at the start of an invocation and passed down."""

from collections.abc import Callable
from time import monotonic

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from eks_log_forwarder.config.hidden_fields import HiddenFields

# Reserved for parking the remaining events and writing the summary: enough to import boto3 and for a queue
# that does not answer either of its two attempts (parking/queue.py), so that the handler raises before
# Lambda stops it.
RESERVE_SECONDS = 15.0


class Deadline(HiddenFields, msgspec.Struct, frozen=True):
    """A point in time, in seconds of a monotonic clock."""

    hidden = ("clock",)

    at: float
    clock: Callable[[], float] = monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = monotonic) -> "Deadline":
        """The point in time this many seconds from now."""
        return cls(clock() + seconds, clock)

    def within(self, seconds: float) -> "Deadline":
        """The earlier of this deadline and the point in time this many seconds from now."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)

    def remaining_seconds(self) -> float:
        """The seconds left; 0 after the deadline."""
        return max(self.at - self.clock(), 0.0)


def delivery_deadline(context: LambdaContext, *, reserve_seconds: float = RESERVE_SECONDS) -> Deadline:
    """The point in time until which the invocation may try to deliver, so many seconds before its end."""
    return Deadline.after(context.get_remaining_time_in_millis() / 1000 - reserve_seconds)
