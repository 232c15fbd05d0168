"""A record in one line for a terminal: its time, cluster, log type and gist."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.control_plane.parsing import Parsed, parse
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from tools.listener.bodies import Record

MAX_GIST_CHARACTERS = 2_000  # wider than any terminal; a message may have a million

_KLOG_FILE = re.compile(r"[IWEF]\d{4} \S+\s+\d+ (\S+?)\.go:\d+\]")
_STREAM_HASH = re.compile(r"-[0-9a-f]{32}$")
_EKS_GROUP = re.compile(r"/aws/eks/([^/]+)/")
# Characters that can move the cursor or start an escape sequence: a client chooses what a log line contains.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Line:
    """What is shown of a record; `time` is UTC, `hh:mm:ss.mmm`, or `-` without a timestamp."""

    time: str
    cluster: str
    log_type: str
    gist: str


def line_of(record: Record) -> Line:
    """The record as a line. Never fails: an unknown format is shown as text."""
    gist = _CONTROL.sub(" ", _gist(record)[:MAX_GIST_CHARACTERS]).strip()
    return Line(_time(record.get("timestamp")), _cluster(record), type_shown(record), gist)


def type_shown(record: Record) -> str:
    """The record's log type, else the name of its stream without the hash."""
    named = record.get("logType") or _STREAM_HASH.sub("", str(record.get("logStream", "")))
    return _CONTROL.sub(" ", str(named or "unknown"))[:40]


def _cluster(record: Record) -> str:
    group = _EKS_GROUP.match(str(record.get("logGroup", "")))
    named = record.get("cluster") or (group[1] if group else "-")
    return _CONTROL.sub(" ", str(named))[:100]


def _time(timestamp: object) -> str:
    if not isinstance(timestamp, int):
        return "-"
    try:
        return datetime.fromtimestamp(timestamp / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return "-"


def _gist(record: Record) -> str:
    message = record.get("message")
    if isinstance(message, str) and message:
        parsed = parse(_log_type(record, message), LogEvent(id="", timestamp=0, message=message))
        return (parsed.parsed and _say(parsed)) or message
    parts = {name: record[name] for name in ("audit", "authenticator", "klog") if name in record}
    with suppress(msgspec.ValidationError):
        if said := _say(msgspec.convert(parts, Parsed)):
            return said
    return msgspec.json.encode(record).decode()


def _log_type(record: Record, message: str) -> LogType:
    """The record's log type; a plain record has none, so it is guessed."""
    with suppress(ValueError):
        return LogType(str(record.get("logType")))
    return possible_log_types(message)[0]


def possible_log_types(message: str) -> tuple[LogType, ...]:
    """The possible log types of a line: JSON is audit, `level=` is authenticator, all others are klog.

    A klog line does not name its component.
    """
    if message.startswith("{"):
        return (LogType.AUDIT,)
    if _KLOG_FILE.match(message) is None and "level=" in message:
        return (LogType.AUTHENTICATOR,)
    return (LogType.SCHEDULER, LogType.API, LogType.CONTROLLER_MANAGER)


def _say(parsed: Parsed) -> str:
    if parsed.audit is not None:
        return _say_audit(parsed.audit)
    if (line := parsed.authenticator) is not None:
        return " ".join(filter(None, (line.msg, line.arn, line.username, line.error)))
    return _say_klog(parsed.klog) if parsed.klog is not None else ""


def _say_klog(line: KlogLine) -> str:
    if not line.severity:  # a continuation line
        return ""
    fields = (f"{name}={value}" for name, value in line.fields.items())
    place = f"{line.file}:{line.line}" if line.file else ""
    return " ".join(filter(None, [line.severity, place, line.message, *fields]))


def _say_audit(event: AuditHeader) -> str:
    if not event.verb:
        return ""
    session = event.user.extra.get("sessionName")
    who = f"{event.user.username or '?'}{f' ({session[0]})' if session else ''}"
    ref, status = event.object_ref, event.response_status
    what = filter(None, (ref.resource, ref.namespace, ref.name, ref.subresource) if ref else ())
    code = f" -> {status.code}" if status and status.code else ""
    stage = "" if event.stage in {"", "ResponseComplete"} else f" [{event.stage}]"
    return f"{who} {event.verb} {'/'.join(what) or event.request_uri}{code}{stage}"
