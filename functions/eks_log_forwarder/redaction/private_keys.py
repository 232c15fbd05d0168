r"""Finds PEM private keys (RFC 7468), also with escaped line ends, percent-encoded or base64-encoded.

A client can write the first line of a key before a command. So only what has the form of a key is taken:
lines of base64 that are as long as OpenSSL and OpenSSH write them, or that begin as a key does, and a short
last line.
"""

import re
from array import array
from base64 import b64decode, b64encode

from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import BASE64, PADDING, SPACE

_BEGIN = "-----BEGIN"
_LONGEST_LABEL = 60  # characters from BEGIN to PRIVATE, percent-encoded
_WORDS = rf"(?:{SPACE}++[A-Z0-9]++){{1,4}}+"
# A key in one line has spaces in the place of line ends.
_BREAK = r"(?:[ \t\r\n+]|\\++[nrt]|%(?:25)*+(?:0[ADad]|20))++"
_HEADERS = rf"(?:{_BREAK}(?:Proc-Type|DEK-Info):{SPACE}*+[A-Za-z0-9,-]{{1,80}}+){{0,4}}+"  # RFC 1421
_LONG = rf"{BASE64}{{60,}}+{PADDING}{{0,2}}+"
# A key is a DER sequence: its base64 begins with M and one of A to P.
_FIRST = rf"(?:{_LONG}|M[A-P]{BASE64}*+{PADDING}{{0,2}}+(?=[\s\"'\\%&,;:<>)\]}}]|-----|\Z))"
_END = rf"(?:{_BREAK})?+-----END{_WORDS}-----"
# A short line is taken before the end or the cut, if it has a capital or padding: not /bin/sh, not reboot.
_LAST = rf"(?=[a-z0-9][a-z0-9+/]*+[A-Z=]|[A-Z]){BASE64}{{1,59}}+{PADDING}{{0,2}}+(?={_END}|\Z)"
_KEY = re.compile(
    rf"-----BEGIN(?P<label>{_WORDS})-----{_HEADERS}"
    rf"(?P<lines>(?:(?:{_BREAK})?+{_FIRST}(?:{_BREAK}{_LONG})*+)?+(?:(?:{_BREAK})?+{_LAST})?+)"
    rf"(?:{_END})?+"
)


def _in_base64(text: str, shift: int) -> str:
    """The characters of base64 that a text becomes wherever it stands, after `shift` bytes of a triple."""
    data = b64encode(b"\0" * shift + text.encode()).decode().rstrip("=")
    return data[-(-shift * 8 // 6) : (shift + len(text)) * 8 // 6]


_SHIFTS = {_in_base64("PRIVATE KEY", shift): shift for shift in range(3)}
BASE64_NEEDLES = (*_SHIFTS,)
"""What a private key has in base64, by what comes before it. They are equally long."""
_BASE64_CHARACTER = re.compile(BASE64)
# Base64 may be broken into lines.
_BASE64_REST = re.compile(
    rf"{BASE64}*+(?:(?:\\++[nr]|[\r\n])++(?=[A-Za-z0-9+/]{{32}}){BASE64}++)*+(?P<padding>{PADDING}*+)"
)
_LONGEST_BEGINNING = 80  # characters of base64 from -----BEGIN to PRIVATE
_GROUP_LENGTH = 4
_GROUP = re.compile(r"[A-Za-z0-9+/]{4}")
_BREAKS = re.compile(r"(?:\\++[nr]|[\r\n])++")
_ENCODED = re.compile(r"%(?:25)*+([0-9A-Fa-f]{2})")


def pem_spans(text: str, end: int) -> list[Span]:
    """The places of PEM private keys, begin and end lines included, up to the cut."""
    spans: list[Span] = []
    position = 0
    while (position := text.find("PRIVATE", position, end)) >= 0:
        begin = text.rfind(_BEGIN, max(0, position - _LONGEST_LABEL), position)
        key = _KEY.match(text, begin, end) if begin >= 0 else None
        if key and key["lines"] and "PRIVATE" in key["label"]:
            spans.append(key.span())
        position = max(position + len("PRIVATE"), key.end() if key else 0)
    return spans


def base64_pem_spans(text: str, end: int) -> list[Span]:
    """The places of PEM private keys in base64, up to the cut, whatever else the base64 holds."""
    spans: list[Span] = []
    for needle, shift in _SHIFTS.items():
        position = 0
        while (position := text.find(needle, position, end)) >= 0:
            rest = _BASE64_REST.match(text, position, end)
            position = rest.end() if rest else end
            if rest:
                spans += _spans_in_base64(text, _first_of_key(text, rest.start(), shift), rest)
    return spans


def _first_of_key(text: str, needle: int, shift: int) -> int:
    """Where a group of four characters starts, so far before the needle that it includes `-----BEGIN`."""
    start = needle - (shift * 8 + 5) // 6
    if start < 0 or not _GROUP.fullmatch(text, start, start + _GROUP_LENGTH):
        return start + _GROUP_LENGTH  # nothing of the key's beginning is there
    first = start
    least = max(_GROUP_LENGTH, start - _LONGEST_BEGINNING)
    while first >= least and _GROUP.fullmatch(text, first - _GROUP_LENGTH, first):
        first -= _GROUP_LENGTH
    return first


def _spans_in_base64(text: str, first: int, rest: re.Match[str]) -> list[Span]:
    """Of the keys in what the base64 stands for, the characters that they are written with."""
    stop = rest.start("padding")
    data = text[first:stop]
    places: range | array[int] = range(first, stop)
    if "%" in data or _BREAKS.search(data):
        places = array("q", (match.start() for match in _BASE64_CHARACTER.finditer(text, first, stop)))
        data = _ENCODED.sub(lambda encoded: chr(int(encoded[1], 16)), _BREAKS.sub("", data))
    decoded = b64decode(data + "=" * (-len(data) % 4) if len(data) % 4 != 1 else data[:-1]).decode("latin-1")
    spans: list[Span] = []
    for start, behind in pem_spans(decoded, len(decoded)):
        last = -(-behind // 3) * 4  # three bytes are four characters
        is_rest = last >= len(places) or not decoded[behind:].strip()
        spans.append((places[start // 3 * 4], rest.end() if is_rest else places[last]))
    return spans
