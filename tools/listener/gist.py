"""A record in one line, for a person at a terminal: its time, cluster, log type and gist."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from tools.listener.bodies import Record

MAX_GIST_CHARACTERS = 2_000  # wider than any terminal; a message may have a million

_LOGRUS = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_KLOG = re.compile(r"([IWEF])\d{4} [\d:.]+ +\d+ ([^\s:]+):(\d+)\] ?(.*)", re.DOTALL)
_STREAM_HASH = re.compile(r"-[0-9a-f]{32}$")
_EKS_GROUP = re.compile(r"/aws/eks/([^/]+)/")
# What could move the cursor or start an escape sequence; a log line's content is anybody's.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class _User(msgspec.Struct):
    username: str = "?"
    extra: dict[str, list[str]] = {}


class _ObjectRef(msgspec.Struct):
    resource: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class _Status(msgspec.Struct):
    code: int = 0


class _Audit(msgspec.Struct):
    """The fields of an audit.k8s.io/v1 Event that tell who did what to what, and with which end."""

    verb: str
    user: _User = msgspec.field(default_factory=_User)
    requestURI: str = ""  # noqa: N815  # the API's names, here and below
    objectRef: _ObjectRef | None = None  # noqa: N815
    responseStatus: _Status | None = None  # noqa: N815
    stage: str = "ResponseComplete"


class _Authenticator(msgspec.Struct):
    msg: str
    arn: str = ""
    username: str = ""
    error: str = ""


class _Klog(msgspec.Struct):
    severity: str
    file: str
    line: int
    message: str


type _Known = _Audit | _Authenticator | _Klog

# Where a record that carries no message has its parsed event.
_SHAPES: dict[str, type[_Known]] = {"audit": _Audit, "authenticator": _Authenticator, "klog": _Klog}


@dataclass(frozen=True, slots=True)
class Line:
    """What is shown of a record; `time` is UTC, `hh:mm:ss.mmm`, or `-` where the record has none."""

    time: str
    cluster: str
    log_type: str
    gist: str


def line_of(record: Record) -> Line:
    """The record as a line. Never fails: what is not understood is shown as text, cut."""
    gist = _CONTROL.sub(" ", _gist(record)[:MAX_GIST_CHARACTERS]).strip()
    return Line(_time(record.get("timestamp")), _cluster(record), log_type_of(record), gist)


def log_type_of(record: Record) -> str:
    """The record's own log type; without one, its stream's name up to the hash."""
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
        return _of_message(message)
    for kind, shape in _SHAPES.items():
        with suppress(msgspec.ValidationError):
            return _say(msgspec.convert(record.get(kind), shape))
    return msgspec.json.encode(record).decode()


def _of_message(message: str) -> str:
    if klog := _KLOG.match(message):
        return _say(_Klog(klog[1], klog[2], int(klog[3]), klog[4]))
    try:
        if message.startswith("{"):
            return _say(msgspec.json.decode(message.encode(errors="replace"), type=_Audit))
        if message.startswith("time="):
            pairs = (
                (key, quoted.replace('\\"', '"') or bare) for key, quoted, bare in _LOGRUS.findall(message)
            )
            return _say(msgspec.convert(dict(pairs), _Authenticator))
    except msgspec.DecodeError:
        pass  # cut short, or another producer's: shown as it is
    return message


def _say(event: _Known) -> str:
    match event:
        case _Klog(severity, file, line, message):
            return f"{severity} {file}:{line} {message}"
        case _Authenticator(msg, arn, username, error):
            return " ".join(filter(None, (msg, arn, username, error)))
        case _Audit(verb, user, uri, ref, status, stage):
            return f"{_who(user)} {verb} {_what(ref) or uri}{_end(status, stage)}"


def _who(user: _User) -> str:
    session = user.extra.get("sessionName")
    return f"{user.username} ({session[0]})" if session else user.username


def _what(ref: _ObjectRef | None) -> str:
    return "/".join(filter(None, (ref.resource, ref.namespace, ref.name, ref.subresource))) if ref else ""


def _end(status: _Status | None, stage: str) -> str:
    code = f" -> {status.code}" if status and status.code else ""
    return code if stage == "ResponseComplete" else f"{code} [{stage}]"
