"""How long to wait before a request is retried."""

from collections.abc import Callable
from random import uniform

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """Exponential back-off with full jitter: a random pause between 0 and `base * 2**n`, at most `cap`.

    Full jitter spreads the retries of many containers, so that a recovering collector does not receive
    all of them at once (AWS Architecture Blog, "Exponential Backoff And Jitter").
    """

    base_seconds: float = 0.2
    cap_seconds: float = 5.0
    random: Callable[[float, float], float] = uniform

    def pause_seconds(self, attempt: int, retry_after_seconds: float | None = None) -> float:
        """The pause after attempt n (the first is 0), at least as long as the collector's Retry-After."""
        jittered = self.random(0.0, min(self.cap_seconds, self.base_seconds * 2.0**attempt))
        return max(jittered, retry_after_seconds or 0.0)
