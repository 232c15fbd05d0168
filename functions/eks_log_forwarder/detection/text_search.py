"""Looks for the words that rules require in the text of an event, all in one pass."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from eks_log_forwarder.detection.literals import Literals

_find_escape = BytesAhoCorasick([b"\\u"]).find_matches_as_indexes
# Go escapes these, and control characters; none is in a word or becomes one when its case is folded.
_ESCAPED_WORD = re.compile(rb"\\u(?!00[01]|0026|003[cCeE]|202[89])")


class SearchedText:
    """A message in the forms in which words are looked for, each made when it is first needed."""

    def __init__(self, message: str) -> None:
        self._message = message
        # Bytes, because a search in a text takes ten times as long.
        self._raw = message.encode("utf-8", "surrogatepass")

    @cached_property
    def _folded(self) -> bytes:
        if self._message.isascii():
            return self._raw.lower()
        return self._message.casefold().encode("utf-8", "surrogatepass")

    @cached_property
    def _is_escaped(self) -> bool:
        """Whether a letter may be written as an escape, so that a word need not be in the text."""
        return bool(_find_escape(self._raw)) and _ESCAPED_WORD.search(self._raw) is not None

    def may_have(self, literals: Literals) -> bool:
        """Whether the text has one of the words, or may have one that is escaped."""
        return (
            self._is_escaped
            or any(key.encode() in self._raw for key in literals.keys)
            or any(value.encode() in self._folded for value in literals.values)
        )

    def may_have_one(self, search: "WordSearch") -> bool:
        """Whether `may_have` is true for one of the rules of a search."""
        return (
            self._is_escaped
            or (search.keys is not None and bool(search.keys(self._raw)))
            or (search.values is not None and bool(search.values(self._folded)))
        )


type _Find = Callable[[bytes], list[tuple[int, int, int]]]


class WordSearch(NamedTuple):
    """The words of several rules, prepared for one pass, or for two if values are among them."""

    keys: _Find | None
    values: _Find | None


def word_search(literals: Iterable[Literals]) -> WordSearch:
    """The search for the words of some rules."""
    every = tuple(literals)
    return _word_search(
        frozenset(key for each in every for key in each.keys),
        frozenset(value for each in every for value in each.values),
    )


@lru_cache(maxsize=256)  # the same few sets of rules remain for most requests
def _word_search(keys: frozenset[str], values: frozenset[str]) -> WordSearch:
    return WordSearch(_searching(keys), _searching(values))


def _searching(words: frozenset[str]) -> _Find | None:
    if not words:
        return None
    encoded = [word.encode() for word in sorted(words)]
    # Only whether there is a match counts, so overlapping matches do not matter.
    return BytesAhoCorasick(encoded, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
