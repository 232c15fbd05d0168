"""Detection lines as the forward function prints them, for the tests of the notify function."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Details, Detection, RuleRef
from eks_log_forwarder.telemetry.detection_line import DetectionLine, alert_of, line_fields
from eks_log_forwarder.telemetry.tally import Tally

DETAILS = Details(
    region="eu-central-1",
    verb="create",
    groups=["platform-team", "system:authenticated"],
    arn="arn:aws:sts::111122223333:assumed-role/Operator/mallory",
    session="mallory",
    source_addresses=["203.0.113.77"],
    user_agent="kubectl/v1.31.0",
    response_code=201,
    time="2026-01-14T10:00:00.123456Z",
)


def message(  # noqa: PLR0913  # what the tests vary
    *,
    rule: str = "rule-1",
    title: str = "Binding to cluster-admin",
    level: str = "high",
    actor: str = "mallory@example.com",
    cluster: str = "prod",
    log_type: LogType = LogType.AUDIT,
    target: str = "clusterrolebindings backdoor",
    details: Details = DETAILS,
) -> str:
    """One line of the log."""
    detection = Detection(RuleRef(rule, title, level, []), "event-1", actor, target, lambda: details)
    own = {"level": "WARNING", "message": "detection", "service": "eks-logs"}
    return json.dumps(own | line_fields(detection, Tally(cluster, log_type, account="111122223333")))


def line(**varied: object) -> DetectionLine:
    """The same line as the notify function reads it."""
    found = alert_of(message(**varied))  # type: ignore[arg-type]  # as above
    assert found is not None
    return found


def events(*messages: str) -> list[LogEvent]:
    """Log events with these messages."""
    return [LogEvent(str(number), 1_768_384_800_000, text) for number, text in enumerate(messages)]


@dataclass(slots=True)
class Recorder:
    """Channels that keep what they are given, and answer with the scripted faults first."""

    mail_faults: list[str] = field(default_factory=list)
    event_faults: list[str] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)
    details: list[dict[str, object]] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)

    def mail(self, subject: str, text: str) -> str:
        """Keeps a mail, unless a fault is next."""
        if self.mail_faults and (fault := self.mail_faults.pop(0)):
            return fault
        self.mails.append((subject, text))
        return ""

    def put_events(self, details: Sequence[str]) -> list[str]:
        """Keeps the events that have no fault."""
        self.batches.append(len(details))
        answers = []
        for detail in details:
            fault = self.event_faults.pop(0) if self.event_faults else ""
            answers.append(fault)
            if not fault:
                self.details.append(json.loads(detail))
        return answers
