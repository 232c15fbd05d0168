"""JSON as bytes, including text that UTF-8 cannot represent."""

import json
import re

import msgspec

_LONE_SURROGATE = "[\ud800-\udfff]"  # text, because few messages need it compiled
_encoder = msgspec.json.Encoder()


def to_json(value: object) -> bytes:
    r"""Encode a value as JSON in UTF-8. A lone surrogate is written as its escape (`\ud83d`)."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return json.dumps(_builtins(value), separators=(",", ":")).encode("ascii")


def to_strict_json(value: object) -> bytes:
    """As `to_json`, for collectors whose parsers refuse a lone surrogate: it becomes U+FFFD."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(_builtins(value), separators=(",", ":"), ensure_ascii=False)
        return encodable(text).encode()


def _builtins(value: object) -> object:
    return msgspec.to_builtins(value, enc_hook=_nested_json)


def _nested_json(raw: msgspec.Raw) -> object:
    """Decode the raw JSON within a record, which msgspec can only copy."""
    return json.loads(bytes(raw))


def encodable(text: str) -> str:
    """Join surrogate pairs and replace each lone surrogate with U+FFFD; other text is unchanged."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return re.sub(_LONE_SURROGATE, "\N{REPLACEMENT CHARACTER}", joined)
    return text
