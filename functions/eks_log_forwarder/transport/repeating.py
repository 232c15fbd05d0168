"""Connections that repeat a request with another body, and read an ordinary answer, by themselves.

urllib3 checks and writes the headers of every request again, and parses those of every answer with the
standard library's e-mail parser. Together that is a quarter of the CPU time of an invocation with ten events.
urllib3 still opens the connections, sends the first request on each, and reads every answer that is not
ordinary: docs/decisions/0016.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPResponse
from io import BufferedReader
from socket import socket
from typing import Any, override

import urllib3

_LENGTH = b"Content-Length"

# RFC 9112, sections 4 and 5. A field of these names can say where the answer ends, or what comes next.
_FIELDS = (
    rb"(?:(?!(?:connection|content-length|retry-after|transfer-encoding):)"
    rb"[!#$%&'*+.^`|~\w-]++:[^\r\n\x00]*+\r\n){0,40}+"
)
_ORDINARY_HEAD = re.compile(
    rb"HTTP/1\.1 (?P<status>2[0-9]{2}) [^\r\n\x00]*+\r\n"
    rb"%b(?:content-length:[ \t]*+(?P<length>[0-9]{1,6})[ \t]*+\r\n%b)?+\r\n" % (_FIELDS, _FIELDS),
    re.IGNORECASE,
)
_NO_CONTENT = 204  # has neither a body nor a length (RFC 9110, section 8.6)
_RESET_CONTENT = 205  # has no body, whatever its length is

type OrdinaryAnswer = tuple[int, bytes]
"""The status and the body of a 2xx that came at once, with its length, and that asks for nothing."""


class RepeatingConnection(urllib3.connection.HTTPConnection):
    """What the connections with and without TLS share."""

    _head: bytes | None = None  # of the last request, up to the value of its length, which comes last
    _held: list[bytes] | None = None
    _begun: tuple[bytes, BufferedReader] | None = None  # the body that was sent, and the answer to it

    @override
    def request(  # type: ignore[override]  # as urllib3's own, which http.client's never is
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Sends head and body together; sends nothing if `repeat` has sent this body."""
        if self._begun is not None and self._begun[0] is not body:
            self.close()
        self._held = []
        try:
            super().request(method, url, body, headers, **options)
        finally:
            held, self._held = self._held, None
        head, _, length = held[0].rpartition(b" ")
        is_last = head.endswith(b"\r\n%b:" % _LENGTH) and length == _end_of_head(body)
        self._head = head + b" " if is_last else None
        if self._begun is None:
            super().send(b"".join(held))

    @override
    def send(self, data: Any) -> None:
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    @override
    def close(self) -> None:
        self._begun = None
        super().close()

    @property
    @override
    def is_connected(self) -> bool:
        """Whether the connection can be used; an answer that `repeat` has begun to read says nothing else."""
        return self._begun is not None or super().is_connected

    @property
    def can_repeat(self) -> bool:
        """Whether the connection is open and idle, and the last request on it can be repeated."""
        return self._head is not None and self.is_connected

    def repeat(self, body: bytes, timeout: tuple[float, float]) -> OrdinaryAnswer | None:
        """Sends the last request with another body; `timeout` has the seconds to send, and for the answer.

        None means that urllib3 has to read the answer: given the same body, `request` sends nothing.

        Raises:
            OSError: the exchange failed or took too long; the connection is closed.
        """
        assert self.sock is not None  # noqa: S101  # see can_repeat
        assert self._head is not None  # noqa: S101  # see can_repeat
        try:
            self.sock.settimeout(timeout[0])
            with suppress(BrokenPipeError, ConnectionResetError):  # as urllib3: there can be an answer
                self.sock.sendall(b"%b%b%b" % (self._head, _end_of_head(body), body))
            self.sock.settimeout(timeout[1])
            file = self.sock.makefile("rb")
            answer = _ordinary(file.peek())
        except BaseException:
            self.close()
            raise
        if answer is None:
            self._begun = body, file
        else:
            file.close()
        return answer

    def response_class(self, sock: socket, method: str) -> HTTPResponse:  # type: ignore[override]  # only called
        """The answer as http.client reads it, from its beginning also where `repeat` has begun."""
        response = HTTPResponse(sock, method=method)
        if self._begun is not None:
            response.fp.close()
            response.fp, self._begun = self._begun[1], None
        return response


def _end_of_head(body: bytes) -> bytes:
    return b"%d\r\n\r\n" % len(body)


def _ordinary(answer: bytes) -> OrdinaryAnswer | None:
    """The status and the body, if these bytes are a whole ordinary answer and nothing else."""
    head = _ORDINARY_HEAD.match(answer)
    if head is None:
        return None
    status, length = int(head["status"]), head["length"]
    if status == _RESET_CONTENT or (status == _NO_CONTENT) != (length is None):
        return None
    body = answer[head.end() :]
    return (status, body) if len(body) == int(length or 0) else None
