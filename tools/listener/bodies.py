"""Request bodies to records: gzip or plain; NDJSON, one JSON array, or one JSON object."""

import gzip
import io
import zlib
from enum import StrEnum

import msgspec

MAX_BODY_BYTES = 64 * 1024 * 1024  # as sent, and once more unpacked; far above any batch of the forwarder

type Record = dict[str, object]


class BodyFormat(StrEnum):
    """How the records of a request were put together."""

    NDJSON = "ndjson"
    ARRAY = "array"
    SINGLE = "single"


class BodyError(Exception):
    """A body that cannot be read; says what is wrong and where, never what the body holds."""

    def __init__(self, fault: str, status: int = 400) -> None:
        super().__init__(fault)
        self.status = status


def unpack(body: bytes, content_encoding: str) -> bytes:
    """The body without its `Content-Encoding`: gzip or none.

    Raises:
        BodyError: another encoding (415), broken gzip (400), or more than MAX_BODY_BYTES unpacked (413).
    """
    match content_encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzip(body)
        case _:
            message = "the Content-Encoding is neither gzip nor identity: send one of the two"
            raise BodyError(message, status=415)


def _gunzip(body: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            plain = stream.read(MAX_BODY_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        message = "the Content-Encoding says gzip, but the body is not complete gzip"
        raise BodyError(message) from error
    if len(plain) > MAX_BODY_BYTES:
        message = f"the body unpacks to more than {MAX_BODY_BYTES} bytes"
        raise BodyError(message, status=413)
    return plain


def decode_records(body: bytes) -> tuple[BodyFormat, list[Record]]:
    """The records of an unpacked body, all of them or none.

    A single line is `single`, as NDJSON of one record looks the same. An object spread over several
    lines is read as `single` too.

    Raises:
        BodyError: nothing in the body, not JSON, or JSON that is no object.
    """
    stripped = body.strip()
    if not stripped:
        message = "the body is empty: send JSON records"
        raise BodyError(message)
    if stripped.startswith(b"["):
        return BodyFormat.ARRAY, _array(stripped)
    lines = stripped.split(b"\n")
    if len(lines) == 1 or not _is_json(lines[0]):
        return BodyFormat.SINGLE, [_object(_json(stripped, "the body"), "the body")]
    return BodyFormat.NDJSON, [
        _object(_json(line, f"line {number}"), f"line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _array(text: bytes) -> list[Record]:
    items = _json(text, "the body")
    if not isinstance(items, list) or not items:
        message = "the body is an empty JSON array: send at least one record"
        raise BodyError(message)
    return [_object(item, f"array item {number}") for number, item in enumerate(items, start=1)]


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _json(text: bytes, where: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's message gives the kind of fault and a byte's position, the codec's would quote bytes
        detail = str(error) if isinstance(error, msgspec.DecodeError) else type(error).__name__
        message = f"{where} is not JSON in UTF-8: {detail}"
        raise BodyError(message) from error


def _object(value: object, where: str) -> Record:
    if not isinstance(value, dict):
        message = f"{where} is not a JSON object: each record is one"
        raise BodyError(message)
    return value
