"""The lines that a report is about, and what files hold of them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eks_log_forwarder.intake.log_stream import origin_of
from eks_log_forwarder.intake.log_type import VENDED_LOG_TYPES, LogType, log_type_of_stream
from tools.listener.gist import possible_log_types
from tools.make_event import LOG_TYPES_OF_LINES, VENDED_LOG_TYPES_OF_LINES, stream_name


@dataclass(frozen=True, slots=True)
class Line:
    """One log event: the message, its possible log types, and its time in ms since 1970.

    A klog line in a file does not name its component, so it can have several types. `is_dated` is False if
    the time is only the file's.
    """

    message: str
    log_types: tuple[LogType, ...]
    timestamp_ms: int
    is_dated: bool = True


def line_of_stream(message: str, stream: str, timestamp_ms: int) -> Line:
    """The line of an event whose stream is known."""
    return Line(message, (log_type_of_stream(stream),), timestamp_ms)


def _log_type(found: Mapping[str, Any], stream: str) -> LogType:
    """The log type that a record names, or that the names of its stream and log group say."""
    with suppress(ValueError):
        return LogType(str(found.get("logType")))
    return origin_of(str(found.get("logGroup", "")), stream, ())[1]


def read_files(paths: list[Path]) -> Iterator[Line]:
    """The lines of text files; a folder stands for the files in it.

    A line is a message as CloudWatch holds it, or a JSON object with `message` and the name of its stream:
    a record of this forwarder, or an event of `aws logs filter-log-events`. A file such as `scheduler.log`
    says of which component its klog lines are.

    Raises:
        OSError: a file cannot be read.
    """
    for path in _files(paths):
        named = _named_log_type(path)
        modified_ms = int(path.stat().st_mtime * 1000)
        with path.open(encoding="utf-8", errors="surrogateescape") as text:
            for line in text:
                if line.strip():
                    yield _line(line.rstrip("\r\n"), named, modified_ms)


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(found for found in path.iterdir() if found.is_file()) if path.is_dir() else [path]


def _named_log_type(path: Path) -> LogType | None:
    if path.stem in VENDED_LOG_TYPES_OF_LINES:
        return LogType(VENDED_LOG_TYPES_OF_LINES[path.stem])
    named = LOG_TYPES_OF_LINES.get(path.stem)
    return None if named is None else log_type_of_stream(stream_name(named, ""))


def _line(text: str, named: LogType | None, modified_ms: int) -> Line:
    wrapped = _wrapped(text)
    if wrapped is not None:
        return wrapped
    if named is not None and named in VENDED_LOG_TYPES.values():
        return Line(text, (named,), modified_ms, is_dated=False)
    possible = possible_log_types(text)
    return Line(text, (named,) if named in possible else possible, modified_ms, is_dated=False)


def _wrapped(text: str) -> Line | None:
    """The line in a record or in an event of FilterLogEvents; None if the text is a message itself."""
    if not text.startswith("{") or '"message"' not in text or '"logStream' not in text:
        return None
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError):
        return None
    stream, message = found.get("logStream", found.get("logStreamName")), found.get("message")
    timestamp = found.get("timestamp")
    if not isinstance(stream, str) or not isinstance(message, str) or not isinstance(timestamp, int):
        return None
    return Line(message, (_log_type(found, stream),), timestamp)
