"""An HTTP proxy between the function and its collector, and the names of what can fail there.

An https collector is reached through a tunnel (CONNECT; RFC 9110, section 9.3.6), so that its certificate is
verified end to end, and the proxy sees neither requests nor answers. The request to an http collector goes to
the proxy itself, with the full URL (RFC 9112, section 3.2.2).
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.transport.basic_authorization import basic
from eks_log_forwarder.transport.failures import Failure, ProxyError, failure_of

AUTHENTICATION_REQUIRED = 407  # RFC 9110, section 15.5.8

_CONNECTING = {
    Failure.CONNECTION_TIMEOUT: Failure.PROXY_CONNECTION_TIMEOUT,
    Failure.NAME_NOT_RESOLVED: Failure.PROXY_NAME_NOT_RESOLVED,
}
_STATUS = r"Tunnel connection failed: (\d{3})"  # the text of http.client's error
_MAY_PASS = frozenset({408, 425, 429, *range(500, 600)})


class Proxy(HiddenFields, msgspec.Struct, frozen=True):
    """Where the proxy is, and the header that it wants; neither shows in a repr."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str, credentials: Credentials) -> "Proxy | None":
        """The proxy with this URL; None where the URL is empty.

        Raises:
            SecretError: the secret has only one of proxy_username and proxy_password.
        """
        if not url:
            return None
        username, password = credentials.proxy_username, credentials.proxy_password
        if username is None and password is None:
            return cls(url)
        if username is None or password is None:
            msg = "the destination's secret needs proxy_username and proxy_password together"
            raise SecretError(msg)
        return cls(url, (("Proxy-Authorization", basic(username, password, field="proxy_username")),))


@contextmanager
def connecting(*, to_proxy: bool) -> Iterator[None]:
    """Names what fails while a connection opens; without a proxy, nothing changes."""
    try:
        yield
    except Exception as error:
        if not to_proxy:
            raise
        raise ProxyError(_CONNECTING.get(failure_of(error), Failure.PROXY_CONNECTION_REFUSED)) from error


@contextmanager
def tunnelling() -> Iterator[None]:
    """Names what fails while the proxy is asked for a tunnel."""
    try:
        yield
    except Exception as error:
        raise ProxyError(_refusal(error)) from error


def _refusal(error: Exception) -> Failure:
    if status := re.match(_STATUS, str(error)):
        return _failure_of_status(int(status[1]))
    if isinstance(error, TimeoutError):
        return Failure.PROXY_ANSWER_TIMEOUT
    return Failure.PROXY_CONNECTION_RESET


def _failure_of_status(status: int) -> Failure:
    if status == AUTHENTICATION_REQUIRED:
        return Failure.PROXY_AUTHENTICATION
    return Failure.PROXY_CANNOT_CONNECT if status in _MAY_PASS else Failure.PROXY_DENIED
