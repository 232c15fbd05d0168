"""What the listener speaks: one function a protocol, and the registry that names its path.

A protocol gets the request and the token that it should carry, and returns the decoded records with the
answer. A further protocol (Splunk HEC, Elasticsearch bulk, Loki, OTLP) is one more function and one line.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers

from tools.listener.bodies import BodyError, BodyFormat, Record, decode_records, unpack

# Known to everyone who reads this file: it opens a listener on one's own machine and nothing else.
DEVELOPMENT_TOKEN = "11111111-2222-4333-8444-555555555555"  # noqa: S105  # a documented example, no secret

XPLG_PATH = "/logeye/api/logger.jsp"
HTTP_PATH = "/ingest"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came in; `body` still in its Content-Encoding, `headers` found whatever their case."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)  # carries XPLG's token
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to: its records and the answer. `fault` says why there are no records."""

    status: int
    body: str
    records: tuple[Record, ...] = ()
    body_format: BodyFormat | None = None
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    fault: str = ""


type Protocol = Callable[[Incoming, str | None], Outcome]
"""The request and the token that it should carry; None asks for none."""


def xplg(request: Incoming, token: str | None) -> Outcome:
    """XPLG's HTTP listener: the token stands in the URL, `?token=<UUID>`."""
    if not _same(request.query.get("token", ""), token):
        return refused(401, "the token in the URL is missing or wrong")
    return _accept_json(request)


def http(request: Incoming, token: str | None) -> Outcome:
    """A plain collector: the token stands in `Authorization: Bearer …` (RFC 6750, section 2.1)."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if not _same(credentials.strip() if scheme.lower() == "bearer" else "", token):
        fault = "the bearer token in Authorization is missing or wrong"
        return refused(401, fault, (("WWW-Authenticate", "Bearer"),))
    return _accept_json(request)


PROTOCOLS: dict[str, Protocol] = {XPLG_PATH: xplg, HTTP_PATH: http}


def answer(request: Incoming, token: str | None) -> Outcome:
    """What the listener says to a request, whatever its path and method."""
    protocol = PROTOCOLS.get(request.path)
    if protocol is None:
        return _page(request.path)
    if request.method != "POST":
        return refused(405, "records come by POST", (("Allow", "POST"),))
    return protocol(request, token)


def _accept_json(request: Incoming) -> Outcome:
    try:
        plain = unpack(request.body, request.headers.get("Content-Encoding", ""))
        body_format, records = decode_records(plain)
    except BodyError as error:
        return refused(error.status, str(error))
    return Outcome(200, "OK\n", tuple(records), body_format)


def refused(status: int, fault: str, headers: tuple[tuple[str, str], ...] = ()) -> Outcome:
    """An answer that takes no record, with the reason as its text."""
    return Outcome(status, fault + "\n", headers=headers, fault=fault)


def _page(path: str) -> Outcome:
    """A product behind Tomcat shows its own page at a path that it does not know, with status 200."""
    known = " and ".join(PROTOCOLS)
    return Outcome(
        200,
        "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n",
        content_type="text/html; charset=utf-8",
        fault=f"nothing listens on the path {path[:80]!r}: records go to {known}",
    )


def _same(given: str, wanted: str | None) -> bool:
    return wanted is None or hmac.compare_digest(given.encode(errors="surrogateescape"), wanted.encode())
