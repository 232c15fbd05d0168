"""A fast HTTP/1.1 server for tools and tests: persistent connections, chunked bodies (RFC 9112)."""

import asyncio
import itertools
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import override
from urllib.parse import parse_qsl, urlsplit

from tools.listener.bodies import MAX_BODY_BYTES, BodyError

_MAX_HEAD_BYTES = 64 * 1024
_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request; the names of `headers` are lower-case, and `body` is still in its Content-Encoding.

    `connection` counts from 1; `wire_bytes` is the size of head and body. `fault` is set where the body
    could not be read: `body` is then empty, and the connection closes after the answer.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)  # carries XPLG's token
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    connection: int = 0
    wire_bytes: int = 0
    fault: BodyError | None = None


class End(Enum):
    """How a connection ends after an answer."""

    FIN = "fin"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes of an answer, when to send them, and whether the connection ends with them."""

    data: bytes = b""
    delay_seconds: float = 0.0
    end: End | None = None


type Answer = Callable[[Incoming], Reply]


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A complete response; status 204 has no Content-Length (RFC 9110, section 8.6)."""
    fields = dict(headers or {}) | ({} if status == 204 else {"Content-Length": str(len(body))})  # noqa: PLR2004
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body


def incoming(head: bytes, body: bytes = b"") -> Incoming:
    """A request from its two parts; `head` is without the empty line at its end."""
    request_line, *fields = head.decode("latin-1").split("\r\n")
    method, _, rest = request_line.partition(" ")
    parts = urlsplit(rest.partition(" ")[0])
    pairs = (line.partition(":") for line in fields)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Incoming(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)


class _Connection(asyncio.Protocol):
    """One connection: its requests, one after the other."""

    def __init__(self, answer: Answer, number: int) -> None:
        self._answer = answer
        self._number = number
        self._received = bytearray()
        self._request: Incoming | None = None  # the head of a request whose body is not complete
        self._head_bytes = 0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream server's transport
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while not self._transport.is_closing() and (request := self._next()) is not None:
            reply = self._answer(request)
            if request.fault or request.headers.get("connection", "").lower() == "close":
                reply = replace(reply, end=reply.end or End.FIN)
            if request.method == "HEAD":
                reply = replace(reply, data=reply.data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            if reply.delay_seconds:
                asyncio.get_running_loop().call_later(reply.delay_seconds, self._send, reply)
            else:
                self._send(reply)

    def _next(self) -> Incoming | None:
        """The next complete request, if there is one."""
        if self._request is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                if len(self._received) > _MAX_HEAD_BYTES:
                    self._transport.abort()
                return None
            self._request = incoming(bytes(self._received[:end]))
            self._head_bytes = end + 4
            if self._request.headers.get("expect", "").lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        fault = None
        try:
            found = _body(self._received, self._head_bytes, self._request.headers)
        except BodyError as error:
            found, fault = (b"", len(self._received)), error
        if found is None:
            return None
        body, end = found
        request = replace(
            self._request,
            body=body,
            connection=self._number,
            wire_bytes=self._head_bytes + len(body),
            fault=fault,
        )
        del self._received[:end]
        self._request = None
        return request

    def _send(self, reply: Reply) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(reply.data)
        if reply.end is End.FIN:
            self._transport.close()
        elif reply.end is End.RESET:
            linger = struct.pack("ii", 1, 0)  # on, for 0 s: RST instead of FIN (socket(7))
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()


def _body(received: bytearray, start: int, headers: Mapping[str, str]) -> tuple[bytes, int] | None:
    """The body that begins at `start`, and where it ends; None while it is not complete.

    Raises:
        BodyError: its framing is invalid, or it is too large.
    """
    if headers.get("transfer-encoding", "").lower() != "chunked":
        end = start + _size(headers.get("content-length", "0"), 10)
        return (bytes(received[start:end]), end) if len(received) >= end else None
    body = bytearray()
    while (line_end := received.find(b"\r\n", start)) >= 0:
        size = _size(received[start:line_end].partition(b";")[0].decode("latin-1"), 16)
        if not size:  # the last chunk; trailer fields may follow
            end = received.find(b"\r\n\r\n", line_end)
            return (bytes(body), end + 4) if end >= 0 else None
        start, end = line_end + 4 + size, line_end + 2 + size
        if len(received) < start:
            return None
        if received[end:start] != b"\r\n" or len(body) + size > MAX_BODY_BYTES:
            message = "the chunks of the body are invalid or too large"
            raise BodyError(message)
        body += received[line_end + 2 : end]
    return None


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError:
        size = -1
    if size < 0:
        message = "the size of the body, or of a chunk, is not a number"
        raise BodyError(message)
    if size > MAX_BODY_BYTES:
        message = f"the body has more than {MAX_BODY_BYTES} bytes"
        raise BodyError(message, status=413)
    return size


@contextmanager
def running_http_server(answer: Answer, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """A server in a thread of this process, until the end of the block; yields its origin.

    Port 0 takes a free one. All requests are answered in that one thread. At the end of the block the open
    connections are aborted and the port is free again.

    Raises:
        OSError: the server cannot listen on this address.
    """
    numbers = itertools.count(1)
    stopped = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve(bound: socket.socket) -> None:
        server = await loop.create_server(lambda: _Connection(answer, next(numbers)), sock=bound)
        await stopped.wait()
        server.close()
        server.abort_clients()
        await server.wait_closed()

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shown_host = f"[{host}]" if family == socket.AF_INET6 else host
    try:
        with socket.create_server((host, port), family=family, backlog=_BACKLOG) as bound:
            origin = f"http://{shown_host}:{bound.getsockname()[1]}"
            thread = threading.Thread(target=lambda: loop.run_until_complete(serve(bound)), daemon=True)
            thread.start()
            try:
                yield origin
            finally:
                loop.call_soon_threadsafe(stopped.set)
                thread.join()
    finally:
        loop.close()
