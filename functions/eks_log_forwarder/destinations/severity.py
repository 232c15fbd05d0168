"""How grave a record is, for collectors that have a field for it.

Source: OpenTelemetry specification, "Logs Data Model", "Displaying Severity" and the mapping of other
formats; Sigma specification, the levels of a rule.
"""

from collections.abc import Iterable

from eks_log_forwarder.encoding import encodable
from eks_log_forwarder.record.record import Record, RuleRef

type Severity = tuple[int, str]
"""SeverityNumber, 0 if there is none, and the word of the line or of the rule."""

_NONE: Severity = (0, "")
_KLOG = {"I": 9, "W": 13, "E": 17, "F": 21}
_LOGRUS = {
    "trace": 1,
    "debug": 5,
    "info": 9,
    "warning": 13,
    "warn": 13,
    "error": 17,
    "fatal": 21,
    "panic": 24,
}
LEVELS = {"informational": 9, "low": 10, "medium": 13, "high": 17, "critical": 21}
_WORDS = ((4, "trace"), (8, "debug"), (12, "info"), (16, "warn"), (20, "error"), (24, "fatal"))


def severity_of(record: Record) -> Severity:
    """That of the line, or of its gravest detection if that is graver; an audit event has none of its own."""
    own = _of_line(record)
    level = gravest(record.detections)
    found = (LEVELS.get(level, 0), level)
    return found if found[0] > own[0] else own


def gravest(detections: Iterable[RuleRef]) -> str:
    """The highest level among the detections; "" if there are none."""
    levels = [detection.level for detection in detections]
    return max(levels, key=lambda level: LEVELS.get(level, 0), default="")


def word_of(severity: Severity) -> str:
    """The level in the words that log tools share; a line without severity is `info`."""
    number, own = severity
    if own == "critical":
        return own
    return next(word for highest, word in _WORDS if number <= highest) if number else "info"


def _of_line(record: Record) -> Severity:
    if record.klog is not None:
        return _KLOG.get(record.klog.severity, 0), record.klog.severity
    if record.authenticator is not None:
        level = record.authenticator.level
        return _LOGRUS.get(level.lower(), 0), encodable(level)
    return _NONE
