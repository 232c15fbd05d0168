"""Finds the passwords in URLs (RFC 3986, section 3.2.1: `user:password@host`), plain or percent-encoded."""

import re

from eks_log_forwarder.redaction.secret_names import is_evidence
from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import COLON

_LONGEST = 256  # characters of user and password
_DIGEST = "@sha256:"  # of an image, in every event about a pod
# Before the @: what follows `//`, or the start of a data source name of Go's MySQL driver.
_USER_INFO = re.compile(r"""[^\s:/?#"'\\<>(),;=]*+:(?P<secret>[^\s/"'\\<>]++)""")
_MARKER = "[REDACTED:"
_BEFORE_USER = re.compile(r"""[\s"'=]""")
_ENCODED_AT = re.compile(r"%(?:25)*+40")
_ENCODED = re.compile(
    rf"{COLON}(?:%(?:25)*+2[Ff]){{2}}[A-Za-z0-9._~-]*+{COLON}"
    r"(?P<secret>(?:[A-Za-z0-9._~!$*+-]|%(?:25)*+(?!25|40|2[Ff]|2[06]|3[Ff])[0-9A-Fa-f]{2})++)%(?:25)*+40"
)


def password_spans(text: str, end: int) -> list[Span]:
    """The places of passwords in URLs of a text that ends, or was cut, at `end`."""
    spans: list[Span] = []
    position = text.find("@", 0, end)
    while position >= 0:
        if not text.startswith(_DIGEST, position):
            span = _before(text, position)
            if span is not None:
                spans.append(span)
        position = text.find("@", position + 1, end)
    if "%" in text and ("%40" in text or "%2540" in text):
        spans += [url.span("secret") for url in _encoded_urls(text, end)]
    return spans


def _before(text: str, at: int) -> Span | None:
    """The password before an @."""
    first = max(0, at - _LONGEST)
    start = text.rfind("//", first, at)
    if start >= 0 and text[start - 1 : start] == ":":
        start += 2
    elif text.startswith(("tcp(", "unix("), at + 1):
        start = max((found.end() for found in _BEFORE_USER.finditer(text, first, at)), default=first)
    else:
        return None
    user_info = _USER_INFO.fullmatch(text, start, at)
    if user_info is None or _MARKER in user_info[0] or is_evidence(user_info["secret"], "password"):
        return None
    return user_info.span("secret")


def _encoded_urls(text: str, end: int) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    for at in _ENCODED_AT.finditer(text, 0, end):
        first = max(0, at.start() - _LONGEST)
        slash = max(text.rfind("2F", first, at.start()), text.rfind("2f", first, at.start()))
        start = max(text.rfind("3A%", first, slash), text.rfind("3a%", first, slash)) if slash > 0 else -1
        while start > first and text[start - 1 : start] in {"5", "2"}:  # %25 once or more
            start -= 1
        url = _ENCODED.match(text, start - 1, end) if start > 0 else None
        if url and url.end() == at.end():
            found.append(url)
    return found
