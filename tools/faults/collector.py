"""A collector that takes what it is sent, until its script says otherwise; it knows every event it took."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from tools.misbehaving_server import Connection

type Script = Callable[["Exchange"], None]
"""What the collector does with one request that it has not read yet."""

OK = b"OK\n"


@dataclass(slots=True)
class Collector:
    """What was taken, in order; the first requests are taken as they should be, the others by the script.

    `rotate` is what a script calls to put another token in the place of this one.
    """

    token: str = field(repr=False)
    script: Script
    healthy_requests: int = 0
    rotate: Callable[["Collector"], None] = lambda _: None
    taken_ids: list[str] = field(default_factory=list)

    def serve(self, connection: Connection) -> None:
        """One connection, to its end."""
        exchange = Exchange(self, connection)
        while not exchange.is_over:
            if self.healthy_requests:
                take(exchange)
                self.healthy_requests -= not exchange.is_over
            else:
                self.script(exchange)


@dataclass(slots=True)
class Exchange:
    """The requests of one connection, one after the other."""

    collector: Collector
    connection: Connection
    head: bytes = b""
    body: bytes = b""
    is_over: bool = False

    def read(self) -> bool:
        """Reads a request; False when there is none, since the client has hung up."""
        self.head, _, self.body = self.connection.read_request().partition(b"\r\n\r\n")
        self.is_over = not self.head
        return not self.is_over

    def keep(self) -> None:
        """Takes the events of the request that was read, whatever the client will hear of it."""
        self.collector.taken_ids += [json.loads(line)["id"] for line in self.body.splitlines()]

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answers the request that was read; an underscore in a header's name stands for a hyphen."""
        fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} -\r\n{fields}Content-Length: {len(body)}\r\n\r\n"
        self.connection.send(head.encode() + body)

    def reset(self) -> None:
        """Ends the connection with RST, after this script."""
        self.connection.reset()
        self.is_over = True


def take(exchange: Exchange) -> None:
    """Takes a request with the right token, as a healthy collector does."""
    if not exchange.read():
        return
    if f"token={quote(exchange.collector.token, safe='')} ".encode() not in exchange.head:
        exchange.answer(401)
        return
    exchange.keep()
    exchange.answer(200, OK)


def answering(status: int, body: bytes = b"", **headers: str) -> Script:
    """Takes nothing and answers so."""

    def script(exchange: Exchange) -> None:
        if exchange.read():
            exchange.answer(status, body, **headers)

    return script


def rejecting(marker: bytes) -> Script:
    """Answers 400 to every request that holds the marker, and takes the others."""

    def script(exchange: Exchange) -> None:
        if not exchange.read():
            return
        if marker in exchange.body:
            exchange.answer(400)
        else:
            exchange.keep()
            exchange.answer(200, OK)

    return script


def taking_at_most(max_bytes: int) -> Script:
    """Answers 413 to every larger body, and takes the others."""

    def script(exchange: Exchange) -> None:
        if not exchange.read():
            return
        if len(exchange.body) > max_bytes:
            exchange.answer(413)
        else:
            exchange.keep()
            exchange.answer(200, OK)

    return script


def rotate_the_token(exchange: Exchange) -> None:
    """Another token holds from this request on."""
    exchange.collector.rotate(exchange.collector)
    exchange.collector.script = take
    take(exchange)


def reset_unread(exchange: Exchange) -> None:
    """RST before anything was read."""
    exchange.reset()


# What follows takes the events and fails to say so: the worst case, since they will come a second time.


def reset_read(exchange: Exchange) -> None:
    """RST in the place of an answer."""
    if exchange.read():
        exchange.keep()
        exchange.reset()


def stall(exchange: Exchange) -> None:
    """Says nothing."""
    if exchange.read():
        exchange.keep()
        exchange.connection.stopped.wait()
        exchange.is_over = True


def drip_headers(exchange: Exchange) -> None:
    """A header that never ends, a byte at a time."""
    _drip(exchange, b"HTTP/1.1 200 OK\r\nX-Wait: ")


def drip_body(exchange: Exchange) -> None:
    """A body that takes for ever, a byte at a time."""
    _drip(exchange, b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")


def _drip(exchange: Exchange, start: bytes) -> None:
    if exchange.read():
        exchange.keep()
        exchange.connection.send(start)
        exchange.connection.drip(b"x", every_seconds=0.02)
        exchange.is_over = True


def cut(exchange: Exchange) -> None:
    """Half a body, then the end of the connection."""
    if exchange.read():
        exchange.keep()
        exchange.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + OK)
        exchange.is_over = True
