"""JSON as bytes, also of text that UTF-8 cannot hold."""

import json

import msgspec

_encoder = msgspec.json.Encoder()


def to_json(value: object) -> bytes:
    r"""JSON in UTF-8. Half a surrogate pair, which UTF-8 cannot hold, is written as its escape (`\ud83d`)."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return json.dumps(_builtins(value), separators=(",", ":")).encode("ascii")


def to_strict_json(value: object) -> bytes:
    """As `to_json`, for collectors whose parsers refuse half a surrogate pair: it becomes U+FFFD."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(_builtins(value), separators=(",", ":"), ensure_ascii=False)
        return encodable(text).encode()


def _builtins(value: object) -> object:
    return msgspec.to_builtins(value, enc_hook=_nested_json)


def _nested_json(raw: msgspec.Raw) -> object:
    """The JSON that a record holds as it came: msgspec can copy it into a text and nothing else."""
    return json.loads(bytes(raw))


def encodable(text: str) -> str:
    """The text with surrogate pairs joined and each lone surrogate replaced by U+FFFD; else as it is."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
