"""klog text, as the API server, the scheduler and the controller managers write it."""

import re
from datetime import UTC, datetime

import msgspec

from eks_log_forwarder.control_plane.go_text import pairs, starts_pair, unquote
from eks_log_forwarder.control_plane.scheduling import Scheduling, parse_scheduling
from eks_log_forwarder.encoding import encodable

# klog, "Log lines have this form": Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg…
_HEADER = re.compile(
    r"(?P<severity>[IWEF])(?P<month>[0-9]{2})(?P<day>[0-9]{2}) "
    r"(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6})\s+(?P<thread>[0-9]{1,10}) "
    r"(?P<file>[^\s:\]]+):(?P<line>[0-9]{1,10})\] ?"
)
_TRACE = re.compile(r"Trace\[(\w+)\]:\s*")
_SOURCE = re.compile(r"([^\s:]++(?<=\.go):[0-9]++):\s++")
_QUOTED_MESSAGE = re.compile(r'(?:([^\s"]++)(?<=:)\s++)?"((?:[^"\\]++|\\.)*+)"(?=\s|\Z)', re.DOTALL)
_BARE_PAIR = re.compile(r'[A-Za-z_][\w.]*="')
_MS = 1000


class KlogLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One klog line: `severity` is I, W, E or F; `time` RFC 3339 in UTC; `message` without its quotes.

    `fields` has the key-value pairs of the line, the text before the message as `prefix`
    (`PreFilter/VolumeBinding`, `k8s.io/client-go/…/factory.go:132`) and the number of a `Trace[…]` as
    `trace`. A continuation line of a trace has no header: no severity, time, thread, file or line.
    `scheduling` gives the reasons why a pod cannot be scheduled; the pod is `fields.pod`.
    """

    severity: str = ""
    time: str = ""
    thread: int = 0
    file: str = ""
    line: int = 0
    message: str = ""
    fields: dict[str, str] = {}
    scheduling: Scheduling | None = None


def parse_klog(message: str, timestamp: int) -> KlogLine | None:
    """Parse a line; None if it has no klog header and does not continue a trace. Never raises.

    `timestamp` is that of the log event, in ms since 1970. It supplies the year, which klog does not write.
    """
    message = encodable(message).rstrip()
    header = _HEADER.match(message)
    if header is None:
        return _continuation(message)
    text, fields = _text_and_fields(message[header.end() :])
    return KlogLine(
        severity=header["severity"],
        time=_completed_time(header, timestamp),
        thread=int(header["thread"]),
        file=header["file"],
        line=int(header["line"]),
        message=text,
        fields=fields,
        scheduling=scheduling_of(text, fields.get("err", "")),
    )


def scheduling_of(message: str, error: str) -> Scheduling | None:
    """Return the reasons in the scheduler's error, if the message says that a pod cannot be scheduled."""
    return parse_scheduling(error) if message.startswith("Unable to schedule pod") else None


def _continuation(message: str) -> KlogLine | None:
    if _TRACE.match(message) is None:
        return None
    text, fields = _text_and_fields(message)
    return KlogLine(message=text, fields=fields)


def _text_and_fields(body: str) -> tuple[str, dict[str, str]]:
    """Return the message and its fields; text that only contains quotes or equals signs is one message."""
    before: dict[str, str] = {}
    position = 0
    if trace := _TRACE.match(body):
        before["trace"] = trace[1]
        position = trace.end()
    quoted = _QUOTED_MESSAGE.match(body, position)
    if quoted is not None and (quoted.end() == len(body) or starts_pair(body, quoted.end())):
        before["prefix"] = (quoted[1] or "").removesuffix(":")
        return unquote(quoted[2]), _filled(before | pairs(body, quoted.end()))
    if source := _SOURCE.match(body, position):
        before["prefix"] = source[1]
        position = source.end()
    text = body[position:]
    return text, _filled(before | pairs(text)) if _BARE_PAIR.match(text) else before


def _filled(fields: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in fields.items() if value}


def _completed_time(header: re.Match[str], timestamp: int) -> str:
    """Return the time of the line in the year of the event; empty if that year has no such day.

    At the turn of the year, an event may be later than its line, or the two clocks may differ slightly.
    """
    month, day = header["month"], header["day"]
    try:
        event = datetime.fromtimestamp(timestamp / _MS, UTC)
        is_of_last_year = month == "12" and event.month == 1
        is_of_next_year = (month, day, event.month, event.day) == ("01", "01", 12, 31)
        year = event.year - is_of_last_year + is_of_next_year
        time = f"{year:04d}-{month}-{day}T{header['clock']}Z"
        datetime.fromisoformat(time)
    except (ValueError, OverflowError, OSError):
        return ""
    return time
