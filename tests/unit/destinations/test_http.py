"""`http`: the headers and credentials that other collectors want, and the requests that vendors document."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.outcomes import Delivered, Rejected, Unreachable
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.transport.exchange import Answer
from tests.records import RECORDS
from tests.unit.destination_requests import TOKEN, destination_of, request_of

LOGIN = Credentials(username="eks", password="p:\u00fc")
BASIC = "Basic ZWtzOnA6w7w="


def headers_of(credentials: Credentials, **options: object) -> dict[str, str]:
    """The headers of a request, without those of its body."""
    request = request_of(destination_of("http", options=options), RECORDS[:1], credentials)
    return {name: value for name, value in request.headers.items() if not name.lower().startswith("content-")}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"Authorization": f"Bearer {TOKEN}"}),
        ({"token_prefix": "Token"}, {"Authorization": f"Token {TOKEN}"}),
        ({"token_prefix": "Token "}, {"Authorization": f"Token {TOKEN}"}),
        ({"token_prefix": "Token token="}, {"Authorization": f"Token token={TOKEN}"}),
        ({"token_prefix": "key:"}, {"Authorization": f"key:{TOKEN}"}),
        ({"token_prefix": ""}, {"Authorization": TOKEN}),
        ({"token_header": "authorization"}, {"authorization": f"Bearer {TOKEN}"}),
        ({"token_header": "DD-API-KEY"}, {"DD-API-KEY": TOKEN}),
        ({"token_header": "X-Auth", "token_prefix": "Bearer"}, {"X-Auth": f"Bearer {TOKEN}"}),
    ],
)
def test_the_token_has_the_header_and_the_prefix_of_the_options(
    options: dict[str, object], expected: dict[str, str]
) -> None:
    """Without options a bearer token (RFC 6750); another header has no prefix unless one is given."""
    assert headers_of(Credentials(token=TOKEN), **options) == expected


def test_without_a_secret_there_are_no_credentials() -> None:
    """Nor an empty header."""
    assert headers_of(Credentials(), token_header="DD-API-KEY", token_prefix="x") == {}


def test_a_user_name_and_a_password_are_basic() -> None:
    """RFC 7617, in UTF-8."""
    assert headers_of(LOGIN) == {"Authorization": BASIC}
    assert headers_of(LOGIN, token_header="X-Api-Key") == {"Authorization": BASIC}


def test_a_token_and_a_login_need_two_headers() -> None:
    """A gateway can want the login, and the collector behind it the token."""
    both = Credentials(token=TOKEN, username=LOGIN.username, password=LOGIN.password)
    assert headers_of(both, token_header="X-Api-Key") == {"Authorization": BASIC, "X-Api-Key": TOKEN}
    for name in ("Authorization", "AUTHORIZATION"):
        with pytest.raises(SecretError, match="name another header for the token in the option token_header"):
            headers_of(both, token_header=name)


@pytest.mark.parametrize("credentials", [Credentials(username="x"), Credentials(password="x")])
def test_half_a_login_is_a_fault(credentials: Credentials) -> None:
    """The events wait until the secret is complete."""
    with pytest.raises(SecretError, match="username and password together"):
        headers_of(credentials)


def test_a_user_name_with_a_colon_is_a_fault() -> None:
    """The collector would take the rest for the password (RFC 7617, section 2)."""
    with pytest.raises(SecretError, match="colon in username") as caught:
        headers_of(Credentials(username="s3:cr3t", password="x"))
    assert "cr3t" not in str(caught.value)


def test_static_headers_are_sent_and_the_body_s_own_win() -> None:
    """Whatever the case of their letters."""
    destination = destination_of(
        "http",
        options={
            "headers": {"X-Team": "\u00e9t\u00e9", "content-type": "text/plain", "CONTENT-ENCODING": "br"}
        },
    )
    assert request_of(destination, RECORDS[:1], Credentials()).headers == {
        "X-Team": "\u00e9t\u00e9",
        "Content-Type": "application/x-ndjson",
        "Content-Encoding": "gzip",
    }
    plain = destination_of("http", options={"compression": "none", "headers": {"Content-Encoding": "br"}})
    assert request_of(plain, RECORDS[:1], Credentials()).headers == {"Content-Type": "application/x-ndjson"}


def test_no_header_shows_in_a_repr() -> None:
    """A destination and its request may appear in any error."""
    destination = destination_of("http", options={"headers": {"X-Team": "s3cr3t"}})
    assert "s3cr3t" not in f"{destination!r} {request_of(destination, RECORDS[:1])!r}"


def test_otlp_has_the_same_rules_for_the_body_s_headers() -> None:
    """One mechanism."""
    destination = destination_of("otlp", options={"headers": {"content-TYPE": "text/plain", "X-Team": "a"}})
    assert request_of(destination, RECORDS[:1], Credentials()).headers == {
        "X-Team": "a",
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
    }


# What the vendors' public references say about a request. None of them has been tried.


def datadog(log: dict[str, Any]) -> None:
    """Logs API v2, "Send logs": an HTTPLogItem; reserved attributes are texts, any other is allowed."""
    assert isinstance(log["message"], str)
    for reserved in ("ddsource", "ddtags", "hostname", "service"):
        assert isinstance(log.get(reserved, ""), str)


def new_relic(log: dict[str, Any]) -> None:
    """Log API, "Simplified JSON body message": one object, and "Limits and restricted characters"."""
    assert len(log) <= 255
    assert all(len(name) <= 255 for name in log)
    assert isinstance(log["timestamp"], int)
    assert 10**12 < log["timestamp"] < 10**13
    assert isinstance(log["message"], str)
    assert not {"accountId", "entity.guid", "entity.name", "entity.type", "eventType"} & log.keys()


def axiom(log: dict[str, Any]) -> None:
    """Limits: events of at most 1 MB, names of at most 200 bytes, none of Axiom's own."""
    assert not {"_blockInfo", "_cursor", "_rowID", "_source", "_sysTime", "_time"} & log.keys()
    assert all(len(name.encode()) <= 200 for name in log)


@dataclass(frozen=True)
class Vendor:
    """A request as the vendor's reference describes it; `max_bytes` is of a body before compression."""

    url: str
    options: dict[str, object]
    content_types: frozenset[str]
    token_header: str
    token: str
    max_bytes: int
    max_entries: int
    check: Callable[[dict[str, Any]], None]


VENDORS = {
    "datadog": Vendor(
        "https://http-intake.logs.datadoghq.com/api/v2/logs?ddsource=aws.eks&service=eks",
        {"body_format": "array", "token_header": "DD-API-KEY"},
        frozenset({"application/json"}),
        "DD-API-KEY",
        TOKEN,
        5_000_000,
        1000,
        datadog,
    ),
    "new relic": Vendor(
        "https://log-api.newrelic.com/log/v1",
        {"body_format": "single", "token_header": "Api-Key"},
        frozenset({"application/json", "json", "application/gzip", "gzip"}),
        "Api-Key",
        TOKEN,
        1_000_000,
        1,
        new_relic,
    ),
    "axiom": Vendor(
        "https://us-east-1.aws.edge.axiom.co/v1/ingest/eks?timestamp-field=timestamp",
        {},
        frozenset({"application/json", "application/x-ndjson", "text/csv"}),
        "Authorization",
        f"Bearer {TOKEN}",
        10_000_000_000,
        10_000,
        axiom,
    ),
}


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_a_vendor_s_reference_describes_the_request(vendor: Vendor) -> None:
    """URL without a key, content type, key, gzip, and the form of each log."""
    destination = destination_of("http", vendor.url, vendor.options)
    records = RECORDS[: destination.max_events_per_request]
    request = request_of(destination, records)
    assert request.url == vendor.url
    assert TOKEN not in request.url
    assert request.headers["Content-Type"] in vendor.content_types
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers[vendor.token_header] == vendor.token
    body = gzip.decompress(request.body)
    match vendor.options.get("body_format"):
        case "array":
            logs = json.loads(body)
        case _:
            logs = [json.loads(line) for line in body.splitlines()]
    assert isinstance(logs, list)
    assert 1 <= len(logs) == len(records) <= vendor.max_entries
    assert len(body) <= vendor.max_bytes
    for log in logs:
        vendor.check(log)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (202, Delivered()),
        (200, Delivered()),
        (400, Rejected("http_400")),
        (401, Unreachable("http_401", retry=False)),
        (403, Unreachable("http_403", retry=False)),
        (408, Unreachable("http_408")),
        (413, Rejected("http_413")),
        (429, Unreachable("http_429")),
        (500, Unreachable("http_500")),
        (503, Unreachable("http_503")),
    ],
)
def test_the_statuses_that_vendors_document(status: int, expected: object) -> None:
    """Datadog: retry 408, 429 and 5xx, and neither 400, 401, 403 nor 413."""
    assert destination_of("http").outcome(Answer(status, b"{}"), 3) == expected


def test_a_new_relic_account_takes_batches_over_otlp() -> None:
    """New Relic OTLP endpoint: the license key in `api-key`, protobuf, gzip."""
    destination = destination_of(
        "otlp", "https://otlp.nr-data.net", {"headers": {"api-key": "{token}"}}, MAX_BATCH_BYTES="900000"
    )
    request = request_of(destination, RECORDS)
    assert request.url == "https://otlp.nr-data.net/v1/logs"
    assert request.headers == {
        "api-key": TOKEN,
        "Content-Type": "application/x-protobuf",
        "Content-Encoding": "gzip",
    }
