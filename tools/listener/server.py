"""The listener itself: a threaded HTTP/1.1 server on one port, and what it has received so far."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tools.listener.bodies import MAX_BODY_BYTES, BodyFormat, Record
from tools.listener.connections import CONNECTION_NUMBER, Connections, handler_counting_on
from tools.listener.exchange import Incoming, Outcome, refused
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
    """What is being received; `records` and `requests` grow in the order of arrival."""

    def __init__(self, token: str | None, origin: str, sinks: tuple[Sink, ...] = ()) -> None:
        self.records: list[Record] = []
        self.requests: list[ReceivedRequest] = []
        self.origin = origin
        self._token = token
        self._sinks = sinks
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """XPLG's endpoint, without the token: what `DESTINATION_URL` takes."""
        return self.url_of(XPLG_PATH)

    def url_of(self, path: str) -> str:
        """The URL of another path, such as `/ingest`."""
        return self.origin + path

    def application(self, request: Request) -> Response:
        """Answers one request; by then its records have gone to every sink, so a 200 means stored."""
        size, outcome = self._read(request)
        try:
            self._keep(request, size, outcome)
        except OSError as error:
            outcome = refused(500, f"the records could not be stored: {error.strerror}")
            print(f"listener: {outcome.fault}", file=sys.stderr)
        response = Response(outcome.body, status=outcome.status, content_type=outcome.content_type)
        response.headers.extend(outcome.headers)
        return response

    def _read(self, request: Request) -> tuple[int, Outcome]:
        request.max_content_length = MAX_BODY_BYTES
        # What is left of a body that was not read to its end would be taken for the next request.
        close = (("Connection", "close"),)
        try:
            body = request.get_data(cache=False)
        except HTTPException as error:
            status = error.code or HTTPStatus.BAD_REQUEST
            return 0, refused(status, "the body is too large or ended early", close)
        except OSError:
            return 0, refused(HTTPStatus.BAD_REQUEST, "the body's chunks are badly framed", close)
        incoming = Incoming(request.method, request.path, request.args, request.headers, body)
        return len(body), answer(incoming, self._token)

    def _keep(self, request: Request, size: int, outcome: Outcome) -> None:
        received = ReceivedRequest(
            connection=request.environ[CONNECTION_NUMBER],
            method=request.method,
            path=request.path,
            content_type=request.headers.get("Content-Type", ""),
            content_encoding=request.headers.get("Content-Encoding", ""),
            size=size,
            status=outcome.status,
            records=len(outcome.records),
            body_format=outcome.body_format,
            fault=outcome.fault,
        )
        with self._lock:
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
    """A listener in a thread of this process, listening from the first line of the `with` block on.

    Port 0 takes a free one; a token of None takes requests without one, and with any. At the end of the
    block its connections are cut and the port is free again.

    Raises:
        OSError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=128) as bound:
        actual_port = bound.getsockname()[1]
        shown_host = f"[{host}]" if family == socket.AF_INET6 else host
        listener = Listener(token, f"http://{shown_host}:{actual_port}", sinks)
        connections = Connections()
        server = make_server(
            host,
            actual_port,
            Request.application(listener.application),
            threaded=True,
            request_handler=handler_counting_on(connections),
            fd=bound.fileno(),
        )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        connections.shut_all()
        server.server_close()
