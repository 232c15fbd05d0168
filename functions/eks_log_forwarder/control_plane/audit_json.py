"""A JSON decoder for events that are cut, nested deeply or hold numbers that other decoders refuse.

It accepts what Go's encoding/json accepts, because the API server has accepted it: numbers of any length, and
MAX_DEPTH nested values. It does not recurse, reads the text once and keeps what is complete if the text ends
early or is faulty.
"""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import NamedTuple

from eks_log_forwarder.control_plane.audit_bounds import MAX_DEPTH, MAX_VALUES
from eks_log_forwarder.encoding import encodable

_OUTERMOST = 2  # the length of the stack within the outermost value: it stands in a list
_MAX_DIGITS = 300  # int() takes quadratic time; float() does not

_SPACE = r"[ \t\n\r]*+"
_PLAIN = r'[^"\\\x00-\x1f]*+'
# A value or its beginning, the brackets that close behind it, and a comma. A number must end before
# the text does, because the cut may be in it. A quote alone begins a string that has escapes or no end.
_VALUE = (
    rf'([\[{{]|"{_PLAIN}"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+(?=[ \t\n\r,\]}}])'
    rf'|true|false|null|"){_SPACE}([\]}} \t\n\r]*+)(,?+)'
)
_ELEMENT = re.compile(rf"{_SPACE}(){_VALUE}")
_MEMBER = re.compile(rf'{_SPACE}"({_PLAIN})"{_SPACE}:{_SPACE}{_VALUE}')
_BEHIND_STRING = re.compile(rf"{_SPACE}([\]}} \t\n\r]*+)(,?+)")
_BRACKETS = re.compile(r"(?:\[(?=\[))*+")
_QUOTE = re.compile(rf'{_SPACE}"')
_COLON = re.compile(rf"{_SPACE}:")
_REST = re.compile(rf"{_SPACE}\Z")
_CONTROL = re.compile(r"[\x00-\x1f]")
_LITERALS = {"true": True, "false": False, "null": None}

type Container = list[object] | dict[str, object]


class Decoded(NamedTuple):
    """What is complete of a JSON text.

    `value` is the outermost value, None if not even its beginning is there. `whole` means that the text is
    valid JSON within the bounds. `closed` means that the outermost value ends, even if the text is not valid.
    `open_member` names the member of the outermost object that began and did not end.
    """

    value: object
    whole: bool
    closed: bool
    open_member: str | None


def decode_json(text: str) -> Decoded:
    """Decode JSON as far as it is complete; never raises.

    An incomplete object or array holds its complete members. A number at the very end of the text is not
    complete. Integers of more than 300 digits and all other numbers become floats, which may be infinite.
    Lone surrogates become U+FFFD. Control characters in strings are kept, but the text is then not whole.
    """
    reader = _Reader(text)
    first: list[object] = []
    stack: list[Container] = [first]
    finished = reader.read(stack)
    top = stack[1] if len(stack) > _OUTERMOST else None
    return Decoded(
        first[0] if first else None,
        finished and reader.valid and _REST.match(text, reader.position) is not None,
        finished,
        next(key for key, value in top.items() if value is stack[2]) if isinstance(top, dict) else None,
    )


class _Reader:
    __slots__ = ("position", "text", "valid")

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.valid = True

    def read(self, stack: list[Container]) -> bool:  # noqa: C901, PLR0912  # one loop: calls double its time
        """Read values into the containers on the stack; return whether the outermost value ends."""
        text = self.text
        container = stack[-1]
        left = MAX_VALUES
        while left > 0:
            left -= 1
            is_object = type(container) is dict
            found = (_MEMBER if is_object else _ELEMENT).match(text, self.position)
            if found is None:
                escaped = self._escaped_key() if is_object else None
                found = None if escaped is None else _ELEMENT.match(text, self.position)
                if found is None:
                    return False
                _, raw, closing, comma = found.groups()
                key = escaped or ""
            else:
                key, raw, closing, comma = found.groups()
            self.position = found.end()
            is_open = raw == "[" or raw == "{"  # noqa: PLR1714  # faster than a look-up
            if is_open:
                value: object = [] if raw == "[" else {}
            elif raw == '"':
                value = self._escaped(found.start(2) + 1)
                behind = None if value is None else _BEHIND_STRING.match(text, self.position)
                if behind is None:
                    return False
                closing, comma = behind.groups()
                self.position = behind.end()
            else:
                value = _scalar(raw)
            if is_object:
                container[key if key.isascii() else encodable(key)] = value  # type: ignore[call-overload]  # it is a dict
            else:
                container.append(value)  # type: ignore[union-attr]  # it is a list; isinstance takes longer
            if is_open:
                if len(stack) > MAX_DEPTH:
                    return False
                stack.append(value)  # type: ignore[arg-type]  # it is a container
                container = stack[-1]
                if text.startswith("[", self.position) and raw == "[" and not closing:
                    left -= self._open_lists(stack, left)
                    container = stack[-1]
            if closing:
                if closing == ("}" if type(container) is dict else "]") and len(stack) > _OUTERMOST:
                    stack.pop()  # the usual case
                elif not self._close(stack, closing):
                    self.valid = self.valid and not comma
                    return len(stack) == 1
                container = stack[-1]
            if bool(comma) is (is_open and not closing):
                return False
        return False

    def _open_lists(self, stack: list[Container], most: int) -> int:
        """Open the lists that begin one behind the other, but for the last; return how many."""
        found = _BRACKETS.match(self.text, self.position)
        many = 0 if found is None else min(len(found[0]), most, MAX_DEPTH + 1 - len(stack))
        self.position += many
        for _ in range(many):
            inner: list[object] = []
            stack[-1].append(inner)  # type: ignore[union-attr]  # a list
            stack.append(inner)
        return many

    def _escaped_key(self) -> str | None:
        """The key of a member that has escapes; None if it is not complete."""
        quote = _QUOTE.match(self.text, self.position)
        key = None if quote is None else self._escaped(quote.end())
        colon = None if key is None else _COLON.match(self.text, self.position)
        if colon is None:
            return None
        self.position = colon.end()
        return key

    def _escaped(self, start: int) -> str | None:
        """A string that has escapes or control characters; None if it does not end."""
        try:
            text, self.position = scanstring(self.text, start, False)  # noqa: FBT003  # strict
        except ValueError:
            return None
        if _CONTROL.search(self.text, start, self.position):
            self.valid = False
        return encodable(text)

    def _close(self, stack: list[Container], brackets: str) -> bool:
        """Close containers; return whether the outermost value is still open."""
        for bracket in brackets:
            if bracket == "]" or bracket == "}":  # noqa: PLR1714  # faster than a look-up
                if len(stack) == 1 or (type(stack[-1]) is dict) is not (bracket == "}"):
                    self.valid = False
                    return False
                stack.pop()
        return len(stack) > 1


def _scalar(raw: str) -> object:
    """A string without escapes, a number or a literal."""
    if raw.isdecimal():
        return int(raw) if len(raw) <= _MAX_DIGITS else float(raw)
    first = raw[0]
    if first == '"':
        text = raw[1:-1]
        return text if text.isascii() else encodable(text)
    if first in "tfn":
        return _LITERALS[raw]
    is_integer = first == "-" and raw[1:].isdecimal()
    return int(raw) if is_integer and len(raw) <= _MAX_DIGITS else float(raw)
