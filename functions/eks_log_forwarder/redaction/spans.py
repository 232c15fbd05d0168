"""Parts of a text and their replacement by markers."""

import re
from collections.abc import Set as AbstractSet

type Span = tuple[int, int]
"""Start and end of a part of a text, in characters; the end is not included."""

_MARKER = re.compile(r"\[REDACTED:\d+\]")


def replace(text: str, spans: list[Span], bodies: AbstractSet[Span] = frozenset()) -> tuple[str, int]:
    """The text with a marker for each span, and the number of markers.

    Spans that overlap become one. Empty spans, and those that are a marker already, stay as they are. Bodies
    are the spans that are the whole content of an object or array; it becomes one string there.
    """
    parts: list[str] = []
    done = 0
    for start, end in merged(spans):
        if start == end or _MARKER.fullmatch(text, start, end):
            continue
        marker = f"[REDACTED:{end - start}]"
        if (start, end) in bodies:
            marker = f'"redacted":"{marker}"' if text[start - 1] == "{" else f'"{marker}"'
        parts += (text[done:start], marker)
        done = end
    parts.append(text[done:])
    count = len(parts) // 2
    return ("".join(parts), count) if count else (text, 0)


def merged(spans: list[Span]) -> list[Span]:
    """The spans in order, with one in the place of those that overlap."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
