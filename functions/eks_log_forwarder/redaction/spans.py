"""Stretches of text and their replacement by markers."""

import re

type Span = tuple[int, int]
"""Start and end of a stretch of a text, in characters, the end not included."""

_MARKER = re.compile(r"\[REDACTED:\d+\]")


def replace(text: str, spans: list[Span]) -> tuple[str, int]:
    """The text with a marker for each stretch, and the number of markers.

    Stretches that overlap become one; empty ones and those that are a marker already are left as they are.
    """
    parts: list[str] = []
    done = 0
    for start, end in _merged(spans):
        if start == end or _MARKER.fullmatch(text, start, end):
            continue
        parts += (text[done:start], f"[REDACTED:{end - start}]")
        done = end
    parts.append(text[done:])
    count = len(parts) // 2
    return ("".join(parts), count) if count else (text, 0)


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
