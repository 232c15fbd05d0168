"""A line as the forwarder reads it: parsed, and with its detections."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.detection.matcher import Matcher
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Detection
from tools.report.lines import Line

UNKNOWN_KLOG = "api, scheduler or controllerManager"


@dataclass(frozen=True, slots=True)
class Event:
    """A line with its parsed form; `log_type` is that of the parsed form and of the detections.

    `time` is None if neither the line nor its source has one. `size_bytes` is the message's in UTF-8.
    """

    message: str
    log_type: LogType
    type_name: str
    time: datetime | None
    size_bytes: int
    parsed: Parsed
    detections: tuple[Detection, ...]

    @property
    def audit(self) -> AuditHeader | None:
        """The header, if this is an audit event."""
        return self.parsed.audit


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads lines with the rules of a matcher."""

    match: Matcher

    def event(self, line: Line) -> Event:
        """The event of a line. If several log types are possible, a matching rule decides between them."""
        event = LogEvent(id="", timestamp=line.timestamp_ms, message=line.message)
        for log_type in line.log_types:
            parsed = parse(log_type, event)
            detections = self.match(log_type, parsed, event)
            if detections:
                break
        else:
            log_type = line.log_types[0]
            parsed, detections = parse(log_type, event), []
        is_sure = bool(detections) or len(line.log_types) == 1
        return Event(
            line.message,
            log_type,
            str(log_type) if is_sure else UNKNOWN_KLOG,
            _moment(line.timestamp_ms) if line.is_dated else _own_time(parsed),
            len(line.message.encode(errors="surrogatepass")),
            parsed,
            tuple(detections),
        )


def _own_time(parsed: Parsed) -> datetime | None:
    """The time that a line states itself."""
    for text in _stated(parsed):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _stated(parsed: Parsed) -> Iterator[str]:
    if parsed.audit is not None:
        yield parsed.audit.stage_timestamp
        yield parsed.audit.request_received_timestamp
    line = parsed.authenticator or parsed.klog
    if line is not None:
        yield line.time


def _moment(timestamp_ms: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
