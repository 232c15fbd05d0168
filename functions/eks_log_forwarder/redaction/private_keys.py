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

_LABELS = ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")


def _base64_start(label: str) -> str:
    """The base64 of the first line of a PEM, without the characters that depend on what comes next."""
    line = f"{_BEGIN} {label}PRIVATE KEY".encode()
    return b64encode(line[: len(line) // 3 * 3]).decode()


BASE64_BEGIN = b64encode(b"-----BEGI").decode()
_BASE64_CHARACTER = re.compile(BASE64)
_BASE64_KEY = re.compile(
    rf"(?P<data>(?:{'|'.join(map(_base64_start, _LABELS))}){BASE64}*+"
    rf"(?:(?:\\++[nr]|[\r\n])++(?=[A-Za-z0-9+/]{{32}}){BASE64}++)*+){PADDING}*+"  # base64 broken into lines
)
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
    """The places of PEM private keys in base64, up to the cut."""
    spans: list[Span] = []
    position = 0
    while (position := text.find(BASE64_BEGIN, position, end)) >= 0:
        key = _BASE64_KEY.match(text, position, end)
        if key:
            spans += _spans_in_base64(text, key)
        position = key.end() if key else position + len(BASE64_BEGIN)
    return spans


def _spans_in_base64(text: str, key: re.Match[str]) -> list[Span]:
    """Of the keys in what the base64 stands for, the characters that they are written with."""
    start, stop = key.span("data")
    data = text[start:stop]
    places: range | array[int] = range(start, stop)
    if "%" in data or _BREAKS.search(data):
        places = array("q", (match.start() for match in _BASE64_CHARACTER.finditer(text, start, stop)))
        data = _ENCODED.sub(lambda encoded: chr(int(encoded[1], 16)), _BREAKS.sub("", data))
    decoded = b64decode(data + "=" * (-len(data) % 4) if len(data) % 4 != 1 else data[:-1]).decode("latin-1")
    spans: list[Span] = []
    for first, behind in pem_spans(decoded, len(decoded)):
        last = -(-behind // 3) * 4  # three bytes are four characters
        is_rest = last >= len(places) or not decoded[behind:].strip()
        spans.append((places[first // 3 * 4], key.end() if is_rest else places[last]))
    return spans
