"""What the listener speaks: one function a protocol, and the registry that names its path.

A protocol gets the request and the token that it should carry, and returns the decoded records with the
answer. A further protocol is one more function and one line.
"""

from tools.listener import elasticsearch, loki, otlp, splunk_hec
from tools.listener.bodies import BodyError, decode_records
from tools.listener.exchange import Outcome, Protocol, plain_body, refused, same
from tools.listener.http_server import Incoming

# Known to everyone who reads this file: it opens a listener on one's own machine and nothing else.
DEVELOPMENT_TOKEN = "11111111-2222-4333-8444-555555555555"  # noqa: S105  # a documented example, no secret

XPLG_PATH = "/logeye/api/logger.jsp"
HTTP_PATH = "/ingest"


def xplg(request: Incoming, token: str | None) -> Outcome:
    """XPLG's HTTP listener: the token stands in the URL, `?token=<UUID>`."""
    if not same(request.query.get("token", ""), token):
        return refused(401, "the token in the URL is missing or wrong")
    return _accept_json(request)


def http(request: Incoming, token: str | None) -> Outcome:
    """A plain collector: the token stands in `Authorization: Bearer …` (RFC 6750, section 2.1)."""
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
    """What the listener says to a request, whatever its path and method."""
    protocol = PROTOCOLS.get(request.path)
    if protocol is None:
        return _page(request.path)
    if request.method != "POST":
        return refused(405, "records come by POST", (("Allow", "POST"),))
    return protocol(request, token)


def _accept_json(request: Incoming) -> Outcome:
    try:
        body_format, records = decode_records(plain_body(request))
    except BodyError as error:
        return refused(error.status, str(error))
    return Outcome(200, "OK\n", tuple(records), body_format)


def _page(path: str) -> Outcome:
    """A product behind Tomcat shows its own page at a path that it does not know, with status 200."""
    known = " and ".join(PROTOCOLS)
    return Outcome(
        200,
        "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>\n",
        content_type="text/html; charset=utf-8",
        fault=f"nothing listens on the path {path[:80]!r}: records go to {known}",
    )
