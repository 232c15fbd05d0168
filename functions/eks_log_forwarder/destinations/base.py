"""What every destination implements: encode a record, build a request, interpret an answer."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.outcomes import Outcome, Unreachable
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request


class Pending(msgspec.Struct, frozen=True):
    """The collector has received the batch, and reports later under `ticket` that it is stored.

    `ask` builds one request about several tickets of the same destination. `understand` reads its answer: the
    tickets that are acknowledged, or Unreachable if asking again is of no use. A batch that is not
    acknowledged at the deadline is left over with `reason`.
    """

    ticket: str
    ask: Callable[[Sequence[str], Credentials], Request]
    understand: Callable[[Answer], frozenset[str] | Unreachable]
    reason: str


class Destination(Protocol):
    """A collector. A new one is one module in this folder and one line in the registry."""

    @property
    def max_events_per_request(self) -> int | None:
        """How many events a request can hold; None: only the settings limit it."""

    def encode(self, record: Record) -> bytes:
        """One record as it appears in the body of a request."""

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """The request that carries these records, compressed if the settings say so."""

    def outcome(self, answer: Answer, events: int) -> Outcome | Pending:
        """What an answer means for the batch that was sent; `events` is the number of events in it."""
