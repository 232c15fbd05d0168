"""The option `proxy`: the URL of an HTTP proxy for the collector alone."""

from collections.abc import Iterator
from urllib.parse import urlsplit

_FORM = "give http://HOST:PORT"


def proxy_faults(url: str) -> Iterator[str]:
    """What is wrong with the URL of a proxy; never shows it, since it may hold a password."""
    if not url:
        return
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(character <= " " for character in url):
        yield f"proxy is not a URL: {_FORM}"
    elif parts.username is not None or parts.password is not None:
        yield (
            f"proxy contains credentials: {_FORM}, and put them into the destination's secret as "
            "proxy_username and proxy_password"
        )
    elif parts.scheme == "https":
        yield (
            f"proxy begins with https, and connections to the proxy itself cannot be encrypted: {_FORM}; "
            "an https collector is encrypted through the proxy"
        )
    elif parts.scheme != "http":
        yield f"proxy has another scheme than http: {_FORM}"
    elif parts.path.strip("/") or parts.query or parts.fragment:
        yield f"proxy has more than a host and a port: {_FORM}"
