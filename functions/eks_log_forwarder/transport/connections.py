"""urllib3's connections: another thread can abort them, and what fails at a proxy has a name."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import override
from weakref import WeakSet

import urllib3

from eks_log_forwarder.transport.proxy import connecting, tunnelling
from eks_log_forwarder.transport.repeating import RepeatingConnection


class Connections:
    """The connections of one session; one that opens after `abort` fails before it sends anything."""

    def __init__(self) -> None:
        self._open: WeakSet[urllib3.connection.HTTPConnection] = WeakSet()
        self._aborted = False

    def opened(self, connection: urllib3.connection.HTTPConnection) -> None:
        """Registers a connection.

        Raises:
            TimeoutError: the session was aborted; the connection is closed.
        """
        self._open.add(connection)
        if self._aborted:
            connection.close()
            raise TimeoutError

    def abort(self) -> None:
        """Ends what another thread is sending or reading."""
        self._aborted = True
        for connection in list(self._open):
            if connection.sock is not None:
                with suppress(OSError):  # it is closed already
                    # the plain socket's method: an SSLSocket's would change what the other thread is using
                    socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def pool_classes(connections: Connections) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    """urllib3's pools, with connections that register themselves and name what fails at a proxy."""

    class Http(RepeatingConnection):
        @override
        def _new_conn(self) -> socket.socket:
            with connecting(to_proxy=self.proxy is not None):
                self.sock = super()._new_conn()
            connections.opened(self)
            return self.sock

    class Https(Http, urllib3.connection.HTTPSConnection):
        @override
        def set_tunnel(
            self,
            host: str,
            port: int | None = None,
            headers: Mapping[str, str] | None = None,
            scheme: str = "http",
        ) -> None:
            # http.client's own Host header has no brackets around an IPv6 address
            name = f"[{host}]" if ":" in host and not host.startswith("[") else host
            super().set_tunnel(host, port, {**(headers or {}), "Host": f"{name}:{port}"}, scheme)

        @override
        def _tunnel(self) -> None:
            with tunnelling():
                super()._tunnel()

        @override
        def connect(self) -> None:
            super().connect()
            connections.opened(self)  # again, since the handshake has made another socket

    class HttpPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}
