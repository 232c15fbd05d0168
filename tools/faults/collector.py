"""A collector that takes what it is sent until its script says otherwise; it records every event it took."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from tools.faults.speech import Speech
from tools.listener.exchange import Outcome
from tools.listener.http_server import incoming
from tools.misbehaving_server import Connection

type Script = Callable[["Exchange"], None]
"""What the collector does with one request that it has not read yet."""


@dataclass(slots=True)
class Collector:
    """The ids of what was taken, in order. The first requests are served correctly, the others by the script.

    `rotate` is what a script calls to replace the token.
    """

    token: str = field(repr=False)
    script: Script
    speech: Speech
    healthy_requests: int = 0
    rotate: Callable[["Collector"], None] = lambda _: None
    taken_ids: list[str] = field(default_factory=list)
    kept: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0), repr=False)

    def wait_until_kept(self, within_seconds: float) -> None:
        """Waits until the script has taken one more request without saying so.

        Raises:
            TimeoutError: no such request came.
        """
        if not self.kept.acquire(timeout=within_seconds):
            raise TimeoutError

    def serve(self, connection: Connection) -> None:
        """Serves one connection until it ends."""
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
        """Reads a request; False when the client has hung up."""
        self.head, _, self.body = self.connection.read_request().partition(b"\r\n\r\n")
        self.is_over = not self.head
        return not self.is_over

    def keep(self) -> None:
        """Takes the events of the request that was read, whatever the client is told."""
        self._keep(self.taking())
        self.collector.kept.release()

    def taking(self, token: str | None = None) -> Outcome:
        """What a healthy collector answers to the request that was read; None asks for no token."""
        return self.collector.speech.receive(incoming(self.head, self.body), token)

    def settle(self, outcome: Outcome) -> None:
        """Takes the events of an outcome and answers accordingly."""
        self._keep(outcome)
        self.answer(outcome.status, outcome.body.encode(), Content_Type=outcome.content_type)

    def _keep(self, outcome: Outcome) -> None:
        self.collector.taken_ids += [str(record["id"]) for record in outcome.records]

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answers the request that was read; an underscore in a header's name stands for a hyphen."""
        fields = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        if status != HTTPStatus.NO_CONTENT:  # which has no length (RFC 9110, section 8.6)
            fields += f"Content-Length: {len(body)}\r\n"
        self.connection.send(f"HTTP/1.1 {status} -\r\n{fields}\r\n".encode() + body)

    def reset(self) -> None:
        """Ends the connection with RST when this script returns."""
        self.connection.reset()
        self.is_over = True


def take(exchange: Exchange) -> None:
    """Takes a request with the right token, as a healthy collector does."""
    if not exchange.read():
        return
    if incoming(exchange.head, exchange.body).path != exchange.collector.speech.path:
        exchange.answer(404)
        return
    exchange.settle(exchange.taking(exchange.collector.token))
