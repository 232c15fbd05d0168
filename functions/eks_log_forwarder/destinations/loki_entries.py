"""The parts of an entry in Loki: its time, line and structured metadata."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zlib import crc32

from eks_log_forwarder.destinations.severity import gravest, severity_of, word_of
from eks_log_forwarder.encoding import encodable, to_strict_json
from eks_log_forwarder.record.record import Record

MAX_LINE_BYTES = 256 * 1024  # max_line_size; some versions count the metadata in
_PIECE_BYTES = 192 * 1024
# Loki accepts 128 entries and 64 KB of metadata per line. What is left out is still in the line. The first
# ones, about detections, have 16 KB at most, so they always fit; the others have at most 62 times 640 bytes.
_MAX_ENTRIES = 62  # a piece of a long line has two more
_MAX_NAME = 128
_MAX_VALUE_BYTES = 512
_MAX_DETECTIONS_BYTES = 8192
_MOST_METADATA_BYTES = 2 * _MAX_DETECTIONS_BYTES + _MAX_ENTRIES * (_MAX_NAME + _MAX_VALUE_BYTES)
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_]")
_OF_THE_STREAM = frozenset({"timestamp", "cluster", "logType"})

_NS_PER_MS = 1_000_000
_ORDER_DIGITS = 4
_STEPS = 10_000  # ten to the power of the digits
_NS_PER_STEP = _NS_PER_MS // _STEPS
_OWN_TIMES = 10
_NS_PER_OWN_TIME = _NS_PER_STEP // _OWN_TIMES


def nanoseconds_of(record: Record) -> int:
    """The time of an event, in ns since 1970. It depends on the event alone, so a repeat is the same entry.

    Loki drops an entry that has the time and line of another, so events of one millisecond need different
    times. Ids increase within a put of CloudWatch Logs: their last digits give the order within the
    millisecond, 100 ns apart. A digest of the id separates events of different puts with equal digits.
    """
    digits, digest = record.id[-_ORDER_DIGITS:], crc32(record.id.encode(errors="replace"))
    step = int(digits) if digits.isascii() and digits.isdigit() else digest % _STEPS
    own = digest % _OWN_TIMES * _NS_PER_OWN_TIME  # the nanoseconds in between are for the pieces of a line
    return record.timestamp * _NS_PER_MS + step * _NS_PER_STEP + own


def hour_of(timestamp_ms: int) -> str:
    """The hour of a time in UTC, such as `2026-01-14T10`."""
    try:
        return f"{datetime.fromtimestamp(timestamp_ms // 1000, UTC):%Y-%m-%dT%H}"
    except (ValueError, OverflowError, OSError):
        return "unknown"


def metadata_of(rest: Mapping[str, object], findings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Structured metadata: the findings, then nested names joined by `_`, with short string values only."""
    found = dict(findings or {})
    for path, value in _leaves(rest, ""):
        name = path if path.isascii() and path.isidentifier() else _NOT_A_NAME.sub("_", path)
        if len(name) <= _MAX_NAME and _is_short(value) and len(found) < _MAX_ENTRIES:
            found.setdefault(name, value)
    return found


def _is_short(value: str) -> bool:
    # a character is at most four bytes: most values need no second look
    return len(value) * 4 <= _MAX_VALUE_BYTES or len(value.encode()) <= _MAX_VALUE_BYTES


def findings_of(record: Record) -> dict[str, str]:
    """Metadata about detections and marks; `level` is what Loki makes `detected_level` of."""
    found = {}
    if detections := record.detections:
        found = {
            "detection_level": encodable(gravest(detections)),
            "detection_ids": _joined(",", [detection.id for detection in detections]),
            "detection_titles": _joined(", ", [detection.title for detection in detections]),
        }
    if record.redacted:
        found["redacted"] = str(record.redacted)
    if record.truncated:
        found["truncated"] = "true"
    if not record.parsed:
        found["parsed"] = "false"
    return found | {"level": word_of(severity_of(record))}


def _joined(separator: str, texts: list[str]) -> str:
    """The texts, as many as fit."""
    joined = encodable(separator.join(texts)).encode()
    if len(joined) <= _MAX_DETECTIONS_BYTES:
        return joined.decode()
    return f"{joined[: _MAX_DETECTIONS_BYTES - 3].decode(errors='ignore')}…"


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield path, encodable(value)
        case dict():
            for name, part in value.items():
                if path or name not in _OF_THE_STREAM:
                    yield from _leaves(part, f"{path}_{name}" if path else str(name))
        case list() if all(isinstance(part, str) for part in value):
            yield path, encodable(",".join(value))
        case list():
            yield path, to_strict_json(value).decode()
        case bool():
            yield path, "true" if value else "false"
        case _:
            yield path, str(value)


def pieces_of(line: str, metadata: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The line, or its pieces if Loki would refuse it, each with metadata that numbers it."""
    if len(line) * 4 + _MOST_METADATA_BYTES <= MAX_LINE_BYTES:
        yield line, {}
        return
    metadata_bytes = sum(len(name) + len(value.encode()) for name, value in metadata.items())
    text = line.encode()
    if len(text) + metadata_bytes <= MAX_LINE_BYTES:
        yield line, {}
        return
    pieces = list(_cut(text))
    for number, piece in enumerate(pieces, start=1):
        yield piece.decode(), {"part": str(number), "parts": str(len(pieces))}


def _cut(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = min(start + _PIECE_BYTES, len(text))
        while end < len(text) and text[end] & 0xC0 == 0x80:  # noqa: PLR2004  # RFC 3629: inside a character
            end -= 1
        yield text[start:end]
        start = end
