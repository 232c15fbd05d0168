"""The requests session that the forwarder uses: no environment settings, no cookies, no redirects.

An attempt that has run out of time can be aborted from another thread, so that it leaves no thread reading.
"""

import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any, override

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter

from eks_log_forwarder.transport.connections import Connections, pool_classes
from eks_log_forwarder.transport.proxy import Proxy
from eks_log_forwarder.transport.tls import TlsIdentity, context_of


class CollectorSession(requests.Session):
    """A session with one connection to one collector, directly or through a proxy.

    Raises:
        SecretError: the secret's certificates or key cannot be used.
    """

    def __init__(self, tls: TlsIdentity | None, proxy: Proxy | None = None) -> None:
        super().__init__()
        self.trust_env = False  # the environment's .netrc, proxies and CA bundle are not ours to follow
        self.headers.update({"User-Agent": "eks-log-forwarder", "Accept-Encoding": "identity"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._connections = Connections()
        context = None if tls is None else context_of(tls, DEFAULT_CA_BUNDLE_PATH)
        headers = {} if proxy is None else dict(proxy.headers)
        self.proxies = {} if proxy is None else {"http": proxy.url, "https": proxy.url}
        self.mount("https://", _Adapter(self._connections, context, headers))
        self.mount("http://", _Adapter(self._connections, None, headers))

    @override
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read and decompress a redirect's whole body even without following it."""

    def abort(self) -> None:
        """Ends the attempt that another thread is making; the session cannot be used again."""
        self._connections.abort()


class _Adapter(HTTPAdapter):
    """Keeps one connection; `context` replaces requests' own TLS settings where there is one.

    `proxy_headers` go to the proxy alone, with the request for a tunnel or with a request that it forwards.
    """

    def __init__(
        self, connections: Connections, context: ssl.SSLContext | None, proxy_headers: dict[str, str]
    ) -> None:
        self._connections = connections
        self._context = context
        self._proxy_headers = proxy_headers
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
    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Keeps the context's own CAs: requests would add the public ones to a private one."""
        if self._context is None:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # requests is not typed
        else:
            conn.cert_reqs = "CERT_REQUIRED"
