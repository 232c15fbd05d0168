"""Removes what has more nesting or more items than are read: the string or the body that holds it."""

import re

from eks_log_forwarder.redaction.spans import Span

_REST_OF_STRING = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_SKELETON = re.compile(r'"(?:[^"\\]++|\\.)*+"?+|(?P<open>[{\[]++)|(?P<close>[}\]]++)', re.DOTALL)


class Oversize:
    """The parts of an event that are removed unread, since they are over the bounds of `json_tree`."""

    def __init__(self, text: str, end: int) -> None:
        self._text = text
        self._end = end
        self.strings: list[Span] = []
        """Contents of strings."""
        self.bodies: list[Span] = []
        """Contents of the event's own objects and arrays."""

    def skip(self, position: int, depth: int) -> int:
        """Removes what holds a position at a depth of escaping; gives where reading continues."""
        if depth == 0 and self._text.startswith("{"):
            self.bodies += bodies_from(self._text, position, self._end)
            return self._end
        string = (position, self._end) if depth == 0 else string_around(self._text, position, self._end)
        self.strings.append(string)
        return string[1]


def string_around(text: str, position: int, end: int) -> Span:
    """The content of the JSON string that holds a position; from the position where it is in none."""
    quote = text.rfind('"', 0, position)
    while quote > 0 and _is_escaped(text, quote):
        quote = text.rfind('"', 0, quote)
    rest = _REST_OF_STRING.match(text, position, end)
    return (quote + 1 if quote >= 0 else position), (rest.end() if rest else end)


def bodies_from(text: str, position: int, end: int) -> list[Span]:
    """The contents of the event's own objects and arrays, of each that ends after a position.

    These are the bodies and annotations that were not read, or not to the end.
    """
    bodies: list[Span] = []
    level = 0
    start = end
    for token in _SKELETON.finditer(text, 0, end):
        if token.lastgroup is None:
            continue
        count = token.end() - token.start()
        if token.lastgroup == "open":
            if level < 2 <= level + count:  # noqa: PLR2004  # the event is level 1
                start = token.start() + 2 - level
            level += count
            continue
        if level >= 2 > level - count:  # noqa: PLR2004
            stop = token.start() + level - 2
            if stop > position:
                bodies.append((start, stop))
        level -= count
    if level >= 2:  # noqa: PLR2004  # cut
        bodies.append((start, end))
    return bodies


def _is_escaped(text: str, quote: int) -> bool:
    before = quote
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (quote - before) % 2 == 1
