"""What requests to several collectors have in common: default paths, and credentials as headers."""

from base64 import b64encode
from urllib.parse import urlsplit, urlunsplit

from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.secrets import Credentials


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
