"""The listener's protocols: one function each, their paths, and what the demo needs for each destination."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tools.listener import elasticsearch, loki, otlp, splunk_hec
from tools.listener.bodies import BodyError, decode_records
from tools.listener.exchange import Outcome, Protocol, plain_body, refused, same
from tools.listener.http_server import Incoming

# Public: it only protects a listener on the developer's machine.
DEVELOPMENT_TOKEN = "11111111-2222-4333-8444-555555555555"  # noqa: S105  # not a secret

DEMO_USERNAME = "demo"
XPLG_PATH = "/logeye/api/logger.jsp"
HTTP_PATH = "/ingest"


def xplg(request: Incoming, token: str | None) -> Outcome:
    """XPLG's HTTP listener: the token is in the URL, `?token=<UUID>`."""
    if not same(request.query.get("token", ""), token):
        return refused(401, "the token in the URL is missing or wrong")
    return _accept_json(request)


def http(request: Incoming, token: str | None) -> Outcome:
    """A plain collector: the token is in `Authorization: Bearer …` (RFC 6750, section 2.1)."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if not same(credentials.strip() if scheme.lower() == "bearer" else "", token):
        fault = "the bearer token in Authorization is missing or wrong"
        return refused(401, fault, (("WWW-Authenticate", "Bearer"),))
    return _accept_json(request)


PROTOCOLS: dict[str, Protocol] = {
    XPLG_PATH: xplg,
    HTTP_PATH: http,
    splunk_hec.PATH: splunk_hec.receive,
    splunk_hec.ACK_PATH: splunk_hec.acknowledge,
    elasticsearch.PATH: elasticsearch.receive,
    loki.PATH: loki.receive,
    otlp.PATH: otlp.receive,
}


def answer(request: Incoming, token: str | None) -> Outcome:
    """The answer to a request with any path and method."""
    protocol = PROTOCOLS.get(request.path)
    if protocol is None:
        return _page(request.path)
    if request.method != "POST":
        return refused(405, "send records by POST", (("Allow", "POST"),))
    return protocol(request, token)


def _accept_json(request: Incoming) -> Outcome:
    try:
        body_format, records = decode_records(plain_body(request))
    except BodyError as error:
        return refused(error.status, str(error))
    return Outcome(200, "OK\n", tuple(records), body_format)


def _page(path: str) -> Outcome:
    """Like a product behind Tomcat: an unknown path gives the sign-in page with status 200."""
    known = " and ".join(PROTOCOLS)
    return Outcome(
        200,
        "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n",
        content_type="text/html; charset=utf-8",
        fault=f"the path {path[:80]!r} is unknown: records go to {known}",
    )


@dataclass(frozen=True, slots=True)
class DemoDestination:
    """The path of `DestinationUrl`, and the function that makes the secret from a token."""

    path: str
    secret: Callable[[str], str]


def _as_password(token: str) -> str:
    return json.dumps({"username": DEMO_USERNAME, "password": token})


DEMO_DESTINATIONS: dict[str, DemoDestination] = {
    "xplg": DemoDestination(XPLG_PATH, str),
    "http": DemoDestination(HTTP_PATH, str),
    "splunk_hec": DemoDestination(splunk_hec.PATH, str),
    "elasticsearch": DemoDestination(elasticsearch.PATH, _as_password),
    "loki": DemoDestination(loki.PATH, str),
    "otlp": DemoDestination(otlp.PATH, str),
}
