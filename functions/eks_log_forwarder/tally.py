"""The account of one payload: what became of every event."""

from collections import Counter
from dataclasses import asdict, dataclass, field

from eks_log_forwarder.errors import TallyError
from eks_log_forwarder.records import LogType


@dataclass(slots=True)
class Tally:
    """Counts of the events of one stream, and what their delivery took.

    `parked` counts the rejected ones too. `kept` stay in their message, or with Lambda when the handler
    raises. `reasons` counts what was not delivered, by reason.
    """

    cluster: str
    log_type: LogType
    received: int = 0
    delivered: int = 0
    filtered: int = 0
    parked: int = 0
    rejected: int = 0
    kept: int = 0
    control_messages: int = 0
    authentication_failures: int = 0
    delivery_attempts: int = 0
    bytes_sent: int = 0
    slowest_request_ms: float = 0.0
    oldest_event_ms: float = 0.0
    parked_age_seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)

    def answer(self) -> dict[str, str | int]:
        """What the handler returns."""
        return {
            "status": "OK",
            "received": self.received,
            "delivered": self.delivered,
            "filtered": self.filtered,
            "parked": self.parked,
        }

    def summary(self) -> dict[str, object]:
        """What the summary line of an invocation says."""
        return asdict(self)

    def check(self) -> None:
        """Sees that every event that was received has been counted once.

        Raises:
            TallyError: the counts do not add up.
        """
        settled = self.delivered + self.filtered + self.parked + self.kept
        if settled != self.received:
            msg = (
                f"received {self.received}, but delivered {self.delivered} + filtered {self.filtered}"
                f" + parked {self.parked} + kept {self.kept} = {settled}; this is a bug, please report it"
            )
            raise TallyError(msg)
