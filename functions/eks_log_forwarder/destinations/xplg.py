"""XPLG (formerly XpoLog), HTTP listener: `POST …/logeye/api/logger.jsp?token=…`.

The listener is a JSP behind a web server: a wrong path can answer with a web page and status 200. The token
is in the URL. Whether the listener reads gzip is not documented, so compression is off by default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.json_destination import JsonDestination
from eks_log_forwarder.transport.exchange import Request


@dataclass(frozen=True, slots=True)
class Xplg(JsonDestination):
    """The listener of XPLG; the body format is a setting, since listeners are configured differently."""

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """A POST with the token in the URL; XPLG's documented set-ups send application/json."""
        headers = {"Content-Type": "application/json"}
        body = self.json_body.build(encoded, headers)
        return Request(_with_token(self.url, credentials.token), headers, body)


def _with_token(url: str, token: str | None) -> str:
    if token is None:
        return url
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}token={quote(token, safe='')}"))
