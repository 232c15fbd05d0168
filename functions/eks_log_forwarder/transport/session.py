"""The requests session that the forwarder uses: no environment settings, no cookies, no redirects.

An attempt that has run out of time can be aborted from another thread, so that it leaves no thread reading.
"""

import ssl
from collections.abc import Mapping
from io import BytesIO
from typing import Any, override

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from requests.cookies import RequestsCookieJar

from eks_log_forwarder.transport.connections import Connections, pool_classes
from eks_log_forwarder.transport.exchange import Request
from eks_log_forwarder.transport.proxy import Proxy
from eks_log_forwarder.transport.repeating import RepeatingConnection
from eks_log_forwarder.transport.tls import TlsIdentity, context_of

type _Head = tuple[str | None, dict[str, str]]
"""The URL and the headers of a request, without the length of its body."""


class CollectorSession(requests.Session):
    """A session with one connection to one collector, directly or through a proxy.

    Raises:
        SecretError: the secret's certificates or key cannot be used.
    """

    def __init__(self, tls: TlsIdentity | None, proxy: Proxy | None = None) -> None:
        super().__init__()
        self.trust_env = False  # the environment's .netrc, proxies and CA bundle are not ours to follow
        self.headers.update({"User-Agent": "eks-log-forwarder", "Accept-Encoding": "identity"})
        self.cookies = _NoCookies()
        self._connections = Connections()
        self._prepared: tuple[str, dict[str, str], requests.PreparedRequest] | None = None
        context = None if tls is None else context_of(tls, DEFAULT_CA_BUNDLE_PATH)
        headers = {} if proxy is None else dict(proxy.headers)
        self.proxies = {} if proxy is None else {"http": proxy.url, "https": proxy.url}
        self.mount("https://", _Adapter(self._connections, context, headers))
        self.mount("http://", _Adapter(self._connections, None, headers))

    def exchange(self, request: Request, timeout: tuple[float, float]) -> requests.Response:
        """Sends a request and reads the head of its answer; `timeout` is to connect, and for each read.

        `requests.Session.post` would check and complete each request anew, and read the environment.
        """
        prepared = self._prepare(request)
        return self.send(prepared, stream=True, timeout=timeout, proxies=self.proxies, allow_redirects=False)

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read and decompress a redirect's whole body even without following it."""

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        """The request as requests checks and completes it, which happens once for a URL with its headers."""
        if self._prepared is None or self._prepared[:2] != (request.url, request.headers):
            prepared = self.prepare_request(requests.Request("POST", request.url, headers=request.headers))
            self._prepared = request.url, dict(request.headers), prepared
        checked = self._prepared[2]
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url, prepared.body = checked.method, checked.url, request.body
        headers = {**checked.headers, "Content-Length": str(len(request.body))}
        # a dict, because urllib3 copies the headers, which takes requests' own mapping far longer
        prepared.headers = headers  # type: ignore[assignment]
        return prepared

    def abort(self) -> None:
        """Ends the attempt that another thread is making; the session cannot be used again."""
        self._connections.abort()


class _NoCookies(RequestsCookieJar):
    """Keeps no cookie: a servlet container opens a session for whoever sends one back."""

    @override
    def extract_cookies(self, response: Any, request: Any) -> None:
        """Takes nothing from an answer."""


class _Adapter(HTTPAdapter):
    """Keeps one connection; `context` replaces requests' own TLS settings where there is one.

    requests finds the pool of connections, the CAs and the target of each request from its URL; here it does
    so when the URL changes.

    `proxy_headers` go to the proxy alone, with the request for a tunnel or with a request that it forwards.
    """

    def __init__(
        self, connections: Connections, context: ssl.SSLContext | None, proxy_headers: dict[str, str]
    ) -> None:
        self._connections = connections
        self._context = context
        self._proxy_headers = proxy_headers
        self._url: str | None = None
        self._pool: Any = None
        self._target = ""
        self._last: tuple[_Head, RepeatingConnection] | None = None
        super().__init__(pool_connections=1, pool_maxsize=1)

    @override
    def init_poolmanager(self, *arguments: Any, **pool_kwargs: Any) -> None:
        if self._context is not None:
            pool_kwargs["ssl_context"] = self._context
        super().init_poolmanager(*arguments, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = pool_classes(self._connections)

    @override
    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return self._proxy_headers

    @override
    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        if self._context is not None:
            proxy_kwargs["ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = self.poolmanager.pool_classes_by_scheme
        return manager

    @override
    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        if self._url != request.url:
            self._pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            self._target = super().request_url(request, proxies)
            if self._context is None:
                super().cert_verify(self._pool, request.url, verify, cert)  # type: ignore[no-untyped-call]  # requests is not typed
            else:  # keeps the context's own CAs: requests would add the public ones to a private one
                self._pool.cert_reqs = "CERT_REQUIRED"
            self._url = request.url
        return self._pool

    @override
    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Does nothing: the pool is set up when it is made."""

    @override
    def request_url(self, request: Any, proxies: Any) -> str:
        return self._target

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Sends the request over the connection of the last one, if only the bodies differ."""
        if self._last is not None:
            head, connection = self._last
            if head == _head(request) and connection.can_repeat:
                answer = connection.repeat(request.body, timeout)  # type: ignore[arg-type]  # it is ours: bytes
                if answer is not None:
                    return _response(answer[0], {}, BytesIO(answer[1]))
        return super().send(request, stream, timeout, verify, cert, proxies)

    @override
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        is_repeating = isinstance(resp.connection, RepeatingConnection)
        self._last = (_head(req), resp.connection) if is_repeating else None
        return _response(resp.status, resp.headers, resp)


def _head(request: requests.PreparedRequest) -> _Head:
    return request.url, {**request.headers, "Content-Length": ""}


def _response(status: int, headers: Mapping[str, str], body: object) -> requests.Response:
    """What `Transport` reads of an answer: status, headers and the body that is still to come."""
    response = requests.Response()
    # requests' own mapping of headers takes long to build, and nothing needs it
    response.status_code, response.headers, response.raw = status, headers, body  # type: ignore[assignment]
    return response
