"""Reads values of unexpected types in a subscription payload as well as possible."""

import re
from datetime import UTC, datetime

from eks_log_forwarder.encoding import to_json

MIN_TIMESTAMP_MS, MAX_TIMESTAMP_MS = -(2**63), 2**63 - 1  # CloudWatch's type Timestamp is a Long
_MAX_INTEGER_DIGITS = 20  # enough for every 64-bit integer
_MAX_TIMESTAMP_CHARACTERS = 64
_MAX_DEPTH = 100  # a payload has four levels; the rest is values that nobody reads
# text, because few payloads need it compiled
_TOKEN = rb'(?s:"(?:[^"\\]++|\\.)*+"|(?P<open>[\[{])|[\]}])'


def without_deep_values(text: bytes) -> bytes:
    """Return JSON with null in the place of each value that JSON decoders find nested too deeply."""
    parts: list[bytes] = []
    depth = done = 0
    for token in re.finditer(_TOKEN, text):
        if token["open"]:
            depth += 1
            if depth == _MAX_DEPTH:
                parts += (text[done : token.start()], b"null")
        elif token.group() in {b"]", b"}"}:
            if depth == _MAX_DEPTH:
                done = token.end()
            depth -= 1
    return b"".join((*parts, text[done:]))


def integer_of(digits: str) -> int | float:
    """Read a JSON integer; over 20 digits it becomes a float, because long ones are slow or refused."""
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else float(digits)


def text_of(value: object) -> str:
    """Return a string unchanged and any other value as JSON; a missing value (None) is an empty string."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def timestamp_of(value: object) -> int | None:
    """Read ms since 1970 from a number, from a string with a number, or from an ISO 8601 string.

    None if the value is none of these, or does not fit into 64 bits.
    """
    if isinstance(value, str):
        value = _number_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not MIN_TIMESTAMP_MS <= value <= MAX_TIMESTAMP_MS:  # also false for NaN
        return None
    return min(int(value), MAX_TIMESTAMP_MS)  # as a float, the bound is one too large


def _number_of(text: str) -> int | float | None:
    if len(text) > _MAX_TIMESTAMP_CHARACTERS:
        return None
    for read in (int, float, _ms_of_iso):
        try:
            return read(text)
        except (ValueError, OverflowError):
            continue
    return None


def _ms_of_iso(text: str) -> int:
    time = datetime.fromisoformat(text)
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
