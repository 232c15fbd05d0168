"""What requests to several collectors have in common: default paths, and credentials as headers."""

from base64 import b64encode
from urllib.parse import urlsplit, urlunsplit

import msgspec
from isal import igzip

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.settings import Compression
from eks_log_forwarder.errors import SecretError

# isal's fastest level: 1 is as small as zlib's 6 on these logs, at several times its speed
_GZIP_LEVEL = 1


def with_default_path(url: str, path: str) -> str:
    """The URL itself, or with the protocol's own path where it has none."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") else urlunsplit(parts._replace(path=path))


def authorization(credentials: Credentials, token_scheme: str) -> dict[str, str]:
    """`Authorization` with the token under a scheme, or with user name and password (RFC 7617), or nothing.

    Raises:
        SecretError: the secret has both, or one of user name and password alone.
    """
    token, username, password = credentials.token, credentials.username, credentials.password
    if username is None and password is None:
        return {} if token is None else {"Authorization": f"{token_scheme} {token}"}
    if token is not None or username is None or password is None:
        msg = "the destination's secret needs either token, or username and password together"
        raise SecretError(msg)
    pair = b64encode(f"{username}:{password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {pair}"}


def compressed(body: bytes, headers: dict[str, str], compression: Compression) -> bytes:
    """The body as it goes over the wire; adds the header that says so."""
    if compression is Compression.NONE:
        return body
    headers["Content-Encoding"] = "gzip"
    return igzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def read_json[Shape](body: bytes, shape: type[Shape]) -> Shape:
    """The answer's body in the shape that the collector's documentation gives it.

    Raises:
        ValueError: it is not JSON, not of that shape, or nested too deep to read.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except RecursionError:
        msg = "nested too deep"
        raise ValueError(msg) from None
