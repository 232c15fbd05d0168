"""Remembers what was told, so that the same rule, actor and cluster is told once an hour.

The memory is that of one container: another one tells the same again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from eks_log_forwarder.notifying.alerts import Alert, Key

HOUR_SECONDS = 3600
MAX_KEYS = 1000  # a client can choose actors; beyond this number, what was told first is forgotten


@dataclass(slots=True)
class _Told:
    at: float
    request: str  # the last one that was counted; a retry of Lambda has the same id
    more: int = 0


class OnceAnHour:
    """What one channel (mails, or events) has told."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._told: dict[Key, _Told] = {}

    def __len__(self) -> int:
        return len(self._told)

    def more_of(self, alert: Alert, request: str) -> int | None:
        """How many detections to name beside the first one, or None if the alert was told within the hour.

        In the second case its detections are counted for the next time, once for each request.
        """
        told = self._told.get(alert.key)
        if told is None:
            return alert.count - 1
        if self._clock() - told.at >= HOUR_SECONDS:
            return alert.count - 1 + told.more
        if told.request != request:
            told.request = request
            told.more += alert.count
        return None

    def remember(self, alert: Alert, request: str) -> None:
        """Notes that the alert was told."""
        self._told.pop(alert.key, None)
        self._told[alert.key] = _Told(self._clock(), request)
        if len(self._told) > MAX_KEYS:
            del self._told[next(iter(self._told))]
