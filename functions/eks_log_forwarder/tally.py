"""The account of one invocation: what became of every event."""

from dataclasses import asdict, dataclass

from eks_log_forwarder.records import LogType


@dataclass(slots=True)
class Tally:
    """Counts of the events of one stream, and what their delivery took; times in milliseconds."""

    cluster: str
    log_type: LogType
    received: int = 0
    delivered: int = 0
    filtered: int = 0
    parked: int = 0
    control_messages: int = 0
    delivery_attempts: int = 0
    bytes_sent: int = 0
    slowest_request_ms: float = 0.0
    oldest_event_ms: float = 0.0

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
