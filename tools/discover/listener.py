"""The collector's listener, from an option or from kubectl."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from tools.errors import ToolError

_XPLG_PATH = "/logeye/api/logger.jsp"
_PLAIN_PORTS = frozenset({80, 8080, 30303})  # XPLG's port for http is 30303, for https 30443


class ListenerError(ToolError):
    """The text is not an address of a listener; the message says what is."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the functions post to."""

    host: str
    port: int
    url: str


def parse_listener(text: str, path: str = _XPLG_PATH) -> Listener:
    """A listener from `HOST:PORT` or a URL; `path` is used if the text has none.

    Raises:
        ListenerError: it is neither.
    """
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        port = parts.port
    except ValueError as error:
        raise _wrong(text) from error
    if not parts.hostname or parts.username or parts.query or parts.scheme not in {"", "http", "https"}:
        raise _wrong(text)
    if not parts.scheme and (port is None or parts.path):
        raise _wrong(text)
    port = port or (443 if parts.scheme == "https" else 80)
    scheme = parts.scheme or ("http" if port in _PLAIN_PORTS else "https")
    used = path if parts.path in {"", "/"} else parts.path
    return Listener(parts.hostname, port, f"{scheme}://{parts.netloc}{used}")


def _wrong(text: str) -> ListenerError:
    shown = text if "@" not in text and "?" not in text else "the text"  # it may hold a password or a token
    return ListenerError(
        f"{shown} is not an address of a listener: use HOST:PORT, or a URL without user name and token"
    )


def address_of(host: str) -> str | None:
    """The host's IPv4 address as this machine resolves it; None if it does not, as in a private zone."""
    try:
        return socket.gethostbyname(host)
    except OSError:
        return None
