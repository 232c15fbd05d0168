"""A strict HTTP proxy on 127.0.0.1: it notes every deviation from RFC 9110 and RFC 9112.

It knows the addresses of the collectors by name, so that a test can use any host name.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPResponse
from urllib.parse import urlsplit

from tests.misbehaving_server import Connection, Server, running_server

_RECEIVE_BYTES = 65536
_CLIENT_HELLO = 0x16  # RFC 8446, section 5.1: a record of the handshake
_FOR_COLLECTORS_ONLY = ("authorization", "content-length", "content-type", "x-amz-date")


@dataclass(slots=True)
class StrictProxy:
    """What the proxy expects, and what it has seen; `hosts` maps `host:port` to a port of this machine.

    `wants` is the value of Proxy-Authorization; `answers` refuses every request with this status.
    """

    hosts: dict[str, int] = field(default_factory=dict)
    wants: str | None = None
    answers: int | None = None
    tunnels: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __call__(self, connection: Connection) -> None:
        """Serves one connection: any number of requests, or one tunnel."""
        with connection.socket.makefile("rb") as reading:
            while first := reading.readline():
                headers = _headers(iter(reading.readline, b""))
                body = reading.read(int(headers.get("content-length", "0")))
                method, target, version = first.decode("ascii").split()
                if version != "HTTP/1.1":
                    self.faults.append(f"version {version}")
                if self._refuses(headers, connection):
                    if method == "CONNECT":
                        return
                    continue
                if method == "CONNECT":
                    self._tunnel(connection, target, headers)
                    return
                self._forward(connection, f"{method} {target}", headers, body)

    def _refuses(self, headers: dict[str, str], connection: Connection) -> bool:
        status = self.answers
        if headers.get("proxy-authorization") != self.wants:
            status = 407
        if status is not None:
            challenge = "Proxy-Authenticate: Basic\r\n" if status == 407 else ""
            connection.send(f"HTTP/1.1 {status} No\r\n{challenge}Content-Length: 2\r\n\r\nno".encode())
        return status is not None

    def _tunnel(self, connection: Connection, target: str, headers: dict[str, str]) -> None:
        self.tunnels.append(target)
        if headers.get("host") != target:
            self.faults.append(f"Host is {headers.get('host')}, for a tunnel to {target}")
        self.faults += [f"{name} in CONNECT" for name in _FOR_COLLECTORS_ONLY if name in headers]
        upstream = self._connect(target)
        if upstream is None:
            connection.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with upstream:
            back = threading.Thread(target=_pump, args=(upstream, connection.socket), daemon=True)
            back.start()
            first = connection.socket.recv(_RECEIVE_BYTES)
            if first and first[0] != _CLIENT_HELLO:
                self.faults.append("what goes through the tunnel is not encrypted")
            with suppress(OSError):
                upstream.sendall(first)
            _pump(connection.socket, upstream)
            with suppress(OSError):  # the client is gone, so nobody waits for an answer any more
                upstream.shutdown(socket.SHUT_RDWR)
            back.join(30)

    def _forward(self, connection: Connection, line: str, headers: dict[str, str], body: bytes) -> None:
        method, target = line.split()
        self.forwarded.append(target)
        parts = urlsplit(target)
        if parts.scheme != "http" or not parts.netloc:
            self.faults.append(f"the target {target} is not a full URL")
        if headers.get("host") != parts.netloc:
            self.faults.append(f"Host is {headers.get('host')}, for {parts.netloc}")
        upstream = self._connect(parts.netloc if ":" in parts.netloc else f"{parts.netloc}:80")
        if upstream is None:
            connection.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        path = parts._replace(scheme="", netloc="").geturl()
        own = {name.title(): value for name, value in headers.items() if not name.startswith("proxy-")}
        head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        with upstream:
            upstream.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
            response = HTTPResponse(upstream, method=method)
            response.begin()
            answer = response.read()
        head = f"HTTP/1.1 {response.status} From the collector\r\nContent-Length: {len(answer)}\r\n\r\n"
        connection.send(head.encode() + answer)

    def _connect(self, target: str) -> socket.socket | None:
        port = self.hosts.get(target) or int(target.rpartition(":")[2])
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=30)
        except OSError:
            return None


def _headers(lines: Iterator[bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        if line == b"\r\n":
            break
        name, _, value = line.decode("latin-1").partition(":")
        assert name.lower() not in found, "a header is there twice"
        found[name.lower()] = value.strip()
    return found


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_RECEIVE_BYTES):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def running_proxy(proxy: StrictProxy) -> Iterator[Server]:
    """The proxy on a port of this machine; at the end, nothing may have deviated."""
    with running_server(proxy) as server:
        yield server
    assert proxy.faults == []
