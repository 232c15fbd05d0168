"""The compression of `awslogs.data`: base64 of gzip."""

import base64
import binascii
import gzip

from isal import igzip, isal_zlib

from eks_log_forwarder.errors import PayloadError

# An asynchronous invocation carries at most 1 MB of base64. Real audit logs expand to 5 to 15 MB.
# More than four times that is a fault or an attack. The limit fits into the function's memory.
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024

_GZIP_WINDOW_BITS = 31  # zlib's code for "gzip header and trailer only"
_GZIP_LEVEL = 2  # isal's best ratio at a speed many times that of zlib


def expanded(data: str) -> bytes:
    """Return the text within base64 of gzip.

    Raises:
        PayloadError: it is neither, is damaged, or expands to more than `MAX_PAYLOAD_BYTES`.
    """
    return _inflate(_from_base64(data))


def packed(text: bytes, *, smallest: bool = False) -> str:
    """Compress a text; `smallest` takes more time to save bytes."""
    data = gzip.compress(text, 9, mtime=0) if smallest else igzip.compress(text, _GZIP_LEVEL, mtime=0)
    return base64.b64encode(data).decode("ascii")


def _from_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        msg = f"awslogs.data ({len(data)} characters) is not base64"
        raise PayloadError(msg) from None


def _inflate(compressed: bytes) -> bytes:
    """Expand all gzip members; stop when the limit is exceeded."""
    pieces: list[bytes] = []
    size_bytes = 0
    rest = compressed
    while rest or not pieces:
        inflater = isal_zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)
        try:
            piece = inflater.decompress(rest, max_length=MAX_PAYLOAD_BYTES - size_bytes + 1)
        except isal_zlib.error:  # type: ignore[misc]  # the stub calls the class an instance
            msg = f"awslogs.data ({len(compressed)} bytes) is not gzip or is damaged"
            raise PayloadError(msg) from None
        pieces.append(piece)
        size_bytes += len(piece)
        if size_bytes > MAX_PAYLOAD_BYTES:
            msg = f"awslogs.data ({len(compressed)} bytes of gzip) expands to over {MAX_PAYLOAD_BYTES} bytes"
            raise PayloadError(msg)
        if not inflater.eof:
            msg = f"awslogs.data ({len(compressed)} bytes of gzip) ends too early"
            raise PayloadError(msg)
        rest = inflater.unused_data
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
