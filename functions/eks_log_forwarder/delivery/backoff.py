"""How long to wait before a request is repeated."""

from collections.abc import Callable
from dataclasses import dataclass
from random import uniform


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off with full jitter: anything from nothing to `base * 2**n`, at most `cap`.

    Full jitter spreads the retries of many containers over the whole pause, so that a collector which
    comes back is not hit by all of them at once.
    """

    base_seconds: float = 0.2
    cap_seconds: float = 5.0
    random: Callable[[float, float], float] = uniform

    def pause_seconds(self, attempt: int, retry_after_seconds: float | None = None) -> float:
        """The pause after the n-th attempt (0 is the first); what the collector asks for is the least."""
        jittered = self.random(0.0, min(self.cap_seconds, self.base_seconds * 2.0**attempt))
        return max(jittered, retry_after_seconds or 0.0)
