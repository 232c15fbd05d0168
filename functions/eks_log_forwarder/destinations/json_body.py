"""Bodies of JSON records for collectors that take plain JSON: one a line, one array, or one a request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from isal import igzip

from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.log_record import Record
from eks_log_forwarder.record_formats import Shape
from eks_log_forwarder.settings import BodyFormat, Compression


def _lines(encoded: Sequence[bytes]) -> bytes:
    return b"\n".join((*encoded, b""))


def _array(encoded: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(encoded) + b"]"


def _single(encoded: Sequence[bytes]) -> bytes:
    (only,) = encoded
    return only


_JOIN: dict[BodyFormat, Callable[[Sequence[bytes]], bytes]] = {
    BodyFormat.NDJSON: _lines,
    BodyFormat.ARRAY: _array,
    BodyFormat.SINGLE: _single,
}

# isal's fastest level: 1 is as small as zlib's 6 on these logs, at several times its speed
_GZIP_LEVEL = 1


def compressed(body: bytes, headers: dict[str, str], compression: Compression) -> bytes:
    """The body as it goes over the wire; adds the header that says so."""
    if compression is Compression.NONE:
        return body
    headers["Content-Encoding"] = "gzip"
    return igzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


@dataclass(frozen=True, slots=True)
class JsonBody:
    """How records become the body of a request."""

    body_format: BodyFormat
    compression: Compression
    shape: Shape

    @property
    def max_events_per_request(self) -> int | None:
        """One for `single`, else no bound but the settings'."""
        return 1 if self.body_format is BodyFormat.SINGLE else None

    def encode(self, record: Record) -> bytes:
        """One record as JSON, in the format that was asked for."""
        return to_json(self.shape(record))

    def build(self, encoded: Sequence[bytes], headers: dict[str, str]) -> bytes:
        """The body of these records; adds the headers that describe it."""
        return compressed(_JOIN[self.body_format](encoded), headers, self.compression)
