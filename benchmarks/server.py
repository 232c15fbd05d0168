"""The collector of the benchmark, in a process of its own: reads a request, counts it and answers at once.

    python -m benchmarks.server          prints its port, and ends when its standard input does

It speaks HTTP/1.1 with Content-Length (RFC 9112) and keeps connections alive. What it is told and asked, as
JSON, is not counted: `PUT /delay/<ms>`, `PUT /keep/<0 or 1>` and `PUT /status/<code>`, each of which sets the
counts to nought, `GET /counts` and `GET /bodies`. It is SQS too, which takes every message.
"""

import asyncio
import base64
import json
import sys
from dataclasses import asdict, dataclass, field
from typing import override

from isal import isal_zlib

_CONTROLS = (b"GET", b"PUT")
_OK = 200
_GZIP_WINDOW_BITS = 31  # zlib's code for gzip


@dataclass(slots=True)
class Counts:
    """What arrived since the last order; a connection counts with its first request since then."""

    requests: int = 0
    connections: int = 0
    wire_bytes: int = 0


@dataclass(slots=True)
class Collector:
    """What the connections share; `kept` holds the bodies, expanded, while they are asked for."""

    delay_seconds: float = 0.0
    keep: bool = False
    status: int = 200
    counts: Counts = field(default_factory=Counts)
    kept: list[bytes] = field(default_factory=list)
    seen: set[object] = field(default_factory=set)

    def take(self, connection: object, path: str, body: bytes, *, gzipped: bool, wire_bytes: int) -> bytes:
        """Counts a request and answers as the collector of that path does."""
        self.counts.requests += 1
        self.counts.wire_bytes += wire_bytes
        if connection not in self.seen:
            self.seen.add(connection)
            self.counts.connections += 1
        if self.keep:
            self.kept.append(_expanded(body, gzipped=gzipped))
        if self.status != _OK:
            return _response(self.status)
        return _success_of(path, body, gzipped=gzipped)

    def order(self, method: bytes, path: str) -> bytes:
        """Does what the benchmark says, and answers what it asks."""
        match method, path.strip("/").split("/"):
            case b"GET", ["counts"]:
                return _response(200, json.dumps(asdict(self.counts)).encode())
            case b"GET", ["bodies"]:
                texts = [base64.b64encode(body).decode() for body in self.kept]
                return _response(200, json.dumps(texts).encode())
            case b"PUT", ["delay", milliseconds]:
                self.delay_seconds = float(milliseconds) / 1000
            case b"PUT", ["keep", switch]:
                self.keep = switch == "1"
            case b"PUT", ["status", code]:
                self.status = int(code)
            case _:
                return _response(404)
        self.counts, self.kept, self.seen = Counts(), [], set()
        return _response(204)


class Connection(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._received = bytearray()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # what a server is given
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n") + 4) > 3:  # noqa: PLR2004  # 4 - 1: not found
            head = bytes(self._received[:head_end])
            end = head_end + int(_header(head, b"content-length") or 0)
            if len(self._received) < end:
                return
            body = bytes(self._received[head_end:end])
            del self._received[:end]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.split(b" ", 2)
        path = target.decode().partition("?")[0]
        if method in _CONTROLS:
            self._transport.write(self._collector.order(method, path))
            return
        if _header(head, b"x-amz-target"):
            self._transport.write(_response(200, b'{"MessageId":"0"}'))
            return
        gzipped = _header(head, b"content-encoding") == b"gzip"
        answer = self._collector.take(self, path, body, gzipped=gzipped, wire_bytes=len(head) + len(body))
        if self._collector.delay_seconds:
            asyncio.get_running_loop().call_later(
                self._collector.delay_seconds, self._transport.write, answer
            )
        else:
            self._transport.write(answer)


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""


def _expanded(body: bytes, *, gzipped: bool) -> bytes:
    return isal_zlib.decompress(body, wbits=_GZIP_WINDOW_BITS) if gzipped else body


def _response(status: int, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n"
    return head.encode() + body


def _success_of(path: str, body: bytes, *, gzipped: bool) -> bytes:
    """What each collector answers when it took everything."""
    if path.endswith("/_bulk"):
        documents = _expanded(body, gzipped=gzipped).count(b"\n") // 2
        item = b'{"create":{"status":201}}'
        return _response(200, b'{"errors":false,"items":[%b]}' % b",".join([item] * documents))
    if "/services/collector" in path:
        return _response(200, b'{"text":"Success","code":0}')
    if path.endswith("/loki/api/v1/push"):
        return _response(204)
    return _response(200)


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    collector = Collector()
    server = await loop.create_server(lambda: Connection(collector), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
