"""What every destination says: how a record is encoded, what a request is, what an answer means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.outcomes import Outcome
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request


@dataclass(frozen=True, slots=True)
class Pending:
    """The collector has the batch and will say later what became of it.

    After `pause_seconds` it is asked with the request that `ask` makes, and `understand` reads its answer;
    a batch that is still pending when the time is up is Unreachable, for `reason`.
    """

    ask: Callable[[Credentials], Request]
    understand: Callable[[Answer], "Outcome | Pending"]
    pause_seconds: float
    reason: str


class Destination(Protocol):
    """A collector. Adding one is one module here and one line in the registry."""

    @property
    def max_events_per_request(self) -> int | None:
        """How many events a request can hold; None where only the settings bound it."""

    def encode(self, record: Record) -> bytes:
        """One record as it will stand in a request's body."""

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The request that carries these records, compressed where the settings say so."""

    def outcome(self, answer: Answer, events: int) -> Outcome | Pending:
        """What an answer means for the batch of so many events that it answers."""
