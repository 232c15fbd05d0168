"""Parses a log event in the format of its log type."""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.control_plane.audit import (
    TRUNCATED_ANNOTATION,
    AuditHeader,
    parse_ordinary,
)
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine, parse_authenticator
from eks_log_forwarder.control_plane.go_text import OMITTED_FIELDS
from eks_log_forwarder.control_plane.klog import KlogLine, parse_klog
from eks_log_forwarder.control_plane.klog_json import parse_klog_json, parse_logrus
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType
from eks_log_forwarder.intake.payload import LogEvent

_NO_FIELDS = AuditHeader()


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """A parsed log event: at most one of `audit`, `authenticator` and `klog` is set.

    `parsed` is True if that part represents the whole message. It is False if the message is not in the
    format of its log type; the event is then forwarded as text and its record says so. It is None if the
    log type is unknown, so that no parser ran. `truncated` marks an audit event that lost a part: either
    the message is broken JSON (`parsed` is False, and `audit` has the salvaged fields or is None), or the
    API server removed the bodies. It also marks a line with more fields than a record holds (`parsed` is
    False, and the part has the first fields).
    """

    audit: AuditHeader | None = None
    authenticator: AuthenticatorLine | None = None
    klog: KlogLine | None = None
    parsed: bool | None = None
    truncated: bool = False
    # The decoded event, if the parser had to decode it; for the rules, which then need not do it again.
    audit_fields: dict[str, object] | None = None


_NOT_ASKED = Parsed()
_NOT_PARSED = Parsed(parsed=False)


def _audit(event: LogEvent) -> Parsed:
    header = parse_ordinary(event.message)
    if header is not None:
        return Parsed(audit=header, parsed=True, truncated=TRUNCATED_ANNOTATION in header.annotations)
    # Imported here because most containers never see such an event.
    from eks_log_forwarder.control_plane.audit_salvage import read_audit  # noqa: PLC0415

    reading = read_audit(event.message)
    if reading is None:
        return _NOT_PARSED
    header = None if reading.header == _NO_FIELDS else reading.header
    truncated = not reading.whole or TRUNCATED_ANNOTATION in reading.header.annotations
    return Parsed(audit=header, parsed=reading.whole, truncated=truncated, audit_fields=reading.fields)


def _authenticator(event: LogEvent) -> Parsed:
    """The authenticator writes logrus text; its Kubernetes client writes klog text."""
    line = parse_authenticator(event.message)
    if line is None:
        return _klog(event)
    omitted = OMITTED_FIELDS in line.fields
    return Parsed(authenticator=line, parsed=not omitted, truncated=omitted)


def _klog(event: LogEvent) -> Parsed:
    return _with_klog(parse_klog(event.message, event.timestamp) or parse_klog_json(event.message))


def _controller(event: LogEvent) -> Parsed:
    """The controllers of Auto Mode and Capabilities write JSON, klog text or logrus text."""
    parsed = _klog(event)
    return parsed if parsed.klog is not None else _with_klog(parse_logrus(event.message))


def _with_klog(line: KlogLine | None) -> Parsed:
    if line is None:
        return _NOT_PARSED
    omitted = OMITTED_FIELDS in line.fields
    return Parsed(klog=line, parsed=not omitted, truncated=omitted)


_PARSERS: dict[LogType, Callable[[LogEvent], Parsed]] = {
    LogType.API: _klog,
    LogType.AUDIT: _audit,
    LogType.AUTHENTICATOR: _authenticator,
    LogType.CONTROLLER_MANAGER: _klog,
    LogType.SCHEDULER: _klog,
    **dict.fromkeys(VENDED_LOG_TYPES.values(), _controller),
}


def parse(log_type: LogType, event: LogEvent) -> Parsed:
    """Parse an event in the format of its log type. Never raises."""
    parser = _PARSERS.get(log_type)
    return _NOT_ASKED if parser is None else parser(event)
