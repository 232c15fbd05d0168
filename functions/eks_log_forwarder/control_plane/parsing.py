"""One log event to its parsed form, by the log type of its stream."""

from collections.abc import Callable

import msgspec

from eks_log_forwarder.control_plane.audit import (
    TRUNCATED_ANNOTATION,
    AuditHeader,
    parse_ordinary,
    read_audit,
)
from eks_log_forwarder.control_plane.authenticator import AuthenticatorLine, parse_authenticator
from eks_log_forwarder.control_plane.klog import KlogLine, parse_klog
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent

_NO_FIELDS = AuditHeader()


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """What a parser made of a log event: at most one of `audit`, `authenticator` and `klog`.

    `parsed` is True where that part stands for the whole message; False where the message is not of its
    log type's format, so that it goes on as text and the record says so; None where no parser was asked,
    because the stream is of no known type: its logType `unknown` already says that.
    `truncated` marks an audit event that lost a part: the message is broken JSON (`parsed` is False and
    `audit` has what could be salvaged, or is None), or the API server took the bodies out itself.
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
    reading = read_audit(event.message)
    if reading is None:
        return _NOT_PARSED
    header = None if reading.header == _NO_FIELDS else reading.header
    truncated = not reading.whole or TRUNCATED_ANNOTATION in reading.header.annotations
    return Parsed(audit=header, parsed=reading.whole, truncated=truncated, audit_fields=reading.fields)


def _authenticator(event: LogEvent) -> Parsed:
    """The authenticator's own lines are logrus text; those of the Kubernetes client in it are klog text."""
    line = parse_authenticator(event.message)
    return _klog(event) if line is None else Parsed(authenticator=line, parsed=True)


def _klog(event: LogEvent) -> Parsed:
    line = parse_klog(event.message, event.timestamp)
    return _NOT_PARSED if line is None else Parsed(klog=line, parsed=True)


_PARSERS: dict[LogType, Callable[[LogEvent], Parsed]] = {
    LogType.API: _klog,
    LogType.AUDIT: _audit,
    LogType.AUTHENTICATOR: _authenticator,
    LogType.CONTROLLER_MANAGER: _klog,
    LogType.SCHEDULER: _klog,
}


def parse(log_type: LogType, event: LogEvent) -> Parsed:
    """What the event says, read by its log type's format; never raises, whatever the message."""
    parser = _PARSERS.get(log_type)
    return _NOT_ASKED if parser is None else parser(event)
