"""A JSON decoder for events that are cut, nested deeply or hold numbers that other decoders refuse.

It accepts what Go's encoding/json accepts, because the API server has accepted it: numbers of any length, and
MAX_DEPTH nested values. It does not recurse, goes over the text once and keeps what is complete if the text
ends early or is faulty.
"""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import NamedTuple

from eks_log_forwarder.encoding import encodable

MAX_DEPTH = 10_000  # encoding/json, scanner.go, maxNestingDepth
MAX_VALUES = 250_000
"""The most values of one event that are decoded: 1 MB holds 110,000 where it consists of managedFields."""

_MAX_DIGITS = 300  # int() takes quadratic time; float() does not

_SPACE = r"[ \t\n\r]*+"
_ENDS = r"(?=[ \t\n\r,\]}])"  # without it, a number may go on behind the cut
_INTEGER = r"-?(?:0|[1-9][0-9]*+)"
_VALUE = re.compile(
    rf"""{_SPACE}(?:
        "([^"\\\x00-\x1f]*+)"
        | ([\[{{]){_SPACE}([\]}}]?)
        | (")
        | ({_INTEGER}){_ENDS}
        | ({_INTEGER}(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+){_ENDS}
        | (true|false|null)
    )""",
    re.VERBOSE,
)
_TEXT, _OPENING, _CLOSING, _QUOTE, _WHOLE_NUMBER, _NUMBER, _LITERAL = range(1, 8)
_KEY = re.compile(rf'{_SPACE}"(?:([^"\\\x00-\x1f]*+)"{_SPACE}:)?+')
_COLON = re.compile(rf"{_SPACE}:")
_NEXT = re.compile(rf"{_SPACE}([,\]}}])")
_REST = re.compile(rf"{_SPACE}\Z")
_CONTROL = re.compile(r"[\x00-\x1f]")
_LITERALS = {"true": True, "false": False, "null": None}
_BRACKETS = {"[": "]", "{": "}"}

type Container = list[object] | dict[str, object]


class Decoded(NamedTuple):
    """What is complete of a JSON text.

    `value` is the outermost value, None if not even its beginning is there. `whole` says that the text is
    valid JSON within the bounds; `closed`, that the outermost value ends, whatever follows or is wrong in
    between. `open_member` names the member of the outermost object that began and did not end.
    """

    value: object
    whole: bool
    closed: bool
    open_member: str | None


class _Stopped(Exception):  # noqa: N818  # no error: the text is cut, faulty or over a bound
    """Nothing behind this place is read."""


def decode_json(text: str) -> Decoded:
    """Decode a JSON object or array as far as it is complete; never raises.

    An incomplete object or array holds its complete members. A number that ends where the text ends is
    incomplete. Integers of more than 300 digits and all other numbers become floats, which may be infinite.
    Lone surrogates become U+FFFD.
    """
    return _Decoder(text).decode()


class _Decoder:
    __slots__ = ("_closed", "_count", "_position", "_stack", "_text", "_top_key", "_valid")

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._stack: list[Container] = [[]]  # the outermost value is the only element of the first list
        self._count = 0
        self._top_key: str | None = None
        self._valid = True
        self._closed = False

    def decode(self) -> Decoded:
        root = self._stack[0]
        try:
            self._read()
        except _Stopped:
            self._valid = False
        is_open = len(self._stack) > 2 and isinstance(self._stack[1], dict)  # noqa: PLR2004  # and one more
        return Decoded(
            root[0] if isinstance(root, list) and root else None,
            self._valid and _REST.match(self._text, self._position) is not None,
            self._closed,
            self._top_key if is_open else None,
        )

    def _read(self) -> None:
        """Read value after value; each goes into its container as it begins."""
        stack, text = self._stack, self._text
        while True:
            container = stack[-1]
            key = self._key() if type(container) is dict else ""
            self._count += 1
            found = _VALUE.match(text, self._position)
            if found is None or self._count > MAX_VALUES:
                raise _Stopped
            self._position = found.end()
            value, is_open = self._value(found)
            if type(container) is dict:
                container[key] = value
                if len(stack) == 2:  # noqa: PLR2004  # the first list and the outermost value
                    self._top_key = key
            else:
                container.append(value)  # type: ignore[union-attr]  # it is a list; isinstance takes longer
            if is_open:
                stack.append(value)  # type: ignore[arg-type]  # is_open: it is a container
                if len(stack) > MAX_DEPTH + 1:
                    raise _Stopped
            elif self._close():
                return

    def _key(self) -> str:
        found = _KEY.match(self._text, self._position)
        if found is None:
            raise _Stopped
        self._position = found.end()
        key = found[1]
        if key is None:
            key = self._escaped(found.end())
            colon = _COLON.match(self._text, self._position)
            if colon is None:
                raise _Stopped
            self._position = colon.end()
        return key if key.isascii() else encodable(key)

    def _value(self, found: re.Match[str]) -> tuple[object, bool]:
        """The value that begins with a match, and whether it is a container with members to come."""
        kind = found.lastindex
        if kind == _TEXT:
            text = found[_TEXT]
            return text if text.isascii() else encodable(text), False
        if kind == _CLOSING:
            opening, closing = found[_OPENING], found[_CLOSING]
            if closing and closing != _BRACKETS[opening]:
                raise _Stopped
            return [] if opening == "[" else {}, not closing
        if kind == _QUOTE:
            return encodable(self._escaped(self._position)), False
        if kind == _WHOLE_NUMBER:
            digits = found[_WHOLE_NUMBER]
            return int(digits) if len(digits) <= _MAX_DIGITS else float(digits), False
        return float(found[_NUMBER]) if kind == _NUMBER else _LITERALS[found[_LITERAL]], False

    def _escaped(self, start: int) -> str:
        """A string that has escapes, control characters or no end."""
        try:
            text, self._position = scanstring(self._text, start, False)  # noqa: FBT003  # strict
        except ValueError:
            raise _Stopped from None
        if _CONTROL.search(self._text, start, self._position):
            self._valid = False
        return str(text)

    def _close(self) -> bool:
        """Close what ends behind a value; return whether the outermost value does."""
        stack = self._stack
        while len(stack) > 1:
            found = _NEXT.match(self._text, self._position)
            if found is None:
                raise _Stopped
            self._position = found.end()
            if found[1] == ",":
                return False
            if (found[1] == "}") is not (type(stack[-1]) is dict):
                raise _Stopped
            stack.pop()
        self._closed = True
        return True
