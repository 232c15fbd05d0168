"""One HTTP session a container: the only module, besides http_session.py, that imports requests.

An attempt ends in an answer or in a named failure, within the time it was given, whatever the other side
does. requests' own time-outs are for one read of a socket, and name resolution has none at all; so an
attempt runs in a thread that is left behind when its time is up.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, time

import requests
import urllib3.exceptions as urllib3_errors
from requests import exceptions as requests_errors

from eks_log_forwarder.errors import ForwarderError
from eks_log_forwarder.transport.attempt_thread import AttemptThread
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure, failure_of
from eks_log_forwarder.transport.session import new_session
from eks_log_forwarder.transport.tls import TlsIdentity

# A connection that was quiet for longer may have been forgotten by a NAT gateway or closed while Lambda
# held the container frozen; a new one costs less than a request that nobody answers.
MAX_IDLE_SECONDS = 60


class Transport:
    """A session that keeps its connection across requests and invocations."""

    def __init__(
        self,
        *,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        clock: Callable[[], float] = monotonic,
        wall_clock: Callable[[], float] = time,
    ) -> None:
        self._connect_timeout_seconds = connect_timeout_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._clock = clock
        self._wall_clock = wall_clock
        self._session: requests.Session | None = None
        self._tls: TlsIdentity | None = None
        self._thread: AttemptThread[Answer | Failure | ForwarderError] | None = None
        self._last_used = 0.0

    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        """Sends one request; after `within_seconds` at the latest there is a result.

        Raises:
            SecretError: what the secret holds for TLS cannot be used.
        """
        if within_seconds <= 0:
            return Failure.NO_TIME_LEFT
        session = self._current_session(request.tls)
        if self._thread is None:
            self._thread = AttemptThread()
        try:
            result = self._thread.do(
                lambda: self._attempt(session, request, within_seconds), within_seconds=within_seconds
            )
        except TimeoutError:
            self._thread = self._session = None  # they belong to the attempt that was left behind
            return Failure.ANSWER_TIMEOUT
        self._last_used = self._clock()
        if isinstance(result, ForwarderError):
            raise result
        return result

    def _current_session(self, tls: TlsIdentity | None) -> requests.Session:
        is_stale = self._clock() - self._last_used > MAX_IDLE_SECONDS or tls != self._tls
        if self._session is not None and is_stale:
            self._session.close()
            self._session = None
        if self._session is None:
            self._session = new_session(tls)
            self._tls = tls
        return self._session

    def _attempt(
        self, session: requests.Session, request: Request, within_seconds: float
    ) -> Answer | Failure | ForwarderError:
        try:
            with session.post(
                request.url,
                data=request.body,
                headers=request.headers,
                timeout=(
                    min(self._connect_timeout_seconds, within_seconds),
                    min(self._read_timeout_seconds, within_seconds),
                ),
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(
                    response.status_code,
                    _read_body(response, request.max_answer_bytes, give_up_at=monotonic() + within_seconds),
                    retry_after_seconds(response.headers.get("Retry-After"), self._wall_clock()),
                )
        except (requests_errors.RequestException, urllib3_errors.HTTPError, OSError, UnicodeError) as error:
            return failure_of(error)
        except Exception as error:  # noqa: BLE001  # a bug; its text may hold the URL and so the token
            return ForwarderError(
                f"the HTTP library raised {type(error).__name__}; its text may hold a token"
            )


def _read_body(response: requests.Response, max_bytes: int, *, give_up_at: float) -> bytes:
    """The body, or its first bytes: then the connection is closed with the rest unread.

    Raises:
        TimeoutError: the body goes on coming after `give_up_at`, so that no thread is left behind for ever.
    """
    pieces: list[bytes] = []
    size_bytes = 0
    while size_bytes < max_bytes:
        piece = response.raw.read1(max_bytes - size_bytes)
        if not piece:
            break
        if monotonic() > give_up_at:
            raise TimeoutError
        pieces.append(piece)
        size_bytes += len(piece)
    return b"".join(pieces)


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Retry-After in seconds or as an HTTP date (RFC 9110, section 10.2.3); None where it says nothing."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max((date - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0)
