r"""Reads a JSON text without the escapes that it does not need, and maps places back to the original.

JSON may write any character as `\u…`, and the slash as `\/` (RFC 8259, section 7). The patterns know one
spelling of each: the character itself, or the short escape of a quote, a backslash and a line end. In JSON
inside a string, at depth d, 2**d backslashes begin an escape.
"""

import re
from array import array
from bisect import bisect_right
from functools import lru_cache

from eks_log_forwarder.redaction.spans import Span

# It matches each run of backslashes as a whole, so none is tried from each of its characters.
_ESCAPE = re.compile(r"\\++(?P<escape>u00(?P<code>[0-7][0-9A-Fa-f])|/)?+")
_LENGTH = len("\\u0000")
_QUOTE, _BACKSLASH = 0x22, 0x5C
_SHORT = {_QUOTE: '"', _BACKSLASH: "\\", 0x0A: "n", 0x0D: "r", 0x09: "t"}
_PRINTABLE = range(0x20, 0x7F)
# One pass for each depth: what a pass leaves may be an escape. More than four could make the text longer.
_MOST_PASSES = 4


class Unescaped:
    """A text without needless escapes; `text` is the same object where there were none."""

    def __init__(self, original: str) -> None:
        """Takes any text; one that is not JSON is read in the same way."""
        self.text = original
        self._passes: list[_Pass] = []
        for depth in range(_MOST_PASSES):
            if "\\u00" not in self.text and "\\/" not in self.text:
                break
            done = _Pass(self.text, depth)
            self._passes.append(done)
            self.text = done.text

    def original_span(self, span: Span) -> Span:
        """The place in the original of a place in the new text; half an escape becomes a whole one."""
        start, end = span
        for done in reversed(self._passes):
            start, end = done.original(start, is_end=False), done.original(end, is_end=True)
        return start, end


class _Pass:
    """What became of the escapes of one depth: their places in the new text, and how much shorter it is."""

    def __init__(self, original: str, depth: int) -> None:
        self._starts, self._ends, self._moved = array("q"), array("q"), array("q")
        parts: list[str] = []
        done = moved = 0
        for escape in _ESCAPE.finditer(original, original.find("\\"), original.rfind("\\") + _LENGTH):
            letter = escape.start("escape")
            if letter < 0:
                continue
            kept, short = _spelling(letter - escape.start(), depth, escape["code"])
            if short is None:
                continue
            start = escape.start() + kept
            parts += (original[done:start], short)
            done = escape.end()
            self._starts.append(start - moved)
            self._ends.append(start - moved + len(short))
            moved += done - start - len(short)
            self._moved.append(moved)
        parts.append(original[done:])
        self.text = "".join(parts) if done else original

    def original(self, place: int, *, is_end: bool) -> int:
        index = bisect_right(self._starts, place - is_end) - 1
        if index < 0:
            return place
        end = self._ends[index]
        if place >= end or is_end:
            return max(place, end) + self._moved[index]
        return self._starts[index] + (self._moved[index - 1] if index else 0)


@lru_cache(1024)
def _spelling(backslashes: int, depth: int, code: str | None) -> tuple[int, str | None]:
    """How many of the backslashes do not belong to the escape, and how the patterns expect the character.

    None where it belongs to another depth, or is not printable and has no short escape.
    """
    unit = 2**depth
    if backslashes % unit or backslashes // unit % 2 == 0:
        return 0, None
    value = 0x2F if code is None else int(code, 16)
    if value in _SHORT:
        count = 2 * unit - 1 if value in {_QUOTE, _BACKSLASH} else unit
        return backslashes - unit, "\\" * count + _SHORT[value]
    return (backslashes - unit, chr(value)) if value in _PRINTABLE else (0, None)
