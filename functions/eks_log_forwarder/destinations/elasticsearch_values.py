"""Names and values of documents that no mapping of Elasticsearch or OpenSearch refuses, whatever a line says.

A mapping fixes one type for each name, without a template the first value decides which, and an index takes
1,000 names. So what a line chooses freely is made to fit: the names of its fields, annotations and `extra`,
their number, their length, and times. The message keeps the original.

Sources: Elasticsearch reference, "Dynamic field mapping" (date detection), "Object field type" (dots in
names), "Mapping limit settings", "Flattened field type"; Lucene, IndexWriter.MAX_TERM_LENGTH (32,766 bytes of
name and value).
"""

import re
from collections.abc import Mapping
from datetime import datetime

import msgspec

from eks_log_forwarder.control_plane.audit import AuditHeader, User
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine
from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.destinations.elasticsearch_names import ANNOTATIONS, EXTRA, FIELDS, OTHER
from eks_log_forwarder.record.record import Record

MAX_NAME = 256
MAX_VALUE = 7500  # characters; four bytes each, and those of the name, stay below Lucene's limit
MAX_CODE = 2**31 - 1

_BLANK = re.compile(r"(?:^|\.)\s*(?:\.|$)")  # blank, or with a blank part before, after or between dots
_LIKE_A_DATE = re.compile(r"[+-]?\d{4,}[-/]")  # whatever date detection takes for a date starts so
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def mappable(record: Record, *, templates: bool) -> Record:
    """The record with names and values that fit; the record itself if they do already.

    Without the index templates, only common names are fields of their own, a free value that looks like a
    date is put in quotes, and a time that is not RFC 3339 is left out.
    """
    changes: dict[str, object] = {}
    if record.audit is not None:
        changes = _changed("audit", record.audit, _audit(record.audit, templates=templates))
    elif record.klog is not None:
        changes = {"klog": _line(record.klog, templates=templates)}
    elif record.authenticator is not None:
        changes = {"authenticator": _line(record.authenticator, templates=templates)}
    return msgspec.structs.replace(record, **changes) if changes else record


def _line[Line: (KlogLine, AuthenticatorLine)](line: Line, *, templates: bool) -> Line:
    if templates:
        fields = {_name(name).replace(".", "_"): _short(value) for name, value in line.fields.items()}
    else:
        fields = _common(line.fields, FIELDS)
    return msgspec.structs.replace(line, fields=fields, time=_time(line.time, templates=templates))


def _audit(audit: AuditHeader, *, templates: bool) -> AuditHeader:
    annotations = audit.annotations
    if templates:
        annotations = {_name(name): _short(value) for name, value in annotations.items()}
    else:
        annotations = _common(annotations, ANNOTATIONS)
    changes = _changed("annotations", audit.annotations, annotations)
    changes |= _changed("user", audit.user, _user(audit.user, templates=templates))
    if audit.impersonated_user is not None:
        user = _user(audit.impersonated_user, templates=templates)
        changes |= _changed("impersonated_user", audit.impersonated_user, user)
    status = audit.response_status
    if status is not None and not 0 <= status.code <= MAX_CODE:
        changes["response_status"] = msgspec.structs.replace(status, code=0)
    for name in ("request_received_timestamp", "stage_timestamp"):
        time: str = getattr(audit, name)
        changes |= _changed(name, time, _time(time, templates=templates))
    return msgspec.structs.replace(audit, **changes) if changes else audit


def _user(user: User, *, templates: bool) -> User:
    if templates:
        extra = {_name(name): [_short(value) for value in values] for name, values in user.extra.items()}
    else:
        extra = {name: [_quoted(value) for value in user.extra[name]] for name in user.extra if name in EXTRA}
        others = [
            _quoted(f"{name}={value}")
            for name, values in user.extra.items()
            if name not in EXTRA
            for value in values
        ]
        extra |= {OTHER: others} if others else {}
    return user if extra == user.extra else msgspec.structs.replace(user, extra=extra)


def _common(values: Mapping[str, str], names: frozenset[str]) -> dict[str, str]:
    """The values under these names; all others are one text under one name."""
    common = {name: _quoted(value) for name, value in values.items() if name in names}
    if len(common) < len(values):
        others = " ".join(f"{name}={value}" for name, value in values.items() if name not in names)
        common[OTHER] = _quoted(others)
    return common


def _changed(name: str, old: object, new: object) -> dict[str, object]:
    return {} if new == old else {name: new}


def _name(name: str) -> str:
    """A name of bounded length without blank parts, and without NUL, which `flattened` does not take."""
    if len(name) <= MAX_NAME and not _BLANK.search(name) and "\0" not in name:
        return name
    return name[:MAX_NAME].replace(".", "_").replace("\0", "_").strip() or "_"


def _quoted(value: str) -> str:
    value = _short(value)
    return f'"{value}"' if _LIKE_A_DATE.match(value) else value


def _short(value: str) -> str:
    return value if len(value) <= MAX_VALUE else f"{value[: MAX_VALUE - 1]}…"


def _time(time: str, *, templates: bool) -> str:
    """The time; "" if dynamic mapping cannot take it for a date. The templates only do not index it then."""
    if templates:
        return time
    try:
        return time if _RFC_3339.fullmatch(time) and datetime.fromisoformat(time) else ""
    except ValueError:  # no date of the calendar
        return ""
