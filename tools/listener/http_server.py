"""A fast HTTP/1.1 server for tools and tests: persistent connections, chunked bodies (RFC 9112)."""

import asyncio
import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from urllib.parse import parse_qsl, urlsplit

from tools.listener.bodies import MAX_BODY_BYTES, BodyError, require

_BUFFER_BYTES = 1024 * 1024
_NO_CONTENT = 204
_DRIP_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request; the names of `headers` are lower-case, and `body` is still in its Content-Encoding.

    `connection` counts from 1; `wire_bytes` is the size of head and body. `fault` is set if the body could
    not be read: then `body` is empty, and the connection closes after the answer.
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
    """The bytes of an answer, the delay before them, and whether the connection ends after them.

    `drip` follows them again and again, until the client is gone.
    """

    data: bytes = b""
    delay_seconds: float = 0.0
    end: End | None = None
    drip: bytes = b""


type Answer = Callable[[Incoming], Reply]


def response(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A complete response; status 204 has no Content-Length (RFC 9110, section 8.6)."""
    length = {} if status == _NO_CONTENT else {"Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**(headers or {}), **length}.items())
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode() + body


def _incoming(head: bytes, connection: int) -> Incoming:
    """A request without its body; `head` is without the empty line at its end."""
    request_line, *fields = head.decode("latin-1").split("\r\n")
    method, _, rest = request_line.partition(" ")
    parts = urlsplit(rest.partition(" ")[0])
    pairs = (line.partition(":") for line in fields)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Incoming(method, parts.path, query, headers, connection=connection)


async def _serve(
    answer: Answer, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answers the requests of one connection."""
    with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        end = None
        while end is None:
            head = await reader.readuntil(b"\r\n\r\n")
            request = _incoming(head[:-4], number)
            if request.headers.get("expect", "").lower() == "100-continue":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            try:
                body = await _read_body(reader, request.headers)
                request = replace(request, body=body, wire_bytes=len(head) + len(body))
            except BodyError as error:
                request = replace(request, fault=error)
            reply = answer(request)
            if reply.delay_seconds:
                await asyncio.sleep(reply.delay_seconds)
            is_last = request.fault or request.headers.get("connection", "").lower() == "close"
            end = reply.end or (End.FIN if is_last else None)
            head, _, body = reply.data.partition(b"\r\n\r\n")
            writer.write(head + b"\r\n\r\n" if request.method == "HEAD" else reply.data)
            while reply.drip:
                await asyncio.sleep(_DRIP_SECONDS)
                writer.write(reply.drip)
                await writer.drain()
            if end is End.RESET:
                linger = struct.pack("ii", 1, 0)  # on, for 0 s: RST instead of FIN (socket(7))
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            await writer.drain()
    writer.close()


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """The body of a request.

    Raises:
        BodyError: its framing is invalid, or it is too large.
    """
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(_size(headers.get("content-length", "0"), 10))
    body = b""
    while size := _size((await reader.readuntil(b"\r\n")).decode("latin-1").partition(";")[0], 16):
        chunk = await reader.readexactly(size + 2)
        is_valid = chunk.endswith(b"\r\n") and len(body) + size <= MAX_BODY_BYTES
        require(is_valid, "the chunks of the body are invalid or too large")
        body += chunk[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailer fields
    return body


def _size(text: str, base: int) -> int:
    try:
        size = int(text, base)
    except ValueError:
        size = -1
    require(size >= 0, "the size of the body, or of a chunk, is not a number")
    require(size <= MAX_BODY_BYTES, f"the body has more than {MAX_BODY_BYTES} bytes", 413)
    return size


@contextmanager
def running_http_server(
    answer: Answer, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """A server in a thread of this process, until the end of the block; yields its origin.

    Port 0 takes a free one. All requests are answered in that one thread. At the end of the block the open
    connections are aborted and the port is free again.

    Raises:
        OSError: the server cannot listen on this address.
    """
    numbers = itertools.count(1)
    stopped = threading.Event()

    async def serve(bound: socket.socket) -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _serve(answer, next(numbers), reader, writer)

        server = await asyncio.start_server(connected, sock=bound, limit=_BUFFER_BYTES, ssl=tls)
        await asyncio.to_thread(stopped.wait)
        server.close()
        server.abort_clients()
        await server.wait_closed()

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=1024) as bound:
        thread = threading.Thread(target=lambda: asyncio.run(serve(bound)), daemon=True)
        thread.start()
        try:
            shown = f"[{host}]" if family == socket.AF_INET6 else host
            yield f"{'https' if tls else 'http'}://{shown}:{bound.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()
