"""Finds the strings of a JSON text, at any depth of escaping, also in a text that was cut off.

A JSON text inside a JSON string has its quotes escaped: at depth d, 2**d - 1 backslashes precede a quote
(RFC 8259, section 7, applied d times). So the backslashes before a quote tell its depth: r backslashes belong
to a quote of depth d where r + 1 == 2**d * odd.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from eks_log_forwarder.redaction.spans import Span

MAX_DEPTH = 10  # a quote at this depth is over 1,000 characters long
MAX_NESTING = 200  # the deepest schemas of custom resources have a quarter of it
# Objects, arrays, keys and values that each of three passes reads of an event: in proportion to its length.
# The densest published event has one for each 9 characters.
FREE_ITEMS = 2_000
CHARACTERS_AN_ITEM = 7

WHITE_SPACE = r"(?:\s|\\++[nrt])*+"
"""White space of JSON, also as a JSON string at any depth writes it."""

_KNOWN_KEYS = frozenset({"kind", "name", "path"})


_NO_STRINGS: dict[str, Span] = {}


class Container:
    """An object or array."""

    __slots__ = ("closed", "entry", "in_data", "in_secret", "is_array", "key", "name", "parent", "strings")

    def __init__(self, parent: "Container | None", *, is_array: bool) -> None:
        self.parent = parent
        self.is_array = is_array
        self.closed = False
        self.key: str | None = None
        """While the container is read: the key whose value comes next."""
        self.strings = _NO_STRINGS
        """Places of the string values of an object's keys `kind`, `name` and `path`."""
        self.in_secret = False
        self.in_data: bool | None = None
        """Both are for `secret_data`."""
        if parent is None:
            self.name: str | None = None
            """The key under which the parent holds it; None in an array."""
            self.entry: Container | None = None
            """The root's direct child that this container is or is in; None for the root."""
        else:
            self.name, parent.key = parent.key, None
            self.entry = parent.entry or (self if parent.parent is None else None)


class Leaf(NamedTuple):
    """A string value: the container it is in, its key (None in an array) and the place of its content."""

    container: Container
    key: str | None
    start: int
    end: int


class Items:
    """How many more objects, arrays, keys and values may be read of a text of so many characters."""

    __slots__ = ("left",)

    def __init__(self, characters: int) -> None:
        self.left = FREE_ITEMS + characters // CHARACTERS_AN_ITEM


class Tree(NamedTuple):
    """What was read: containers, parents first; string values in order; and where reading stopped."""

    containers: list[Container]
    leaves: list[Leaf]
    stop: int
    is_too_large: bool = False
    """The text has more nesting or more items than the bounds allow: nothing is known about the rest."""


def quote_depth(backslashes: int) -> int | None:
    """The depth of an opening quote after so many backslashes; None where it cannot be an opening quote."""
    depth = (backslashes + 1).bit_length() - 1
    return depth if 2**depth == backslashes + 1 and depth <= MAX_DEPTH else None


def string_end(text: str, start: int, end: int, depth: int) -> int:
    """Where the string of that depth, whose content begins at start, has its closing quote; else the end."""
    content = _content(depth).match(text, start, end)
    return content.end() if content else start


def read_tree(text: str, start: int, end: int, depth: int, items: Items | None = None) -> Tree:
    """Reads the object or array at start, of that depth, up to its end, the cut or the first foreign quote.

    The text need not be well-formed: the reader skips what makes no sense, and what is open at the end stays
    open. Empty strings, objects and arrays are left out. What it reads counts against the items; it stops
    when none is left.
    """
    containers: list[Container] = []
    leaves: list[Leaf] = []
    current: Container | None = None
    level = 0
    items = items or Items(end - start)
    for token in _tokens(depth).finditer(text, start, end):
        kind = token.lastgroup
        if kind == "string":
            if current is not None:
                items.left -= 1
                _take_string(current, text, token, leaves)
        elif kind == "open":
            current = Container(current, is_array=token["open"] == "[")
            containers.append(current)
            items.left -= 1
            level += 1
        elif kind == "close":
            if current is None:
                continue
            current.closed = True
            current = current.parent
            level -= 1
            if current is None:
                return Tree(containers, leaves, token.end())
        else:
            return Tree(containers, leaves, token.end())
        if level > MAX_NESTING or items.left < 0:
            return Tree(containers, leaves, token.end(), is_too_large=True)
    return Tree(containers, leaves, end)


def _take_string(container: Container, text: str, token: re.Match[str], leaves: list[Leaf]) -> None:
    """Takes a string as the key of what comes next, or as a value."""
    start, end = token.span("content")
    key = None
    if not container.is_array:
        if token["colon"] is not None:
            container.key = text[start:end]
            return
        key, container.key = container.key, None
        if key is None:
            return  # a key that was cut
        if key in _KNOWN_KEYS:
            if container.strings is _NO_STRINGS:
                container.strings = {}
            container.strings[key] = start, end
    if start < end:
        leaves.append(Leaf(container, key, start, end))


@lru_cache(MAX_DEPTH + 1)
def _content(depth: int) -> re.Pattern[str]:
    return re.compile(content_pattern(depth))


@lru_cache(MAX_DEPTH + 1)
def _tokens(depth: int) -> re.Pattern[str]:
    quote = rf'\\{{{2**depth - 1}}}"'
    return re.compile(
        r"(?:[^\"\\{}\[\]]++|\\++[nrt]|\{\}|\[\])*+"  # numbers, literals, commas, white space, what is empty
        rf"(?:(?P<string>{quote}(?P<content>{content_pattern(depth)})(?:{quote}(?P<colon>{WHITE_SPACE}:)?+)?+)"
        r"|(?P<open>[{\[])|(?P<close>[}\]])"
        r"|(?P<foreign>.?))",  # matches at the end too, or each start before it would read up to there
        re.DOTALL,
    )


def content_pattern(depth: int) -> str:
    """Up to the closing quote of that depth or of a lower one, neither included; linear in time."""
    group = 2 ** (depth + 1)  # so many backslashes are whole escaped backslashes at that depth
    return rf'(?:[^"\\]++|\\{{{group}}}|\\{{{group - 1}}}"|\\++(?!"))*+'
