"""A session of requests as the forwarder wants it: nothing of the environment, and TLS as the secret says."""

import ssl
from typing import Any, override

import requests
from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter

from eks_log_forwarder.transport.tls import TlsIdentity, context_of


def new_session(tls: TlsIdentity | None) -> requests.Session:
    """A session that keeps one connection.

    Raises:
        SecretError: what the secret holds for TLS cannot be used.
    """
    session = requests.Session()
    session.trust_env = False  # no .netrc, proxy or CA bundle of the environment gets a say
    session.headers.update({"User-Agent": "eks-log-forwarder", "Accept-Encoding": "identity"})
    plain = HTTPAdapter(pool_connections=1, pool_maxsize=1)
    session.mount("https://", plain if tls is None else _Adapter(context_of(tls, DEFAULT_CA_BUNDLE_PATH)))
    session.mount("http://", plain)
    return session


class _Adapter(HTTPAdapter):
    """Connects with a TLS context of its own."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=1)

    @override
    def init_poolmanager(self, *arguments: Any, **pool_kwargs: Any) -> None:
        super().init_poolmanager(*arguments, **pool_kwargs, ssl_context=self._context)

    @override
    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leaves the context's own CAs alone: requests would add the public ones to a private one."""
        conn.cert_reqs = "CERT_REQUIRED"
