"""The stages that turn one log event into a record.

parse        reads a typed header of the message; a message that does not parse is forwarded as text
detect       names the matching rules on the record
policy       keeps, trims or drops the event; never a denial, never a detection of level medium or above
redact       removes tokens and Secret data from the remaining text
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.leftover import NOT_ENCODABLE, Cause, Leftover
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.errors import describe
from eks_log_forwarder.intake.log_stream import LogStream
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Detection, Record, is_serious, record_of
from eks_log_forwarder.telemetry.tally import Tally, count_api_request

if TYPE_CHECKING:
    # a function without a policy does not import the package
    from eks_log_forwarder.audit_policy import Policy

type Match = Callable[[LogType, Parsed, LogEvent], list[Detection]]
"""The detections of an event, from its log type, its parsed form and the event itself."""

type Redact = Callable[[str, AuditHeader | None], tuple[str, int]]
"""The message without secrets, and how many were removed; without any, the same string object."""


class Stages(msgspec.Struct, frozen=True):
    """The stages that the settings switch on; None switches a stage off."""

    log_types: frozenset[LogType]
    match: Match | None = None
    policy: "Policy | None" = None
    redact: Redact | None = None
    region: str = ""  # of the function; a record has it unless its event names another one

    def selects(self, log_type: LogType) -> bool:
        """Whether lines of this log type are forwarded; lines of an unknown stream always are."""
        return log_type in self.log_types or log_type is LogType.UNKNOWN

    def record(self, event: LogEvent, stream: LogStream, tally: Tally) -> Record | None:
        """The record of an event; None if the policy drops it, which is counted."""
        parsed = parse(stream.log_type, event)
        message = event.message
        if parsed.audit is not None:
            count_api_request(parsed.audit, tally.api_requests)
            tally.api_answers.count(parsed.audit)
        detections = [] if self.match is None else self.match(stream.log_type, parsed, event)
        if detections:
            tally.detections.add(detections)
        if self.policy is not None and parsed.audit is not None:
            kept = self.policy.apply(
                message, parsed.audit, detected=any(map(is_serious, detections)), truncated=parsed.truncated
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
        rules = [detection.rule for detection in detections] if detections else []
        return record_of(stream, event, parsed, redactions, rules, self.region)


class Encoding(msgspec.Struct):
    """Takes the events of one stream through the stages and the destination's encoder, until the deadline.

    No event can hold back another: one on which a stage or the encoder raises is in `unencodable`, and what
    comes after the deadline is in `untried`, both as CloudWatch sent them.
    """

    stages: Stages
    destination: Destination
    stream: LogStream
    deadline: Deadline
    tally: Tally
    unencodable: list[Leftover] = msgspec.field(default_factory=list)
    untried: list[LogEvent] = msgspec.field(default_factory=list)

    def encode(self, events: Sequence[LogEvent]) -> Iterator[tuple[LogEvent, bytes]]:
        """Each event that is forwarded, in order, as the destination receives it."""
        clock, end = self.deadline.clock, self.deadline.at
        for position, event in enumerate(events):
            if clock() >= end:
                self.untried += events[position:]
                return
            try:
                record = self.stages.record(event, self.stream, self.tally)
                encoded = None if record is None else self.destination.encode(record)
            except Exception as error:  # noqa: BLE001  # whatever it is, the other events must arrive
                self.unencodable.append(
                    Leftover([event], Cause.REJECTED, NOT_ENCODABLE, f"{NOT_ENCODABLE}: {describe(error)}")
                )
                continue
            if encoded is not None:
                yield event, encoded
