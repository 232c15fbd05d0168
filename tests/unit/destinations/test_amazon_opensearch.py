"""Signed requests, checked by an independent implementation of AWS Signature Version 4."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.opensearch_endpoint import OpenSearchEndpoint, endpoint_of
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.destinations.base import Destination
from eks_log_forwarder.destinations.outcomes import Delivered, NotTaken, PerEvent, Rejected, Unreachable
from eks_log_forwarder.destinations.sigv4 import Signer, canonical_url
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from tests.misbehaving_server import running_server
from tests.records import RECORDS, record_of
from tests.strict_opensearch import CREDENTIALS, SECRET_KEY, SESSION_TOKEN, StrictOpenSearch
from tests.strict_proxy import StrictProxy, running_proxy
from tests.unit.destination_requests import TOKEN, destination_of, request_of
from tests.unit.transport.test_tls import context_of, pem_of

FILTER = "filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type"
DOMAIN = "search-logs-0a1b2c.eu-central-1.es.amazonaws.com"
COLLECTION = "0a1b2c3d4e5f6a7b8c9d.eu-central-1.aoss.amazonaws.com"


@pytest.fixture(autouse=True)
def _role(monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials of the function's role, as Lambda gives them; nothing else of the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-3")


def signing(host: str, path: str = "", **options: object) -> Destination:
    """A destination that signs."""
    return destination_of("elasticsearch", f"https://{host}{path}", {"auth": "sigv4", **options})


def fault_of(request: Request, service: str, region: str = "eu-central-1") -> str:
    """What AWS would say to the request, as it would arrive from this machine."""
    host, _, path = request.url.removeprefix("https://").partition("/")
    lines = [f"POST /{path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return StrictOpenSearch(service, region).fault_of("\r\n".join(lines), request.body)


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        (DOMAIN, "es", "eu-central-1"),
        ("vpc-logs-0a1b2c.us-gov-west-1.es.amazonaws.com", "es", "us-gov-west-1"),
        ("search-logs-0a1b2c.cn-north-1.es.amazonaws.com.cn", "es", "cn-north-1"),
        ("search-logs-0a1b2c.aos.ap-southeast-2.on.aws", "es", "ap-southeast-2"),
        ("search-logs-0a1b2c.aos.cn-north-1.on.amazonwebservices.com.cn", "es", "cn-north-1"),
        (COLLECTION, "aoss", "eu-central-1"),
        (COLLECTION.upper(), "aoss", "eu-central-1"),
        ("0a1b2c.us-east-1.aoss-fips.amazonaws.com", "aoss", "us-east-1"),
        ("0a1b2c.cn-northwest-1.aoss.amazonaws.com.cn", "aoss", "cn-northwest-1"),
        ("0a1b2c.aoss.us-east-2.on.aws", "aoss", "us-east-2"),
        ("search.example.internal", "es", ""),
        ("es.amazonaws.com.example.internal", "es", ""),
        ("10.0.3.20", "es", ""),
    ],
)
def test_the_host_says_what_to_sign_for(host: str, service: str, region: str) -> None:
    """A host that is not AWS's is a domain's custom endpoint in the function's own region."""
    endpoint = endpoint_of(f"https://{host}:443/_bulk")
    assert (endpoint.service, endpoint.region) == (service, region)
    request = request_of(signing(host.lower()), RECORDS, Credentials())
    assert fault_of(request, service, region or "eu-west-3") == ""


@pytest.mark.parametrize("compression", ["gzip", "none"])
@pytest.mark.parametrize("host", [DOMAIN, COLLECTION])
def test_the_bytes_that_are_sent_are_signed(host: str, compression: str) -> None:
    """After compression, with the hash that Serverless requires; one byte less is another signature."""
    service = endpoint_of(f"https://{host}").service
    request = request_of(signing(host, compression=compression), RECORDS, Credentials())
    assert fault_of(request, service) == ""
    changed = Request(request.url, request.headers, request.body[:-1])
    assert fault_of(changed, service) == "x-amz-content-sha256"
    assert fault_of(request, "es" if service == "aoss" else "aoss") == "the scope"
    assert ("Content-Encoding" in request.headers) is (compression == "gzip")


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("", "/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type"),
        ("/", "/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type"),
        (
            "/eks/_bulk?pipeline=a+b&timeout=1m&pretty",
            f"/eks/_bulk?pipeline=a%20b&timeout=1m&pretty=&{FILTER}",
        ),
        (
            "/%3clogs-%7bnow%2fd%7D%3E/../a//./b*~c/_bulk",
            "/a/b%2A~c/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type",
        ),
        (
            "/%3Clogs-%7Bnow%2Fd%7D%3E/_bulk",
            "/%3Clogs-%7Bnow%2Fd%7D%3E/_bulk?filter_path=errors%2Citems.%2A.status%2Citems.%2A.error.type",
        ),
    ],
)
def test_the_url_is_sent_as_it_is_signed(path: str, arrives: str) -> None:
    """Every special character is escaped, as AWS does before it compares."""
    request = request_of(signing(DOMAIN, path), RECORDS[:1], Credentials())
    assert request.url == f"https://{DOMAIN}{arrives}"
    assert fault_of(request, "es") == ""
    assert canonical_url(request.url) == request.url


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (f"http://{DOMAIN.upper()}:80/_bulk", f"http://{DOMAIN}/_bulk"),
        (f"https://{DOMAIN}:443/_bulk", f"https://{DOMAIN}/_bulk"),
        ("https://logs.example:9243/_bulk", "https://logs.example:9243/_bulk"),
        ("https://büro.example/_bulk", "https://xn--bro-hoa.example/_bulk"),
        ("https://[2001:db8::1]:9243/_bulk", "https://[2001:db8::1]:9243/_bulk"),
    ],
)
def test_the_host_is_signed_as_the_header_names_it(url: str, sent: str) -> None:
    """A proxy for http gets the URL, and the collector the Host that is in it."""
    assert canonical_url(url) == sent
    assert canonical_url(sent) == sent


def test_a_request_of_its_own_time_is_signed_with_renewed_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The role's credentials are renewed before they expire; each request has the current ones."""
    from botocore.credentials import RefreshableCredentials  # noqa: PLC0415  # as lazy as the code

    readings: list[dict[str, str]] = []

    def renew() -> dict[str, str]:
        readings.append(
            {
                "access_key": CREDENTIALS["AWS_ACCESS_KEY_ID"],
                "secret_key": SECRET_KEY if readings else "old",
                "token": SESSION_TOKEN,
                "expiry_time": (
                    datetime.now(UTC) + timedelta(seconds=1 if not readings else 7200)
                ).isoformat(),
            }
        )
        return readings[-1]

    class Session:
        def get_credentials(self) -> RefreshableCredentials:
            return RefreshableCredentials.create_from_metadata(renew(), renew, "test")

    monkeypatch.setattr("botocore.session.get_session", Session)
    destination = signing(DOMAIN)
    for _ in range(2):
        assert fault_of(request_of(destination, RECORDS, Credentials()), "es") == ""
    assert len(readings) == 2


@pytest.mark.parametrize(
    "credentials",
    [Credentials(token=TOKEN), Credentials(username="u", password=TOKEN), Credentials(username="u")],
)
def test_a_login_in_the_secret_contradicts_signing(credentials: Credentials) -> None:
    """The fault says which of the two to remove; the events wait."""
    with pytest.raises(SecretError, match="remove token, username and password") as caught:
        request_of(signing(DOMAIN), RECORDS, credentials)
    assert TOKEN not in str(caught.value)


def test_a_private_ca_goes_with_signing() -> None:
    """The secret may hold what TLS and a proxy need."""
    credentials = Credentials(ca_certificate="x", proxy_username="u", proxy_password="p")
    assert fault_of(request_of(signing(DOMAIN), RECORDS, credentials), "es") == ""


def test_without_credentials_or_a_region_the_events_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is wrong with them."""
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(SecretError, match="AWS_REGION is not set"):
        request_of(signing("search.example.internal"), RECORDS, Credentials())
    monkeypatch.setattr("botocore.session.Session.get_credentials", lambda _: None)
    with pytest.raises(SecretError, match="no AWS credentials"):
        request_of(signing(DOMAIN), RECORDS, Credentials())


def test_what_botocore_raises_is_told_by_its_class_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is not the events' fault."""

    def fail(_: object) -> None:
        msg = "s3cr3t"
        raise RuntimeError(msg)

    monkeypatch.setattr("botocore.session.Session.get_credentials", fail)
    with pytest.raises(SecretError, match="function's role: RuntimeError") as caught:
        request_of(signing(DOMAIN), RECORDS, Credentials())
    assert "s3cr3t" not in str(caught.value)


def test_nothing_shows_in_a_repr() -> None:
    """Neither the URL nor the role's credentials."""
    destination = signing(DOMAIN)
    shown = f"{request_of(destination, RECORDS, Credentials())!r} {destination!r}"
    assert "amazonaws" not in shown
    assert SESSION_TOKEN not in shown
    assert SECRET_KEY not in shown


def test_botocore_is_imported_at_the_first_signature() -> None:
    """A cold start without a request to sign does not pay for it."""
    program = (
        "import sys; from eks_log_forwarder import wiring; forwarder = wiring.forwarder();"
        " print('botocore.auth' in sys.modules);"
        " from eks_log_forwarder.config.credentials import Credentials;"
        " forwarder.delivery.destination.request([b'{\"create\":{}}\\n{}\\n'], Credentials());"
        " print('botocore.auth' in sys.modules, 'boto3' in sys.modules)"
    )
    environ = CREDENTIALS | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DESTINATION": "elasticsearch",
        "DESTINATION_URL": f"https://{DOMAIN}",
        "DESTINATION_OPTIONS": '{"auth":"sigv4"}',
        "DETECTIONS": "off",
        "REDACT": "off",
    }
    command = [sys.executable, "-W", "ignore", "-c", program]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)  # noqa: S603  # this test's own program
    assert result.stdout.split() == ["False", "True", "False"]


def bulk(*items: tuple[int, str]) -> Answer:
    """A bulk answer with these statuses and types of error."""
    results = [{"status": status} | ({"error": {"type": kind}} if kind else {}) for status, kind in items]
    return Answer(200, json.dumps({"errors": True, "items": [{"create": r} for r in results]}).encode())


REFUSED = (400, "illegal_argument_exception")


def ids_of(destination: Destination, record: Record) -> list[str | None]:
    """The ids in a request for one record."""
    body = gzip.decompress(request_of(destination, [record], Credentials()).body)
    return [json.loads(body.splitlines()[0])["create"].get("_id")]


def test_a_collection_that_refuses_ids_gets_none_from_then_on() -> None:
    """The refused events are to be sent again at once; the document keeps the event's id."""
    destination, record = signing(COLLECTION), record_of()
    assert ids_of(destination, record) == [record.id]
    assert destination.outcome(bulk(REFUSED, REFUSED), 2) == PerEvent((NotTaken(), NotTaken()))
    assert ids_of(destination, record) == [None]
    body = gzip.decompress(request_of(destination, [record], Credentials()).body)
    action, document = body.splitlines()
    assert json.loads(action) == {"create": {"_index": "logs-eks.audit-default"}}
    assert json.loads(document)["id"] == record.id
    refused_again = Rejected("bulk_400_illegal_argument_exception")
    assert destination.outcome(bulk(REFUSED, (201, "")), 2) == PerEvent((refused_again, Delivered()))


def test_a_request_that_is_refused_as_a_whole_is_tried_without_ids_once() -> None:
    """The form of the refusal is not documented."""
    destination, record = signing(COLLECTION), record_of()
    assert destination.outcome(Answer(400, b""), 2) == PerEvent((NotTaken(), NotTaken()))
    assert ids_of(destination, record) == [None]
    assert destination.outcome(Answer(400, b""), 2) == Rejected("http_400")


@pytest.mark.parametrize("taken", [(201, ""), (409, "version_conflict_engine_exception")])
def test_a_collection_that_has_taken_an_id_keeps_getting_them(taken: tuple[int, str]) -> None:
    """So an event that is sent twice is stored once; a refusal then concerns its event."""
    destination, record = signing(COLLECTION), record_of()
    refused = Rejected("bulk_400_illegal_argument_exception")
    assert destination.outcome(bulk(REFUSED, taken), 2) == PerEvent((refused, Delivered()))
    assert destination.outcome(bulk(REFUSED, REFUSED), 2) == PerEvent((refused, refused))
    assert ids_of(destination, record) == [record.id]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(403, b""), Unreachable("http_403", retry=False)),
        (Answer(503, b""), Unreachable("http_503")),
        (bulk((429, "x"), (429, "x")), PerEvent((Unreachable("bulk_429_x"),) * 2)),
        (bulk((400, "mapper_parsing_exception"), (429, "x")), None),
    ],
)
def test_another_answer_says_nothing_about_ids(answer: Answer, expected: object) -> None:
    """They are sent until an answer tells."""
    destination, record = signing(COLLECTION), record_of()
    outcome = destination.outcome(answer, 2)
    assert expected is None or outcome == expected
    assert ids_of(destination, record) == [record.id]


@pytest.mark.parametrize("host", [DOMAIN, "search.example.internal"])
def test_a_domain_takes_ids(host: str) -> None:
    """Its refusals are about events."""
    destination, record = signing(host), record_of()
    assert destination.outcome(bulk(REFUSED, REFUSED), 2) == PerEvent(
        (Rejected("bulk_400_illegal_argument_exception"),) * 2
    )
    assert ids_of(destination, record) == [record.id]


def test_only_the_id_of_the_action_is_left_out() -> None:
    """Whatever the document says."""
    destination = signing(COLLECTION, index="a'_id'")
    destination.outcome(bulk(REFUSED), 1)
    record = record_of(LogType.UNKNOWN, '{"create":{"_index":"x","_id":"y"}}\n,"_id":')
    body = gzip.decompress(request_of(destination, [record], Credentials()).body)
    action, document = body.splitlines()
    assert json.loads(action) == {"create": {"_index": "a'_id'"}}
    assert json.loads(document)["message"] == record.message


type Deliver = Callable[[Destination, list[Record]], Tally]


@contextmanager
def reachable(server: StrictOpenSearch, host: str) -> Iterator[Deliver]:
    """A function that delivers to this server under its AWS name, over TLS and through a proxy."""
    authority = trustme.CA()
    with running_server(server, context_of(authority.issue_cert(host))) as listening:
        proxy = StrictProxy(hosts={f"{host}:443": listening.port})
        with running_proxy(proxy) as running:

            def deliver(destination: Destination, records: list[Record]) -> Tally:
                delivery = Delivery(
                    destination=destination,
                    transport=Transport(connect_timeout_seconds=30, read_timeout_seconds=30),
                    read_secret=lambda again=False: Credentials(ca_certificate=pem_of(authority)),  # noqa: ARG005  # the shape of ReadSecret
                    retry_budget_seconds=30,
                    proxy_url=f"http://127.0.0.1:{running.port}",
                )
                tally = Tally("prod", LogType.AUDIT)
                events = [LogEvent(record.id, record.timestamp, record.message) for record in records]
                batch = Batch(events, [destination.encode(record) for record in records])
                assert delivery.send([batch], Deadline.after(60), tally) == []
                return tally

            yield deliver


def test_a_domain_takes_what_was_signed_over_the_wire() -> None:
    """With every header and byte that the session really sends."""
    domain = StrictOpenSearch("es")
    with reachable(domain, DOMAIN) as deliver:
        tally = deliver(signing(DOMAIN), RECORDS)
    assert domain.faults == []
    assert (tally.delivered, tally.delivery_attempts, tally.rejected) == (len(RECORDS), 1, 0)
    assert domain.ids == [record.id for record in RECORDS]


@pytest.mark.parametrize(("takes_ids", "requests"), [(True, 1), (False, 2)], ids=["search", "time series"])
def test_a_collection_of_any_type_takes_every_event(requests: int, *, takes_ids: bool) -> None:
    """One more request finds out that it takes no ids; nothing waits, and nothing is rejected."""
    collection = StrictOpenSearch("aoss", takes_ids=takes_ids)
    with reachable(collection, COLLECTION) as deliver:
        tally = deliver(signing(COLLECTION), RECORDS)
    assert collection.faults == []
    assert (tally.delivered, tally.delivery_attempts, tally.rejected) == (len(RECORDS), requests, 0)
    assert [document["id"] for document in collection.documents] == [record.id for record in RECORDS]
    assert collection.ids == [record.id if takes_ids else None for record in RECORDS]


def test_the_verifier_refuses_what_is_not_signed() -> None:
    """It can fail."""
    request = request_of(destination_of("elasticsearch", f"https://{DOMAIN}"), RECORDS)
    assert fault_of(request, "es") == "no signature"
    url, headers = Signer(OpenSearchEndpoint("es", "eu-central-1")).sign(request.url, {"X": "1"}, b"x")
    del headers["X-Amz-Content-SHA256"]
    assert (
        fault_of(Request(url, headers, b"x"), "es")
        == "a signed header that is not sent, x-amz-content-sha256"
    )


def faulty(request: Request, **changes: str) -> dict[str, Any]:
    """The headers of a request with some changed."""
    return {name: changes.get(name.replace("-", "_"), value) for name, value in request.headers.items()}


@pytest.mark.parametrize("name", ["Content_Type", "Content_Encoding", "Accept"])
def test_a_header_that_changes_on_the_way_breaks_the_signature(name: str) -> None:
    """All that we set are signed."""
    request = request_of(signing(DOMAIN), RECORDS, Credentials())
    changed = Request(request.url, faulty(request, **{name: "x"}), request.body)
    assert fault_of(changed, "es") == "the signature"
