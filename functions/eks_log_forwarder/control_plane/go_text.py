"""Text as Go programs print it: quoted strings, and key="value" pairs of logrus and klog lines."""

import re
from collections.abc import Iterator

from eks_log_forwarder.encoding import encodable

# Every repetition is possessive and every scan goes on where the last one ended: linear in the text.
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)("|\Z)', re.DOTALL)
_KEY = re.compile(r'\s*+([^\s="]++)=')
_OTHER_TOKEN = re.compile(r'\s*+(?:"(?:[^"\\]++|\\.)*+"|\S++)', re.DOTALL)
_BARE = re.compile(r"\S*+")
_IN_BRACKETS = re.compile(r'[^\s\[\]{}"\\]++|\\.|"(?:[^"\\]++|\\.)*+"|\s++|.', re.DOTALL)
_AFTER_QUOTE = re.compile(r"[:,;.]?(?:\s|\Z)")
_ESCAPE = re.compile(
    r"(?P<bytes>(?:\\x[0-9a-fA-F]{2}|\\[0-3][0-7]{2})+)"
    r"|\\u(?P<short>[0-9a-fA-F]{4})|\\U(?P<long>[0-9a-fA-F]{8})|\\(?P<letter>[abfnrtv\\'\"])"
)
_LETTERS = dict(zip("abfnrtv\\'\"", "\a\b\f\n\r\t\v\\'\"", strict=True))
_BYTE = re.compile(r"\\(?:x(?P<hex>..)|(?P<octal>...))")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MULTI_LINE_START, _MULTI_LINE_END = "<\n", "\n >"


def unquote(inner: str) -> str:
    """What stands between the quotes of a Go string literal, unescaped (Go specification, "String literals").

    Escapes that Go does not know stay as they are; bytes that are not UTF-8 become U+FFFD.
    """
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def starts_pair(text: str, position: int) -> bool:
    """Whether a `key=` stands at the position, spaces aside."""
    return _KEY.match(text, position) is not None


def pairs(text: str, position: int = 0) -> dict[str, str]:
    r"""The `key=value` pairs of a line from the position on; words in between are passed over.

    A value is a quoted Go string, klog's `<\n\tline\n >` of several lines, or bare up to the next space
    outside of brackets (`&{code:2 reasons:[no fit] err:<nil>}`). A quote that is missing ends at the next
    `key="`, or else at the end. The first of several equal keys counts: it is the logger's own.
    """
    found: dict[str, str] = {}
    for key, value in _scan(encodable(text), position):
        found.setdefault(key, value)
    return found


def _scan(text: str, position: int) -> Iterator[tuple[str, str]]:
    balanced = True
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            other = _OTHER_TOKEN.match(text, position)
            position = other.end() if other is not None else len(text)
            continue
        start = key.end()
        if text.startswith('"', start):
            value, position = _quoted_value(text, start)
        elif text.startswith(_MULTI_LINE_START, start):
            value, position = _multi_line_value(text, start)
        else:
            end = _bracketed_end(text, start) if balanced else None
            # One bracket that never closes makes the others doubtful too, and keeps the scan linear.
            balanced = end is not None
            position = _bare_end(text, start) if end is None else end
            value = text[start:position]
        yield key[1], value


def _quoted_value(text: str, start: int) -> tuple[str, int]:
    """The value of the string literal at `start`, and where the scan goes on."""
    literal = _QUOTED.match(text, start)
    if literal is None:  # a backslash is the very last character
        return unquote(text[start + 1 :]), len(text)
    inner, end = literal[1], literal.end()
    if not _AFTER_QUOTE.match(text, end):
        head, _, tail = inner.rpartition(" ")
        if len(tail) > 1 and tail.endswith("="):  # the quote opens the next pair's value
            return unquote(head), start + 1 + len(head)
    return unquote(inner), end


def _multi_line_value(text: str, start: int) -> tuple[str, int]:
    begin = start + len(_MULTI_LINE_START)
    end = text.find(_MULTI_LINE_END, begin)
    if end < 0:
        end = len(text)
    lines = text[begin:end].split("\n")
    return "\n".join(line.removeprefix("\t") for line in lines), end + len(_MULTI_LINE_END)


def _bare_end(text: str, start: int) -> int:
    word = _BARE.match(text, start)
    return word.end() if word is not None else start


def _bracketed_end(text: str, start: int) -> int | None:
    """Where a bare value ends whose brackets may hold spaces; None where a bracket never closes."""
    depth = 0
    for token in _IN_BRACKETS.finditer(text, start):
        first = token[0][0]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= depth > 0
        elif not depth and first.isspace():
            return token.start()
    return None if depth else len(text)


def _unescape(escape: re.Match[str]) -> str:
    if letter := escape["letter"]:
        return _LETTERS[letter]
    if escape["bytes"]:
        codes = (
            int(byte["hex"] or byte["octal"], 16 if byte["hex"] else 8) for byte in _BYTE.finditer(escape[0])
        )
        return bytes(codes).decode(errors="replace")
    code = int(escape["short"] or escape["long"], 16)
    is_character = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF  # noqa: PLR2004  # Unicode's own limits
    return chr(code) if is_character else _REPLACEMENT
