"""JSON lines in klog streams, and lines of controllers, which write JSON or logrus text.

Sources: zap, zapcore/encoder.go and level.go; Kubernetes, component-base/logs/json; logrus, json_formatter.go
and text_formatter.go; CloudWatch Logs user guide, "Enable logging from AWS services" (`event_timestamp`).
"""

import re
from datetime import UTC, datetime

from eks_log_forwarder.control_plane.audit_event import decode_event
from eks_log_forwarder.control_plane.go_text import MAX_FIELDS, OMITTED_FIELDS, pairs
from eks_log_forwarder.control_plane.klog import KlogLine, scheduling_of
from eks_log_forwarder.encoding import encodable, to_json

_LEVEL_KEYS, _TIME_KEYS, _MESSAGE_KEYS = (
    ("level", "severity"),
    ("ts", "time", "timestamp", "event_timestamp"),
    ("msg", "message"),
)
_SEVERITIES = {
    **dict.fromkeys(("trace", "debug", "info", "notice"), "I"),
    **dict.fromkeys(("warn", "warning"), "W"),
    **dict.fromkeys(("error", "dpanic"), "E"),
    **dict.fromkeys(("panic", "fatal", "critical"), "F"),
}
_VERBOSE = re.compile(r"level\(-[0-9]{1,3}\)")  # zap's name of a level below debug
_LOGRUS = re.compile(r"\s*+(?:time|ts|level)=")
_CALLER = re.compile(r"(.+):([0-9]{1,10})")
_EPOCH_UNITS = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))  # below: seconds, ms, us, ns


def parse_klog_json(message: str) -> KlogLine | None:
    """Parse a JSON line; None unless it has a message, or a level and a time. Never raises.

    `caller` becomes `file` and `line`. Values under `fields` that are not texts are JSON. A time or level in
    an unknown notation stays under `fields`.
    """
    if not message.lstrip().startswith("{"):
        return None
    event = decode_event(message)
    if event is None or not event.whole:
        return None
    try:
        return _line_of(event.fields)
    except RecursionError:  # a value is nested too deep to be written
        return None


def parse_logrus(message: str) -> KlogLine | None:
    """Parse `key=value` pairs; None unless they have a level, and a message or a time. Never raises."""
    found = pairs(message) if _LOGRUS.match(message) else {}
    if "level" not in found or found.keys().isdisjoint({"msg", "time", "ts"}):
        return None
    return _line_of(dict(found))


def _line_of(members: dict[str, object]) -> KlogLine | None:
    level, time, text = (_first(members, keys) for keys in (_LEVEL_KEYS, _TIME_KEYS, _MESSAGE_KEYS))
    if text is None and (level is None or time is None):
        return None
    severity = _severity(_text(members[level]).lower()) if level else ""
    moment = _time(members.get(time)) if time else ""
    file, line = _file_and_line(members.get("caller"))
    used = {level if severity else None, time if moment else None, text, "caller" if file else None}
    fields: dict[str, str] = {}
    for key, value in members.items():
        if key in used or value in (None, ""):
            continue
        if len(fields) == MAX_FIELDS:
            fields[OMITTED_FIELDS] = "true"
            break
        fields[encodable(key)] = _text(value)
    body = _text(members[text]) if text else ""
    return KlogLine(
        severity=severity,
        time=moment,
        file=file,
        line=line,
        message=body,
        fields=fields,
        scheduling=scheduling_of(body, fields.get("err") or fields.get("error", "")),
    )


def _severity(level: str) -> str:
    """Return the letter of klog; empty for an unknown level."""
    return "I" if _VERBOSE.fullmatch(level) else _SEVERITIES.get(level, "")


def _first(members: dict[str, object], keys: tuple[str, ...]) -> str | None:
    """Return the first of the keys that has a value which is not nested."""
    return next((key for key in keys if isinstance(members.get(key), str | int | float)), None)


def _text(value: object) -> str:
    return encodable(value) if isinstance(value, str) else to_json(value).decode()


def _file_and_line(caller: object) -> tuple[str, int]:
    """Split `<file>:<line>`; empty and 0 for any other value."""
    match = _CALLER.fullmatch(caller) if isinstance(caller, str) else None
    return (encodable(match[1]), int(match[2])) if match else ("", 0)


def _time(value: object) -> str:
    """Return a time as RFC 3339 in UTC; empty for an unknown notation."""
    try:
        if isinstance(value, str):
            if value.endswith("Z") and datetime.fromisoformat(value):
                return value
            time = datetime.fromisoformat(value)
            time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            unit = next(unit for bound, unit in _EPOCH_UNITS if abs(value) < bound)
            time = datetime.fromtimestamp(value / unit, UTC)
        else:
            return ""
    except (ValueError, OverflowError, OSError, StopIteration):
        return ""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")
