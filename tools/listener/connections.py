"""HTTP/1.1 connections that stay open, so that a client's kept-alive session is seen as what it is."""

import itertools
import socket
import threading
from contextlib import suppress
from typing import override

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response

CONNECTION_NUMBER = "listener.connection"  # in the WSGI environment; counts from 1


class Connections:
    """The open connections by number, so that a stopped listener leaves none behind."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._open: dict[int, socket.socket] = {}
        self._lock = threading.Lock()

    def opened(self, connection: socket.socket) -> int:
        """The number of a connection that has just been accepted."""
        with self._lock:
            number = next(self._numbers)
            self._open[number] = connection
            return number

    def closed(self, number: int) -> None:
        """Forgets a connection."""
        with self._lock:
            self._open.pop(number, None)

    def shut_all(self) -> None:
        """Ends every open connection; its thread sees the end of the stream and closes the socket."""
        with self._lock:
            for connection in self._open.values():
                with suppress(OSError):  # the other side was quicker
                    connection.shutdown(socket.SHUT_RDWR)


class KeepAliveHandler(WSGIRequestHandler):
    """Keeps a connection open after an answer, which Werkzeug's own handler never does.

    Werkzeug's always closes, because an application may have left a part of the body unread. The
    listener's application reads every body to its end, and asks for the end of the connection where it
    could not.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body leave in two writes
    connections: Connections  # set by `handler_counting_on`

    @override
    def setup(self) -> None:
        super().setup()
        self._number = self.connections.opened(self.connection)

    @override
    def finish(self) -> None:
        self.connections.closed(self._number)
        super().finish()

    @override
    def run_wsgi(self) -> None:
        environ = self.make_environ() | {CONNECTION_NUMBER: self._number}
        response = Response.from_app(self.server.app, environ, buffered=True)
        body = response.get_data()
        response.headers["Content-Length"] = str(len(body))
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    @override
    def log(self, type: str, message: str, *args: object) -> None:
        """Says nothing: the line would hold the URL, and the URL holds the token."""


def handler_counting_on(connections: Connections) -> type[KeepAliveHandler]:
    """The handler's class for one server, as servers make a handler a connection by themselves."""
    return type("_Handler", (KeepAliveHandler,), {"connections": connections})
