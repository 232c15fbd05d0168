"""XPLG and plain HTTP collectors: the requests they get, and what their answers mean."""

import gzip
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.settings import Settings
from eks_log_forwarder.destinations.base import Destination, Pending
from eks_log_forwarder.destinations.outcomes import Delivered, Outcome, Rejected, Unreachable
from eks_log_forwarder.destinations.registry import build_destination
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure

URL = "https://xplg.example.internal:30443/logeye/api/logger.jsp"
TOKEN = "s3cr3t/+ &?#=%25ü"
QUOTED = "s3cr3t%2F%2B%20%26%3F%23%3D%2525%C3%BC"
ENCODED = [b'{"n":1}', b'{"n":2}']


def destination_of(name: str, **variables: str) -> Destination:
    """A destination as the environment describes it."""
    environ = {"DESTINATION": name, "DESTINATION_URL": URL} | variables
    return build_destination(Settings.from_environ(environ))


def request_of(
    name: str, *, token: str | None = None, encoded: list[bytes] | None = None, **variables: str
) -> Request:
    """The request that a destination makes of two records."""
    return destination_of(name, **variables).request(encoded or ENCODED, Credentials(token=token))


def outcome_of(name: str, answer: Answer) -> Outcome | Pending:
    """What an answer means for the batch that it answers."""
    return destination_of(name).outcome(answer, len(ENCODED))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, f"{URL}?token={QUOTED}"),
        (f"{URL}?", f"{URL}?token={QUOTED}"),
        (f"{URL}?account=eks&x=a%20b", f"{URL}?account=eks&x=a%20b&token={QUOTED}"),
        (f"{URL}#part", f"{URL}?token={QUOTED}#part"),
        ("http://[fd00::7]:30303/a", f"http://[fd00::7]:30303/a?token={QUOTED}"),
    ],
)
def test_xplg_takes_the_token_in_the_url(url: str, expected: str) -> None:
    """Quoted, behind a query of the URL's own."""
    assert request_of("xplg", token=TOKEN, DESTINATION_URL=url).url == expected


@given(st.text())
def test_xplg_reads_back_any_token(token: str) -> None:
    """Whatever it holds, it is one parameter and leaves the URL what it was."""
    parts = urlsplit(request_of("xplg", token=token).url)
    assert parts._replace(query="").geturl() == URL
    assert parse_qs(parts.query, keep_blank_values=True) == {"token": [token]}


def test_without_a_secret_there_is_no_token() -> None:
    """Neither in the URL nor in a header."""
    assert request_of("xplg").url == request_of("http").url == URL
    assert "Authorization" not in request_of("http").headers


def test_http_takes_the_token_as_a_bearer() -> None:
    """RFC 6750, section 2.1; the URL stays as it is."""
    request = request_of("http", token="s3cr3t")
    assert request.headers["Authorization"] == "Bearer s3cr3t"
    assert request.url == URL


@pytest.mark.parametrize(
    ("name", "body_format", "content_type"),
    [
        ("xplg", "ndjson", "application/json"),
        ("xplg", "array", "application/json"),
        ("xplg", "single", "application/json"),
        ("http", "ndjson", "application/x-ndjson"),
        ("http", "array", "application/json"),
        ("http", "single", "application/json"),
    ],
)
def test_the_content_type_is_what_the_collector_knows(name: str, body_format: str, content_type: str) -> None:
    """XPLG's own set-ups send application/json, lines included."""
    request = request_of(name, encoded=ENCODED[:1], BODY_FORMAT=body_format)
    assert request.headers["Content-Type"] == content_type


@pytest.mark.parametrize("name", ["xplg", "http"])
@pytest.mark.parametrize(
    ("body_format", "encoded", "body"),
    [
        ("ndjson", ENCODED, b'{"n":1}\n{"n":2}\n'),
        ("ndjson", ENCODED[:1], b'{"n":1}\n'),
        ("array", ENCODED, b'[{"n":1},{"n":2}]'),
        ("array", ENCODED[:1], b'[{"n":1}]'),
        ("single", ENCODED[:1], b'{"n":1}'),
    ],
)
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_body_is_written_in_the_format_that_was_asked_for(
    name: str, body_format: str, encoded: list[bytes], body: bytes, compression: str
) -> None:
    """Byte for byte; compressed, it says so and expands to the same."""
    request = request_of(name, encoded=encoded, BODY_FORMAT=body_format, COMPRESSION=compression)
    if compression == "gzip":
        assert request.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(request.body) == body
    else:
        assert "Content-Encoding" not in request.headers
        assert request.body == body


@pytest.mark.parametrize(("name", "encoding"), [("xplg", None), ("http", "gzip")])
def test_compression_has_the_destinations_default(name: str, encoding: str | None) -> None:
    """Whether XPLG reads gzip is not documented."""
    assert request_of(name).headers.get("Content-Encoding") == encoding


def test_the_same_records_make_the_same_compressed_bytes() -> None:
    """There is no time in them."""
    assert request_of("http").body == request_of("http").body


@pytest.mark.parametrize("name", ["xplg", "http"])
@pytest.mark.parametrize(("body_format", "most"), [("ndjson", None), ("array", None), ("single", 1)])
def test_a_request_of_single_holds_one_record(name: str, body_format: str, most: int | None) -> None:
    """The other formats are bounded by the settings alone."""
    assert destination_of(name, BODY_FORMAT=body_format).max_events_per_request == most


@pytest.mark.parametrize("name", ["xplg", "http"])
@pytest.mark.parametrize(
    ("record_format", "keys"),
    [
        ("plain", ["timestamp", "logGroup", "logStream", "message"]),
        (
            "enriched",
            [
                "timestamp",
                "logGroup",
                "logStream",
                "message",
                "id",
                "account",
                "region",
                "cluster",
                "logType",
            ],
        ),
    ],
)
def test_a_record_is_encoded_in_the_format_that_was_asked_for(
    name: str, record_format: str, keys: list[str]
) -> None:
    """With the contract's keys in the contract's order."""
    record = Record(1, "group", "stream", "message", "id", "account", "region", "cluster", LogType.API)
    encoded = destination_of(name, RECORD_FORMAT=record_format).encode(record)
    assert list(json.loads(encoded)) == keys


@pytest.mark.parametrize("name", ["xplg", "http"])
def test_nothing_shows_the_url_or_the_token(name: str) -> None:
    """A request, its destination and an answer may stand in any error."""
    request = request_of(name, token="s3cr3t")
    shown = f"{destination_of(name)!r} {request!r} {Answer(200, b's3cr3t')!r}"
    assert "s3cr3t" not in shown
    assert "xplg.example.internal" not in shown
    assert repr(request) == "Request()"


PAGES = [
    b"<html><body>Sign in</body></html>",
    b"\r\n\r\n<!DOCTYPE html>\n<title>Sign in</title>",
    b"<!doctype HTML PUBLIC>",
    b"<?xml version='1.0'?>\n<HTML lang=en>",
    b" " * 1000 + b"<html>",
]


@pytest.mark.parametrize("name", ["xplg", "http"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_no_success(name: str, page: bytes) -> None:
    """Something else answers at that URL, a sign-in or a server's own page: nothing has been taken."""
    assert outcome_of(name, Answer(200, page)) == Unreachable(Failure.HTML_ANSWER, retry=False)


@pytest.mark.parametrize("body", [b"", b"OK\n", b'{"status":"ok"}', b"<response>OK</response>", b"\xff\0"])
@pytest.mark.parametrize("name", ["xplg", "http"])
def test_an_answer_that_is_no_page_is_a_success(name: str, body: bytes) -> None:
    """What a success says is not documented."""
    assert outcome_of(name, Answer(200, body)) == Delivered()


@pytest.mark.parametrize("name", ["xplg", "http"])
def test_an_error_is_told_by_its_status(name: str) -> None:
    """A page that explains it does not change what it is; Retry-After goes with it."""
    assert outcome_of(name, Answer(400, PAGES[0])) == Rejected("http_400")
    assert outcome_of(name, Answer(503, PAGES[0], 7.0)) == Unreachable("http_503", retry_after_seconds=7.0)
    assert outcome_of(name, Answer(404, PAGES[0])) == Unreachable("http_404", retry=False)
