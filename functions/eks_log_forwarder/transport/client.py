"""Sends requests over one HTTP session per container.

An attempt ends in an answer or in a named failure, within its time limit, whatever the collector does. The
time-outs of requests apply to single socket reads, and name resolution has none. So an attempt runs in a
thread; when its time is up, the thread is abandoned and its connection is shut down.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, time

import requests

from eks_log_forwarder.transport.attempt_thread import AttemptThread
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure, failure_of
from eks_log_forwarder.transport.proxy import AUTHENTICATION_REQUIRED, Proxy
from eks_log_forwarder.transport.session import CollectorSession
from eks_log_forwarder.transport.tls import TlsIdentity

# A NAT gateway may have dropped a connection that was idle for longer, and the collector may have closed it
# while Lambda had the container frozen. A new connection costs less than a request that gets no answer.
MAX_IDLE_SECONDS = 60

_MAX_DATE_CHARACTERS = 64  # twice the longest HTTP date
_STATUSES = range(100, 600)  # RFC 9110, section 15


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
        self._session: CollectorSession | None = None
        self._way: tuple[TlsIdentity | None, Proxy | None] = None, None
        self._thread: AttemptThread[Answer | Failure] | None = None
        self._last_used = 0.0

    def post(self, request: Request, *, within_seconds: float) -> Answer | Failure:
        """Sends one request and returns within `within_seconds`.

        Raises:
            SecretError: the secret's certificates or key cannot be used.
        """
        if within_seconds <= 0:
            return Failure.NO_TIME_LEFT
        session = self._current_session(request.tls, request.proxy)
        if self._thread is None:
            self._thread = AttemptThread()
        try:
            result = self._thread.do(
                lambda: self._attempt(session, request, within_seconds),
                within_seconds=within_seconds,
                meanwhile=request.meanwhile,
            )
        except TimeoutError:
            session.abort()
            self._thread = self._session = None  # they belong to the abandoned attempt
            return Failure.ANSWER_TIMEOUT
        self._last_used = self._clock()
        return result

    def _current_session(self, tls: TlsIdentity | None, proxy: Proxy | None) -> CollectorSession:
        is_stale = self._clock() - self._last_used > MAX_IDLE_SECONDS or (tls, proxy) != self._way
        if self._session is not None and is_stale:
            self._session.close()
            self._session = None
        if self._session is None:
            self._session = CollectorSession(tls, proxy)
            self._way = tls, proxy
        return self._session

    def _attempt(
        self, session: CollectorSession, request: Request, within_seconds: float
    ) -> Answer | Failure:
        started = monotonic()
        give_up_at = started + within_seconds
        try:
            connect_timeout = min(
                request.connect_timeout_seconds or within_seconds,
                self._connect_timeout_seconds,
                within_seconds,
            )
            read_timeout = min(self._read_timeout_seconds, within_seconds)
            with session.exchange(request, (connect_timeout, read_timeout)) as response:
                if response.status_code not in _STATUSES:
                    return Failure.ANSWER_UNREADABLE
                if response.status_code == AUTHENTICATION_REQUIRED and request.proxy is not None:
                    return Failure.PROXY_AUTHENTICATION
                body = _read_body(response, request.max_answer_bytes, give_up_at)
                retry_after = retry_after_seconds(response.headers.get("Retry-After"), self._wall_clock())
                return Answer(response.status_code, body, retry_after, monotonic() - started)
        except Exception as error:  # noqa: BLE001  # an answer can make the libraries raise anything
            return failure_of(error)


def _read_body(response: requests.Response, max_bytes: int, give_up_at: float) -> bytes:
    """The first `max_bytes` of the body; the connection is then closed and the rest is not read.

    Raises:
        TimeoutError: the body has not ended at `give_up_at`.
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
    """Retry-After in seconds or as a date (RFC 9110, section 10.2.3); None where it has no usable value."""
    if header is None:
        return None
    text = header.strip()
    if len(text) > _MAX_DATE_CHARACTERS:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max((date - datetime.fromtimestamp(now, UTC)).total_seconds(), 0.0)
