"""What a container remembers of its destination: whether it is down, and what it accepted last.

Without this memory, every invocation in an outage retries for its whole retry budget. With it, only the first
does. After that the container makes one short attempt a minute and parks all other events at once: parking
loses nothing, and waiting costs money and the account's concurrency. The state belongs to one container, so N
containers make N attempts a minute.
"""

from collections.abc import Callable
from enum import Enum, auto
from time import time

import msgspec

from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure

CIRCUIT_OPEN = "circuit_open"  # the reason of events that were parked without an attempt
PROBE_INTERVAL_SECONDS = 60.0
PROBE_CONNECT_TIMEOUT_SECONDS = 2.0

_SERVER_ERROR = 500  # RFC 9110, section 15.6
_OUT_OF_REACH = frozenset(
    {
        Failure.ANSWER_CUT,
        Failure.ANSWER_TIMEOUT,
        Failure.CONNECTION_REFUSED,
        Failure.CONNECTION_RESET,
        Failure.CONNECTION_TIMEOUT,
        Failure.NAME_NOT_RESOLVED,
        Failure.PROXY_ANSWER_TIMEOUT,
        Failure.PROXY_AUTHENTICATION,
        Failure.PROXY_CANNOT_CONNECT,
        Failure.PROXY_CONNECTION_REFUSED,
        Failure.PROXY_CONNECTION_RESET,
        Failure.PROXY_CONNECTION_TIMEOUT,
        Failure.PROXY_DENIED,
        Failure.PROXY_NAME_NOT_RESOLVED,
        Failure.TLS,
    }
)


class Gate(Enum):
    """What a batch may do."""

    CLOSED = auto()  # the circuit is closed: send it, with retries
    PROBE = auto()  # the circuit is open, and an attempt is due: one attempt without retry
    OPEN = auto()  # the circuit is open: no attempt


class CircuitBreaker(HiddenFields, msgspec.Struct):
    """One per container and destination; `last_accepted` is one encoded event that the destination accepted.

    `refuses_all` says that a batch was refused event by event, and nothing was accepted since.

    The clock is the wall clock, because a monotonic clock may stand still while Lambda freezes the container.
    If the wall clock is set back, the next attempt is due at once.
    """

    hidden = ("last_accepted",)

    clock: Callable[[], float] = time
    last_accepted: bytes | None = None
    refuses_all: bool = False
    interval_seconds: float = PROBE_INTERVAL_SECONDS
    _last_attempt: float | None = None  # None: closed

    @property
    def rests(self) -> bool:
        """Whether the circuit is open and no attempt is due."""
        if self._last_attempt is None:
            return False
        return 0 <= self.clock() - self._last_attempt < self.interval_seconds

    def gate(self) -> Gate:
        """What the next batch may do; a probe is granted once per interval."""
        if self._last_attempt is None:
            return Gate.CLOSED
        if self.rests:
            return Gate.OPEN
        self._last_attempt = self.clock()
        return Gate.PROBE

    def open(self) -> None:
        """The destination is out of reach, and the retries did not help."""
        self._last_attempt = self.clock()

    def close(self) -> None:
        """The destination answers."""
        self._last_attempt = None

    def accept(self, encoded: bytes) -> None:
        """The destination accepted this event."""
        self.last_accepted = encoded
        self.refuses_all = False
        self.close()


def is_out_of_reach(result: Answer | Failure) -> bool:
    """Whether a result opens the circuit: a failed connection, a time-out or a 5xx.

    A 401, 403 or 429 comes from a destination that is up; each has its own rule.
    """
    if isinstance(result, Failure):
        return result in _OUT_OF_REACH
    return result.status >= _SERVER_ERROR
