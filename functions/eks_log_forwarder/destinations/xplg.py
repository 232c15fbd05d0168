"""XPLG (formerly XpoLog), HTTP listener: `POST …/logeye/api/logger.jsp?token=…`.

The listener is a JSP in a servlet container. A wrong path can answer with a web page and status 200. The
token is in the URL. Whether the listener reads gzip is not documented, so compression is off by default. A
servlet container reads a body whose charset is not named as ISO-8859-1 (Jakarta Servlet specification,
"Request data encoding"), so the body is ASCII and its charset is named.
"""

import codecs
from collections.abc import Sequence
from json.encoder import encode_basestring_ascii
from typing import override
from urllib.parse import quote, urlsplit, urlunsplit

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.json_destination import JsonDestination
from eks_log_forwarder.encoding import to_json
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Request

_ESCAPES = "eks_log_forwarder.json_escapes"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Some characters outside ASCII as JSON's `\u` escapes."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    without_quotes = encode_basestring_ascii(error.object[error.start : error.end])[1:-1]
    return without_quotes, error.end


codecs.register_error(_ESCAPES, _escaped)


class Xplg(JsonDestination, frozen=True):
    """The listener of XPLG; the body format is a setting, since listeners are configured differently."""

    @override
    def encode(self, record: Record) -> bytes:
        """One JSON object in ASCII, which a reader with any charset reads correctly."""
        encoded = to_json(self.json_body.shape(record))
        # Outside of strings JSON is ASCII, so the escapes are within strings.
        return encoded if encoded.isascii() else encoded.decode().encode("ascii", _ESCAPES)

    def request(self, encoded: Sequence[bytes], credentials: Credentials) -> Request:
        """A POST with the token in the URL; XPLG's documented set-ups send application/json."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        body = self.json_body.build(encoded, headers)
        return Request(_with_token(self.url, credentials.token), headers, body)


def _with_token(url: str, token: str | None) -> str:
    if token is None:
        return url
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}token={quote(token, safe='')}"))
