"""The counts of one payload: the outcome of every event."""

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.parsing import Parsed
from eks_log_forwarder.errors import TallyError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.telemetry.api_answers import FINISHED, OTHER_VERB, VERBS, ApiAnswers
from eks_log_forwarder.telemetry.detection_counts import DetectionCounts

_RESOURCES = frozenset({"pods", "secrets"})


class Tally(msgspec.Struct):
    """Counts the events of one payload and the requests that delivered them.

    `parked` includes the rejected events that were parked. `kept` events stay in their message, or with
    Lambda when the handler raises. `rejected` includes `rejected_unidentified`: events that a collector
    rejected without saying which, so they can be neither parked nor sent again and remain in CloudWatch
    only. `split` events were delivered in several pieces. `reasons` counts undelivered events by reason.
    `api_requests` counts finished requests by resource and verb; `api_answers` has the throttled ones and the
    latencies. `account` owns the log group.
    """

    cluster: str
    log_type: LogType
    received: int = 0
    delivered: int = 0
    filtered: int = 0
    parked: int = 0
    rejected: int = 0
    kept: int = 0
    rejected_unidentified: int = 0
    split: int = 0
    unparsed: int = 0
    truncated: int = 0
    trimmed: int = 0
    redacted: int = 0
    control_messages: int = 0
    authentication_failures: int = 0
    delivery_attempts: int = 0
    bytes_sent: int = 0
    slowest_request_ms: float = 0.0
    oldest_event_ms: float = 0.0
    parked_age_seconds: float = 0.0
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    details: list[str] = msgspec.field(default_factory=list)
    detections: DetectionCounts = msgspec.field(default_factory=DetectionCounts)
    api_requests: dict[tuple[str, str], int] = msgspec.field(default_factory=dict)
    account: str = ""
    api_answers: ApiAnswers = msgspec.field(default_factory=ApiAnswers)

    def count_parsed(self, parsed: Parsed) -> None:
        """Counts lines that the parser could not read, or not completely."""
        self.unparsed += parsed.parsed is False
        self.truncated += parsed.truncated

    def give_reason(self, reason: str, events: int) -> None:
        """Adds to the number of events that were not delivered for this reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + events

    def forget_findings(self) -> None:
        """Forgets what was published when these events came for the first time: detections and requests."""
        self.detections = DetectionCounts()
        self.api_requests = {}
        self.api_answers = ApiAnswers()

    def answer(self) -> dict[str, object]:
        """What the handler returns; `reasons` only if events were parked."""
        counts = {
            "received": self.received,
            "delivered": self.delivered,
            "filtered": self.filtered,
            "parked": self.parked,
        }
        if not self.parked:
            return {"status": "OK", **counts}
        return {
            "status": "PARKED",
            **counts,
            "reasons": {str(reason): events for reason, events in self.reasons.items()},
        }

    def check(self) -> None:
        """Checks that every received event was counted exactly once.

        Raises:
            TallyError: the counts do not add up.
        """
        settled = self.delivered + self.filtered + self.parked + self.kept + self.rejected_unidentified
        if settled != self.received:
            msg = (
                f"received {self.received}, but delivered {self.delivered} + filtered {self.filtered}"
                f" + parked {self.parked} + kept {self.kept}"
                f" + rejected_unidentified {self.rejected_unidentified} = {settled};"
                " this is a bug, please report it"
            )
            raise TallyError(msg)


def count_api_request(header: AuditHeader, counts: dict[tuple[str, str], int]) -> None:
    """Counts a finished request on pods or secrets themselves, by resource and verb."""
    target = header.object_ref
    if target is None or target.resource not in _RESOURCES or header.stage not in FINISHED:
        return
    if target.subresource or target.api_group:
        return
    verb = header.verb if header.verb in VERBS else OTHER_VERB
    counts[target.resource, verb] = counts.get((target.resource, verb), 0) + 1
