"""Text that Go programs print: quoted strings, and the key="value" pairs of logrus and klog lines."""

import re
from collections.abc import Iterator

from eks_log_forwarder.encoding import encodable

# Possessive repetitions, and each scan continues where the last one ended: time is linear in the text.
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)("|\Z)', re.DOTALL)
_KEY = re.compile(r'\s*+([^\s="]++)=')
_OTHER_TOKENS = re.compile(r'(?:\s*+(?![^\s="]++=)(?:"(?:[^"\\]++|\\.)*+"|\S++))++', re.DOTALL)
_BARE = re.compile(r"\S*+")
_IN_BRACKETS = re.compile(r'[^\s\[\]{}"\\]++|\\.|"(?:[^"\\]++|\\.)*+"|\s++|.', re.DOTALL)
_AFTER_QUOTE = re.compile(r"[:,;.]?(?:\s|\Z)")
_ESCAPE = re.compile(
    r"(?P<bytes>(?:\\(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2}|[abfnrtv\\'\"]))++)"
    r"|\\u(?P<short>[0-9a-fA-F]{4})|\\U(?P<long>[0-9a-fA-F]{8})"
)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MULTI_LINE_START, _MULTI_LINE_END = "<\n", "\n >"

MAX_FIELDS = 1000  # of one line; real lines have fewer than 50
OMITTED_FIELDS = "fieldsOmitted"


def unquote(inner: str) -> str:
    """Unescape the text between the quotes of a Go string literal (Go specification, "String literals").

    Unknown escapes stay unchanged; bytes that are not UTF-8 become U+FFFD.
    """
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def starts_pair(text: str, position: int) -> bool:
    """Whether `key=` follows at the position, after optional spaces."""
    return _KEY.match(text, position) is not None


def pairs(text: str, position: int = 0) -> dict[str, str]:
    r"""Read the `key=value` pairs of a line from a position; other words are skipped.

    A value is a quoted Go string, klog's multi-line `<\n\tline\n >`, or bare text up to the next space
    outside brackets (`&{code:2 reasons:[no fit] err:<nil>}`). If a closing quote is missing, the value ends
    at the next `key="` or at the end of the line. The first of equal keys wins: the logger wrote it.
    After `MAX_FIELDS` pairs the rest is omitted, and `OMITTED_FIELDS` is one more key.
    """
    found: dict[str, str] = {}
    for number, (key, value) in enumerate(_scan(encodable(text), position)):
        if number == MAX_FIELDS:
            found[OMITTED_FIELDS] = "true"
            break
        found.setdefault(key, value)
    return found


def _scan(text: str, position: int) -> Iterator[tuple[str, str]]:
    balanced = True
    while position < len(text):
        key = _KEY.match(text, position)
        if key is None:
            other = _OTHER_TOKENS.match(text, position)
            position = other.end() if other is not None else len(text)
            continue
        start = key.end()
        if text.startswith('"', start):
            value, position = _quoted_value(text, start)
        elif text.startswith(_MULTI_LINE_START, start):
            value, position = _multi_line_value(text, start)
        else:
            end = _bracketed_end(text, start) if balanced else None
            # After one unclosed bracket, brackets are ignored: this keeps the scan linear.
            balanced = end is not None
            position = _bare_end(text, start) if end is None else end
            value = text[start:position]
        yield key[1], value


def _quoted_value(text: str, start: int) -> tuple[str, int]:
    """Return the value of the string literal at `start`, and the position after it."""
    literal = _QUOTED.match(text, start)
    if literal is None:  # the text ends in a backslash
        return unquote(text[start + 1 :]), len(text)
    inner, end = literal[1], literal.end()
    if not _AFTER_QUOTE.match(text, end):
        head, _, tail = inner.rpartition(" ")
        if len(tail) > 1 and tail.endswith("="):  # this quote opens the value of the next pair
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
    """Return the end of a bare value whose brackets may hold spaces; None if a bracket is not closed."""
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
    if escape["bytes"]:
        # Python's escapes of bytes and letters are those of Go
        return escape[0].encode().decode("unicode_escape").encode("latin-1").decode(errors="replace")
    code = int(escape["short"] or escape["long"], 16)
    is_character = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF  # noqa: PLR2004  # Unicode's own limits
    return chr(code) if is_character else _REPLACEMENT
