"""The listener: one port that speaks every protocol, and what it has received so far."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tools.listener.bodies import BodyFormat, Record
from tools.listener.exchange import Outcome, refused
from tools.listener.http_server import Incoming, Reply, response, running_http_server
from tools.listener.protocols import DEVELOPMENT_TOKEN, XPLG_PATH, answer


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """One request and its answer; `connection` counts from 1, `size` is the body's bytes as sent."""

    connection: int
    method: str
    path: str
    content_type: str
    content_encoding: str
    size: int
    status: int
    records: int
    body_format: BodyFormat | None
    fault: str


type Sink = Callable[[ReceivedRequest, tuple[Record, ...]], None]


class Listener:
    """What has been received; `records` and `requests` grow in the order of arrival."""

    def __init__(self, token: str | None, sinks: tuple[Sink, ...] = ()) -> None:
        self.records: list[Record] = []
        self.requests: list[ReceivedRequest] = []
        self.origin = ""
        self._token = token
        self._sinks = sinks

    @property
    def url(self) -> str:
        """XPLG's endpoint, without the token: what `DESTINATION_URL` takes."""
        return self.url_of(XPLG_PATH)

    def url_of(self, path: str) -> str:
        """The URL of another path, such as `/ingest`."""
        return self.origin + path

    def answer(self, request: Incoming) -> Reply:
        """Answers one request; by then its records have gone to every sink, so a 200 means stored."""
        if request.fault is not None:
            outcome = refused(request.fault.status, str(request.fault))
        else:
            outcome = answer(request, self._token)
        try:
            self._keep(request, outcome)
        except OSError as error:
            outcome = refused(500, f"the records could not be stored: {error.strerror}")
            print(f"listener: {outcome.fault}", file=sys.stderr)
        headers = {"Content-Type": outcome.content_type, **dict(outcome.headers)}
        return Reply(response(outcome.status, outcome.body.encode(), headers))

    def _keep(self, request: Incoming, outcome: Outcome) -> None:
        received = ReceivedRequest(
            connection=request.connection,
            method=request.method,
            path=request.path,
            content_type=request.headers.get("content-type", ""),
            content_encoding=request.headers.get("content-encoding", ""),
            size=len(request.body),
            status=outcome.status,
            records=len(outcome.records),
            body_format=outcome.body_format,
            fault=outcome.fault,
        )
        for sink in self._sinks:
            sink(received, outcome.records)
        self.requests.append(received)
        self.records.extend(outcome.records)


@contextmanager
def running_listener(
    *,
    token: str | None = DEVELOPMENT_TOKEN,
    host: str = "127.0.0.1",
    port: int = 0,
    sinks: tuple[Sink, ...] = (),
) -> Iterator[Listener]:
    """A listener in a thread of this process, until the end of the block.

    Port 0 takes a free one; a token of None accepts requests with any token or none.

    Raises:
        OSError: the server cannot listen on this address.
    """
    listener = Listener(token, sinks)
    with running_http_server(listener.answer, host, port) as listener.origin:
        yield listener
