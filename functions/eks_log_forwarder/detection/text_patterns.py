"""Compiles texts with wildcards to functions whose time is linear in the text.

Sigma rules specification, "String Wildcard": `?` matches one character, `*` any number of characters.
"""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from eks_log_forwarder.detection.rule_data import Wildcard


class TextPattern(msgspec.Struct, frozen=True):
    """`matches` tells whether a text matches. If `folded`, the caller must case-fold the text first."""

    matches: Callable[[str], bool]
    folded: bool


class _Segment(Protocol):
    """The part between two `*`. It always has the same length."""

    @property
    def length(self) -> int: ...
    def stands_at(self, text: str, position: int) -> bool: ...
    def find(self, text: str, start: int) -> int: ...


class _Literal(msgspec.Struct, frozen=True):
    text: str
    length: int

    def stands_at(self, text: str, position: int) -> bool:
        return text.startswith(self.text, position)

    def find(self, text: str, start: int) -> int:
        return text.find(self.text, start)


class _WithSingles(msgspec.Struct, frozen=True):
    pattern: re.Pattern[str]
    length: int

    def stands_at(self, text: str, position: int) -> bool:
        return self.pattern.match(text, position) is not None

    def find(self, text: str, start: int) -> int:
        found = self.pattern.search(text, start)
        return -1 if found is None else found.start()


def compile_text(parts: Sequence[str | Wildcard], *, cased: bool) -> TextPattern:
    """A test of a whole text against a sequence of texts and wildcards."""
    # Case folding may change the length of a text (ß), and `?` counts characters: no folding then.
    singles = Wildcard.ONE in parts
    folded = not cased and not singles
    segments: list[list[str | Wildcard]] = [[]]
    for part in parts:
        if part is Wildcard.MANY:
            segments.append([])
        else:
            segments[-1].append(part.casefold() if folded and isinstance(part, str) else part)
    if not singles:
        return TextPattern(_literals(["".join(map(str, segment)) for segment in segments]), folded)
    flags = re.DOTALL if cased else re.DOTALL | re.IGNORECASE
    return TextPattern(_in_order([_with_singles(segment, flags) for segment in segments]), folded)


def _with_singles(segment: list[str | Wildcard], flags: re.RegexFlag) -> _Segment:
    pattern = "".join(re.escape(part) if isinstance(part, str) else "." for part in segment)
    length = sum(len(part) if isinstance(part, str) else 1 for part in segment)
    return _WithSingles(re.compile(pattern, flags), length)


def _literals(texts: list[str]) -> Callable[[str], bool]:
    """Each frequent form has its own method of str."""
    match texts:
        case [whole]:
            return whole.__eq__
        case [first, ""]:
            return lambda text: text.startswith(first)
        case ["", last]:
            return lambda text: text.endswith(last)
        case ["", middle, ""]:
            return lambda text: middle in text
        case _:
            return _in_order([_Literal(text, len(text)) for text in texts])


def _in_order(segments: Sequence[_Segment]) -> Callable[[str], bool]:
    """Searches each segment in turn, leftmost first. That is enough, because segments have a fixed length."""
    if len(segments) == 1:
        (whole,) = segments
        return lambda text: len(text) == whole.length and whole.stands_at(text, 0)
    first, *middle, last = segments

    def matches(text: str) -> bool:
        end = len(text) - last.length
        if end < first.length or not first.stands_at(text, 0) or not last.stands_at(text, end):
            return False
        at = first.length
        for segment in middle:
            found = segment.find(text, at)
            if found < 0:
                return False
            at = found + segment.length
        return at <= end

    return matches
