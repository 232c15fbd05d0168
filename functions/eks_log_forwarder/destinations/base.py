"""What every destination says: how a record is encoded, what a request is, what an answer means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eks_log_forwarder.log_record import Record
from eks_log_forwarder.outcomes import Outcome
from eks_log_forwarder.secrets import Credentials
from eks_log_forwarder.tls import TlsIdentity

MAX_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP POST. URL and headers may hold the token, so neither shows in a repr.

    `max_answer_bytes` is how much of the answer is read; `split_events` is how many of the events stand in
    it in several pieces, because the collector takes none as long as they are. `tls` is set by the delivery.
    """

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    max_answer_bytes: int = field(default=MAX_ANSWER_BYTES, repr=False)
    split_events: int = field(default=0, repr=False)
    tls: TlsIdentity | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the collector answered; `body` holds at most the request's `max_answer_bytes` of it.

    `retry_after_seconds` is the Retry-After header, whether given in seconds or as a date.
    """

    status: int
    body: bytes = field(repr=False)
    retry_after_seconds: float | None = None


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
