"""Names what failed before or within an answer, from the exceptions of the HTTP libraries."""

import ssl
from enum import StrEnum
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import urllib3.exceptions as urllib3_errors
from requests import exceptions as requests_errors


class Failure(StrEnum):
    """What can fail before or within an answer."""

    ANSWER_CUT = "answer_cut"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    CONNECTION_TIMEOUT = "connection_timeout"
    ANSWER_TIMEOUT = "answer_timeout"
    NAME_NOT_RESOLVED = "name_not_resolved"
    TLS = "tls"
    REQUEST_INVALID = "request_invalid"
    HTML_ANSWER = "html_answer"
    ANSWER_UNREADABLE = "answer_unreadable"
    PROXY_ANSWER_TIMEOUT = "proxy_answer_timeout"
    PROXY_AUTHENTICATION = "proxy_authentication"
    PROXY_CANNOT_CONNECT = "proxy_cannot_connect"
    PROXY_CONNECTION_REFUSED = "proxy_connection_refused"
    PROXY_CONNECTION_RESET = "proxy_connection_reset"
    PROXY_CONNECTION_TIMEOUT = "proxy_connection_timeout"
    PROXY_DENIED = "proxy_denied"
    PROXY_NAME_NOT_RESOLVED = "proxy_name_not_resolved"
    NO_TIME_LEFT = "no_time_left"
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105  # a reason, not a secret


class ProxyError(OSError):
    """A failure at the proxy; it keeps its name through the exceptions that wrap it."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


# The first row whose class is found in an exception, or in one that it wraps, names the failure.
_FAILURES: tuple[tuple[type[BaseException], Failure], ...] = (
    (urllib3_errors.NameResolutionError, Failure.NAME_NOT_RESOLVED),
    (urllib3_errors.SSLError, Failure.TLS),
    (requests_errors.SSLError, Failure.TLS),
    (ssl.SSLEOFError, Failure.CONNECTION_RESET),
    (ssl.SSLError, Failure.TLS),  # for example the server's alert that it wants a client certificate
    (RemoteDisconnected, Failure.CONNECTION_RESET),  # before its parent HTTPException
    (urllib3_errors.NewConnectionError, Failure.CONNECTION_REFUSED),  # before its parent below
    (urllib3_errors.ConnectTimeoutError, Failure.CONNECTION_TIMEOUT),
    (requests_errors.ConnectTimeout, Failure.CONNECTION_TIMEOUT),
    (urllib3_errors.ReadTimeoutError, Failure.ANSWER_TIMEOUT),
    (requests_errors.ReadTimeout, Failure.ANSWER_TIMEOUT),
    (TimeoutError, Failure.ANSWER_TIMEOUT),
    (urllib3_errors.IncompleteRead, Failure.ANSWER_CUT),
    (IncompleteRead, Failure.ANSWER_CUT),  # of a chunked body
    (urllib3_errors.InvalidChunkLength, Failure.ANSWER_CUT),
    (urllib3_errors.InvalidHeader, Failure.ANSWER_UNREADABLE),  # for example two Content-Lengths
    (HTTPException, Failure.ANSWER_UNREADABLE),
    (requests_errors.InvalidURL, Failure.REQUEST_INVALID),
    (requests_errors.InvalidHeader, Failure.REQUEST_INVALID),
    (requests_errors.InvalidSchema, Failure.REQUEST_INVALID),
    (urllib3_errors.LocationParseError, Failure.REQUEST_INVALID),
    (UnicodeEncodeError, Failure.REQUEST_INVALID),  # a token that no header can hold
    (OSError, Failure.CONNECTION_RESET),
    (urllib3_errors.ProtocolError, Failure.CONNECTION_RESET),
    (requests_errors.ConnectionError, Failure.CONNECTION_RESET),
)


def failure_of(error: BaseException) -> Failure:
    """The failure's name, from the classes of the exceptions alone: their texts can hold the token.

    An exception that no row names comes from an answer that the libraries cannot handle.
    """
    chain = _wrapped(error)
    for link in chain:
        if isinstance(link, ProxyError):
            return link.failure
    for kind, failure in _FAILURES:
        if any(isinstance(link, kind) for link in chain):
            return failure
    return Failure.ANSWER_UNREADABLE


def _wrapped(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop()
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            waiting += [*link.args, getattr(link, "reason", None), link.__cause__]
    return found
