"""Finds PEM private keys (RFC 7468), also with escaped line ends, percent-encoded or base64-encoded."""

import re
from base64 import b64encode

from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import SPACE, TOKEN

_BEGIN = "-----BEGIN"
_LONGEST_LABEL = 60  # characters from BEGIN to PRIVATE, percent-encoded
_WORDS = rf"(?:{SPACE}++[A-Z0-9]++){{1,4}}+"
_KEY = re.compile(
    rf"-----BEGIN(?P<label>{_WORDS})-----"
    r"(?:[A-Za-z0-9+/=:,.\s%]|-(?!----)|\\++[nrt])*+"  # base64 lines and the headers of RFC 1421
    rf"(?:-----END{_WORDS}-----)?+"
)

_LABELS = ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")


def _base64_start(label: str) -> str:
    """The base64 of a PEM's first line, without the characters that depend on what comes next."""
    line = f"{_BEGIN} {label}PRIVATE KEY".encode()
    return b64encode(line[: len(line) // 3 * 3]).decode()


BASE64_BEGIN = b64encode(b"-----BEGI").decode()
_BASE64_KEY = re.compile(
    rf"(?:{'|'.join(map(_base64_start, _LABELS))}){TOKEN}*+"
    rf"(?:(?:\\++[nr]|[\r\n])++(?=[A-Za-z0-9+/]{{32}}){TOKEN}++)*+"  # base64 broken into lines
)


def pem_spans(text: str, end: int) -> list[Span]:
    """The places of PEM private keys, begin and end lines included, up to the cut."""
    spans: list[Span] = []
    position = 0
    while (position := text.find("PRIVATE", position, end)) >= 0:
        begin = text.rfind(_BEGIN, max(0, position - _LONGEST_LABEL), position)
        key = _KEY.match(text, begin, end) if begin >= 0 else None
        if key and "PRIVATE" in key["label"]:
            spans.append(key.span())
        position = max(position + 1, key.end() if key else 0)
    return spans


def base64_pem_end(text: str, start: int, end: int) -> int | None:
    """Where the base64 of a PEM private key that begins at start ends; None if none begins there."""
    key = _BASE64_KEY.match(text, start, end)
    return key.end() if key else None
