"""The listener's protocols: the collectors, their paths, and what the demo needs for each destination."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tools.listener import elasticsearch, fluent_bit, loki, otlp, servlet, splunk_hec, victoria_logs
from tools.listener.bodies import BodyError, Record, decode_records
from tools.listener.elasticsearch import Elasticsearch
from tools.listener.exchange import Outcome, Protocol, plain_body, refused, same
from tools.listener.http_server import Incoming
from tools.listener.loki import Loki
from tools.listener.splunk_hec import SplunkHec
from tools.listener.victoria_logs import VictoriaLogs

# Public: it only protects a listener on the developer's machine.
DEVELOPMENT_TOKEN = "11111111-2222-4333-8444-555555555555"  # noqa: S105  # not a secret

DEMO_USERNAME = "demo"
XPLG_PATH = "/logeye/api/logger.jsp"
HTTP_PATH = "/ingest"


def xplg(request: Incoming, token: str | None) -> Outcome:
    """XPLG's HTTP listener, in a servlet container: the token is in the URL, `?token=<UUID>`."""
    if not same(request.query.get("token", ""), token):
        return refused(401, "the token in the URL is missing or wrong")
    return _accepted(request, servlet.records_of)


def http(request: Incoming, token: str | None) -> Outcome:
    """A plain collector: the token is in `Authorization: Bearer …` (RFC 6750, section 2.1)."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if not same(credentials.strip() if scheme.lower() == "bearer" else "", token):
        fault = "the bearer token in Authorization is missing or wrong"
        return refused(401, fault, (("WWW-Authenticate", "Bearer"),))
    return _accepted(request, lambda request: decode_records(plain_body(request)))


@dataclass(frozen=True, slots=True)
class Collectors:
    """The collectors of one listener: what they have stored, and their limits."""

    splunk_hec: SplunkHec = field(default_factory=SplunkHec)
    elasticsearch: Elasticsearch = field(default_factory=Elasticsearch)
    loki: Loki = field(default_factory=Loki)
    victoria_logs: VictoriaLogs = field(default_factory=VictoriaLogs)

    def protocols(self) -> dict[str, Protocol]:
        """The protocol of each path that takes records."""
        return {
            XPLG_PATH: xplg,
            HTTP_PATH: http,
            splunk_hec.PATH: self.splunk_hec.receive,
            splunk_hec.ACK_PATH: self.splunk_hec.acknowledge,
            elasticsearch.PATH: self.elasticsearch.receive,
            loki.PATH: self.loki.receive,
            otlp.PATH: otlp.receive,
            fluent_bit.PATH: fluent_bit.receive,
            victoria_logs.LOKI_PATH: self.victoria_logs.loki,
            victoria_logs.OTLP_PATH: self.victoria_logs.otlp,
            victoria_logs.BULK_PATH: self.victoria_logs.bulk,
        }

    def answer(self, request: Incoming, token: str | None) -> Outcome:
        """The answer to a request with any path and method."""
        managed = self.elasticsearch.manage(request, token)
        if managed is not None:
            return managed
        protocol = self.protocols().get(request.path)
        if protocol is None:
            return _page(request.path)
        if request.method != "POST":
            return refused(405, "send records by POST", (("Allow", "POST"),))
        return protocol(request, token)


PATHS = tuple(Collectors().protocols())


def _accepted(request: Incoming, read: Callable[[Incoming], tuple[str, list[Record]]]) -> Outcome:
    try:
        body_format, records = read(request)
    except BodyError as error:
        return refused(error.status, str(error))
    return Outcome(200, "OK\n", tuple(records), body_format)


def _page(path: str) -> Outcome:
    """Like a product behind Tomcat: an unknown path gives the sign-in page with status 200."""
    known = " and ".join(PATHS)
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
