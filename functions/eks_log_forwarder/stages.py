"""What happens to one log event between CloudWatch and the collector, apart from its transport.

parse        a typed header of the message; what does not parse goes on as text
detect       rules that match are named on the record
policy       keep, trim or drop; never a denial, never what a rule has named
redact       tokens and Secret data, in the text that is left
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Detection, Record, record_of
from eks_log_forwarder.telemetry.tally import Tally, count_api_request

if TYPE_CHECKING:
    # a function without a policy does not pay for the package
    from eks_log_forwarder.audit_policy import Policy

type Match = Callable[[LogType, Parsed, LogEvent], list[Detection]]
"""The detections of an event, from its log type, its parsed form and the event itself."""

type Redact = Callable[[str, AuditHeader | None], tuple[str, int]]
"""A message without its secrets, and how many were taken out; the same string where there were none."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages that the settings ask for; None leaves one out."""

    log_types: frozenset[LogType]
    match: Match | None = None
    policy: "Policy | None" = None
    redact: Redact | None = None
    region: str = ""  # of the function; a record has it unless its event names another one

    def selects(self, log_type: LogType) -> bool:
        """Whether lines of a log type are wanted; those of an unknown stream always are."""
        return log_type in self.log_types or log_type is LogType.UNKNOWN

    def record(self, event: LogEvent, stream: LogStream, tally: Tally) -> Record | None:
        """The record of an event; None where the policy drops it, which is counted."""
        parsed = parse(stream.log_type, event)
        message = event.message
        if parsed.audit is not None:
            count_api_request(parsed.audit, tally.api_requests)
        detections = [] if self.match is None else self.match(stream.log_type, parsed, event)
        tally.detections += detections
        if self.policy is not None and parsed.audit is not None:
            kept = self.policy.apply(
                message, parsed.audit, detected=bool(detections), truncated=parsed.truncated
            )
            if kept is None:
                tally.filtered += 1
                return None
            tally.trimmed += kept is not message
            message = kept
        redactions = 0
        if self.redact is not None:
            message, redactions = self.redact(message, parsed.audit)
            tally.redacted += redactions > 0
        if message is not event.message:
            # The record describes the text that is forwarded.
            event = msgspec.structs.replace(event, message=message)
            parsed = parse(stream.log_type, event)
        tally.count_parsed(parsed)
        rules = [detection.rule for detection in detections]
        return record_of(stream, event, parsed, redactions, rules, self.region)
