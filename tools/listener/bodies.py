"""Request bodies to records: gzip or plain; NDJSON, one JSON array, or one JSON object."""

import gzip
import io
import zlib
from typing import cast

import msgspec

MAX_BODY_BYTES = 64 * 1024 * 1024  # as sent and again unpacked; far above any batch of the forwarder

type Record = dict[str, object]


class BodyError(Exception):
    """An unreadable body; the message says what is wrong and where, but quotes nothing."""

    def __init__(self, fault: str, status: int = 400) -> None:
        super().__init__(fault)
        self.status = status


def require(condition: object, fault: str, status: int = 400) -> None:
    """Raises a BodyError with this text if a condition is not met."""
    if not condition:
        raise BodyError(fault, status)


def unpack(body: bytes, content_encoding: str) -> bytes:
    """The body without its `Content-Encoding`, which is gzip or none.

    Raises:
        BodyError: another encoding (415), broken gzip (400), or more than MAX_BODY_BYTES unpacked (413).
    """
    encoding = content_encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    wrong = "the Content-Encoding is neither gzip nor identity: send one of the two"
    require(encoding in {"gzip", "x-gzip"}, wrong, 415)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            plain = stream.read(MAX_BODY_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        message = "the Content-Encoding says gzip, but the body is not complete gzip"
        raise BodyError(message) from error
    require(len(plain) <= MAX_BODY_BYTES, f"the body unpacks to more than {MAX_BODY_BYTES} bytes", 413)
    return plain


def decode_records(body: bytes) -> tuple[str, list[Record]]:
    """The format and the records of an unpacked body: `ndjson`, `array` or `single`; all records or none.

    A single line is `single`: NDJSON with one record looks the same. So is an object over several lines.

    Raises:
        BodyError: the body is empty, is not JSON, or has JSON that is not an object.
    """
    stripped = body.strip()
    require(stripped, "the body is empty: send JSON records")
    if stripped.startswith(b"["):
        items = cast("list[object]", _json(stripped, "the body"))
        require(items, "the body is an empty JSON array: send at least one record")
        records = [_object(item, f"array item {number}") for number, item in enumerate(items, start=1)]
        return "array", records
    lines = stripped.split(b"\n")
    if len(lines) == 1 or not _is_json(lines[0]):
        return "single", [_object(_json(stripped, "the body"), "the body")]
    places = ((f"line {number}", line) for number, line in enumerate(lines, start=1) if line.strip())
    return "ndjson", [_object(_json(line, place), place) for place, line in places]


def _is_json(text: bytes) -> bool:
    try:
        _json(text, "")
    except BodyError:
        return False
    return True


def _json(text: bytes, where: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's message has only the kind of fault and a position; the codec's would quote bytes
        detail = str(error) if isinstance(error, msgspec.DecodeError) else type(error).__name__
        message = f"{where} is not JSON in UTF-8: {detail}"
        raise BodyError(message) from error


def _object(value: object, where: str) -> Record:
    require(isinstance(value, dict), f"{where} is not a JSON object: each record is one")
    return cast("Record", value)
