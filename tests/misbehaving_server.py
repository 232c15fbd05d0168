"""Servers on 127.0.0.1 that answer badly or not at all, on real sockets."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

type Behaviour = Callable[["Connection"], None]
"""What a server does with one connection; returning closes it."""

_RECEIVE_BYTES = 65536
_JOIN_SECONDS = 30


@dataclass(slots=True)
class Connection:
    """One accepted connection; `stopped` is set when the test is over."""

    socket: socket.socket
    stopped: threading.Event

    def read_request(self) -> bytes:
        """One request with its whole body; empty if the client has hung up.

        Raises:
            ConnectionError: the client hung up in the middle of it.
        """
        received = self.socket.recv(_RECEIVE_BYTES)
        if not received:
            return b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        (length,) = (
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")
        )
        while len(body) < length:
            body += self._receive()
        return head + b"\r\n\r\n" + body

    def _receive(self) -> bytes:
        received = self.socket.recv(_RECEIVE_BYTES)
        if not received:
            msg = "the client hung up in the middle of a request"
            raise ConnectionError(msg)
        return received

    def await_request(self) -> None:
        """Waits for the first bytes of a request, or for the client to hang up; reads nothing."""
        self.socket.recv(1, socket.MSG_PEEK)

    def send(self, data: bytes) -> None:
        """Sends all of the data."""
        self.socket.sendall(data)

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def drip(self, data: bytes, *, every_seconds: float) -> None:
        """Sends one byte at a time, repeatedly, until the test is over or the client is gone."""
        while True:
            for byte in data:
                self.send(bytes([byte]))
                if self.stopped.wait(every_seconds):
                    return


@dataclass(slots=True)
class Server:
    """A running server: its port, and the connections that it has accepted."""

    port: int
    accepted: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def url(self, scheme: str = "http", path: str = "/in") -> str:
        """The server's URL."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def wait_until_closed(self) -> None:
        """Waits until the server has closed the connections that it has accepted."""
        for thread in self.threads:
            thread.join(_JOIN_SECONDS)


@contextmanager
def running_server(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that treats every connection in this way, until the end of the block."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening.getsockname()[1])

        def serve(accepted: socket.socket) -> None:
            with suppress(OSError), _wrapped(accepted, tls) as connected:
                behave(Connection(connected, stopped))

        def accept() -> None:
            with suppress(OSError):
                while True:
                    accepted, _ = listening.accept()
                    server.accepted.append(accepted)
                    thread = threading.Thread(target=serve, args=(accepted,), daemon=True)
                    thread.start()
                    server.threads.append(thread)

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            stopped.set()
            for one in (listening, *server.accepted):
                with suppress(OSError):  # closed already
                    one.shutdown(socket.SHUT_RDWR)
            accepting.join(_JOIN_SECONDS)
            server.wait_until_closed()


def _wrapped(accepted: socket.socket, tls: ssl.SSLContext | None) -> socket.socket:
    if tls is None:
        return accepted
    with accepted:
        return tls.wrap_socket(accepted, server_side=True)


def answering(answer: bytes) -> Behaviour:
    """Answers every request of a connection with these bytes."""

    def behave(connection: Connection) -> None:
        while connection.read_request():
            connection.send(answer)

    return behave


def answering_once(answer: bytes) -> Behaviour:
    """Answers one request with these bytes, and closes the connection."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(answer)

    return behave


@contextmanager
def full_server() -> Iterator[Server]:
    """A server that accepts no connection and whose backlog is full, so that every connect times out."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port = listening.getsockname()[1]
        waiting = []
        for _ in range(2):
            client = socket.socket()
            client.settimeout(0)
            client.connect_ex(("127.0.0.1", port))
            waiting.append(client)
        try:
            yield Server(port)
        finally:
            for client in waiting:
                client.close()


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that refuses connections, and that no other process can take in the meantime."""
    with socket.socket() as bound:  # without listen(), the kernel answers RST
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
