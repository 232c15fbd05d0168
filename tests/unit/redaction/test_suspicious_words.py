"""The words of the quick look: complete, and in an order that makes their search fast."""

import random

import pytest

from benchmarks.payloads import event_with_bodies
from eks_log_forwarder.redaction.credentials import BARE_NAMES, BARE_TOKENS, OTHER_NAMES, OTHER_TOKENS
from eks_log_forwarder.redaction.suspicious_words import FIRST, SECOND
from tools.make_event import EVENTS, read_lines

COMPARED = 4


@pytest.mark.parametrize(
    ("words", "sought"),
    [(FIRST, (*BARE_NAMES, *BARE_TOKENS)), (SECOND, (*OTHER_NAMES, *OTHER_TOKENS))],
    ids=["first", "second"],
)
def test_each_name_and_token_has_its_word(words: dict[str, int], sought: tuple[str, ...]) -> None:
    """And few and long enough words for the fast search: at most 64, at least 4 bytes each."""
    assert len(words) <= 64
    assert min(map(len, words)) == COMPARED
    covered = {one for one in sought if any(word.strip("\"\\=: %'k+\t") in one.lower() for word in words)}
    assert {*sought} - covered - {"eyJ"} <= {one for one in sought if one.startswith("eyJ")}


@pytest.mark.parametrize(
    ("name", "behind", "words"),
    [
        ("ization", '"\\:=% ', FIRST),
        ("pwd", '"\\:= ', SECOND),
        *((name, '"\\', FIRST) for name in ("env", "args", "command", "tobject")),
        ('"auth', '"\\', SECOND),
    ],
)
def test_a_name_has_a_word_for_each_character_behind_it(
    name: str, behind: str, words: dict[str, int]
) -> None:
    """In JSON, in JSON in a string, in YAML, in a query, percent-encoded, in a header."""
    assert {f"{name}{character}" for character in behind} <= words.keys()


@pytest.mark.parametrize("words", [FIRST, SECOND], ids=["first", "second"])
def test_no_word_begins_another(words: dict[str, int]) -> None:
    """The search finds one word at a place, so the longer one would not be found."""
    assert [(one, other) for one in words for other in words if one != other and other.startswith(one)] == []


@pytest.mark.parametrize("groups", [8, 16])
@pytest.mark.parametrize("words", [FIRST, SECOND], ids=["first", "second"])
def test_the_search_seldom_looks_closer(words: dict[str, int], groups: int) -> None:
    """At fewer than 6 places in 1,000 bytes; in the order of the alphabet it is up to 68."""
    body = event_with_bodies(random.Random(5))  # noqa: S311  # repeatable
    lines = [*read_lines(EVENTS / "lines" / "audit.log"), body]
    texts = [line.encode().lower() for line in lines]
    looks = sum(_closer_looks([word.encode() for word in words], groups, text) for text in texts)
    assert looks / sum(map(len, texts)) < 0.006


def _closer_looks(words: list[bytes], groups: int, text: bytes) -> int:
    """The places where, of some group, each half of each of four bytes is that of one of its words.

    So the search Teddy of the crate aho-corasick compares: bit by bit for a group, and the halves apart.
    """
    group_of: dict[bytes, int] = {}
    low, high = ([[0] * 16 for _ in range(COMPARED)] for _ in range(2))
    for number, word in enumerate(words):
        beginning = bytes(byte & 15 for byte in word[:COMPARED])
        bit = 1 << group_of.setdefault(beginning, number % groups)
        for place, byte in enumerate(word[:COMPARED]):
            low[place][byte & 15] |= bit
            high[place][byte >> 4] |= bit
    looks = 0
    for start in range(len(text) - COMPARED + 1):
        left = -1
        for place, byte in enumerate(text[start : start + COMPARED]):
            left &= low[place][byte & 15] & high[place][byte >> 4]
        looks += left != 0
    return looks
