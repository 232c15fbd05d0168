"""Where the strings of a JSON text are, at any depth of escaping, and of a text that was cut off.

A JSON text inside a JSON string has its quotes escaped: at depth d a quote stands behind 2**d - 1 backslashes
(RFC 8259, section 7, applied d times). So the depth of a quote can be told from its backslashes alone: r of
them make it a quote of depth d where r + 1 == 2**d * odd.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from eks_log_forwarder.redaction.spans import Span

MAX_DEPTH = 10  # a quote at this depth is over 1,000 characters long


@dataclass(slots=True, eq=False)
class Container:
    """An object or array; `strings` holds an object's own string values by key, the last of equal keys."""

    parent: "Container | None"
    name: str | None
    """The key under which its parent holds it; None in an array."""
    is_array: bool
    key: str | None = None
    """While it is read: the key whose value comes next; None where a key comes next, and in an array."""
    entry: "Container | None" = None
    """The root's direct child that this container is or is in; None for the root."""
    strings: dict[str, Span] = field(default_factory=dict)
    closed: bool = False


class Leaf(NamedTuple):
    """A string value: the container it is in, its key (None in an array) and its content's place."""

    container: Container
    key: str | None
    start: int
    end: int


class Tree(NamedTuple):
    """What was read: containers, parents first; string values in order; and where reading stopped."""

    containers: list[Container]
    leaves: list[Leaf]
    stop: int


def quote_depth(backslashes: int) -> int | None:
    """The depth of an opening quote behind so many backslashes; None where it cannot be an opening one."""
    depth = (backslashes + 1).bit_length() - 1
    return depth if 2**depth == backslashes + 1 and depth <= MAX_DEPTH else None


def string_end(text: str, start: int, end: int, depth: int) -> int:
    """Where the string of that depth, whose content begins at start, has its closing quote; else the end."""
    content = _content(depth).match(text, start, end)
    return content.end() if content else start


def read_tree(text: str, start: int, end: int, depth: int) -> Tree:
    """Reads the object or array at start, of that depth, up to its end, the cut or the first foreign quote.

    Needs no well-formed text: what makes no sense is passed over, and what is open at the end stays open.
    """
    containers: list[Container] = []
    leaves: list[Leaf] = []
    current: Container | None = None
    for token in _tokens(depth).finditer(text, start, end):
        kind = token.lastgroup
        if kind == "foreign":
            return Tree(containers, leaves, token.end())
        if kind == "open":
            current = _open(current, is_array=token.group() == "[")
            containers.append(current)
        elif current is None:
            continue
        elif kind == "string":
            _take_string(current, text, token.span("content"), leaves)
        elif kind == "comma":
            current.key = None
        elif kind == "close":
            current.closed = True
            current = current.parent
            if current is None:
                return Tree(containers, leaves, token.end())
    return Tree(containers, leaves, end)


def _open(parent: Container | None, *, is_array: bool) -> Container:
    container = Container(parent, parent.key if parent else None, is_array)
    if parent is not None:
        container.entry = parent.entry or (container if parent.parent is None else None)
    return container


def _take_string(container: Container, text: str, span: Span, leaves: list[Leaf]) -> None:
    """Takes a string as the next key, where the object awaits one, else as a value."""
    if not container.is_array and container.key is None:
        container.key = text[span[0] : span[1]]
        return
    leaves.append(Leaf(container, container.key, *span))
    if container.key is not None:
        container.strings[container.key] = span


@lru_cache(MAX_DEPTH + 1)
def _content(depth: int) -> re.Pattern[str]:
    return re.compile(content_pattern(depth))


@lru_cache(MAX_DEPTH + 1)
def _tokens(depth: int) -> re.Pattern[str]:
    quote = rf'\\{{{2**depth - 1}}}"'
    return re.compile(
        rf"(?P<string>{quote}(?P<content>{content_pattern(depth)})(?:{quote})?+)"
        r"|(?P<open>[{\[])|(?P<close>[}\]])|(?P<comma>,)"
        r'|(?P<other>(?:[^"\\{}\[\],]|\\++[nrt])++)'  # numbers, literals, colons, whitespace
        r"|(?P<foreign>.)",
        re.DOTALL,
    )


def content_pattern(depth: int) -> str:
    """Up to the closing quote of that depth or of a shallower one, neither included; linear in time."""
    group = 2 ** (depth + 1)  # so many backslashes are whole escaped backslashes at that depth
    return rf'(?:[^"\\]++|\\{{{group}}}|\\{{{group - 1}}}"|\\++(?!"))*+'
