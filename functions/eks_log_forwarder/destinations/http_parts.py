"""Parts that several collectors share: default paths, credentials as headers, compression, JSON answers."""

from urllib.parse import urlsplit, urlunsplit

import msgspec
from isal import igzip

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.destination_options import Compression
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.transport.basic_authorization import basic

_GZIP_LEVEL = 2  # of isal; what others cost and save: docs/decisions/0013-compression-level.md


def with_default_path(url: str, path: str) -> str:
    """The URL; if it has no path, with the default path of the protocol."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") else urlunsplit(parts._replace(path=path))


def authorization(credentials: Credentials, token_scheme: str) -> dict[str, str]:
    """The header `Authorization` with the token, or with user name and password, or no header.

    Raises:
        SecretError: the secret has both kinds, or only one of user name and password.
    """
    if credentials.token is None:
        return basic_authorization(credentials)
    if credentials.username is not None or credentials.password is not None:
        raise SecretError(_EITHER)
    return {"Authorization": f"{token_scheme} {credentials.token}"}


def basic_authorization(credentials: Credentials) -> dict[str, str]:
    """The header `Authorization` with user name and password, or no header.

    Raises:
        SecretError: the secret has only one of user name and password.
    """
    username, password = credentials.username, credentials.password
    if username is None and password is None:
        return {}
    if username is None or password is None:
        raise SecretError(_EITHER)
    return {"Authorization": basic(username, password)}


_EITHER = "the destination's secret needs either token, or username and password together"


def compressed(body: bytes, headers: dict[str, str], compression: Compression) -> bytes:
    """The body as it is sent; adds `Content-Encoding` to the headers if it is compressed."""
    if compression is Compression.NONE:
        return body
    headers["Content-Encoding"] = "gzip"
    return igzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)


def read_json[Shape](body: bytes, shape: type[Shape]) -> Shape:
    """The body of an answer, in the shape that the documentation of the collector gives.

    Raises:
        ValueError: it is not JSON, has another shape, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except RecursionError:
        msg = "nested too deeply"
        raise ValueError(msg) from None
