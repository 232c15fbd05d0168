"""XPLG and plain HTTP collectors: their requests, and what their answers mean."""

import gzip
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import igzip

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.destinations.base import Destination, Pending
from eks_log_forwarder.destinations.outcomes import Delivered, Outcome, Rejected, Unreachable
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.record.record import Record
from eks_log_forwarder.transport.exchange import Answer, Request
from tests.records import any_records, record_of
from tests.unit.destination_requests import destination_of
from tools.make_event import EVENTS, read_lines

URL = "https://xplg.example.internal:30443/logeye/api/logger.jsp"
TOKEN = "s3cr3t/+ &?#=%25ü"
QUOTED = "s3cr3t%2F%2B%20%26%3F%23%3D%2525%C3%BC"
ENCODED = [b'{"n":1}', b'{"n":2}']


def with_options(name: str, **options: object) -> Destination:
    """A destination with these options."""
    return destination_of(name, URL, options)


def request_of(
    name: str, *, token: str | None = None, encoded: list[bytes] | None = None, **options: object
) -> Request:
    """The request of a destination with these encoded records, or with two."""
    return with_options(name, **options).request(encoded or ENCODED, Credentials(token=token))


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
    """Quoted, after the query of the URL."""
    request = destination_of("xplg", url).request(ENCODED, Credentials(token=TOKEN))
    assert request.url == expected


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
        ("xplg", "ndjson", "application/json; charset=utf-8"),
        ("xplg", "array", "application/json; charset=utf-8"),
        ("xplg", "single", "application/json; charset=utf-8"),
        ("http", "ndjson", "application/x-ndjson"),
        ("http", "array", "application/json"),
        ("http", "single", "application/json"),
    ],
)
def test_the_content_type_is_what_the_collector_knows(name: str, body_format: str, content_type: str) -> None:
    """XPLG's documented set-ups send application/json, also with lines."""
    request = request_of(name, encoded=ENCODED[:1], body_format=body_format)
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
def test_a_body_has_the_configured_format(
    name: str, body_format: str, encoded: list[bytes], body: bytes, compression: str
) -> None:
    """Byte for byte; a compressed body says so and expands to the same."""
    request = request_of(name, encoded=encoded, body_format=body_format, compression=compression)
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


def test_a_body_is_compressed_better_than_with_the_next_faster_level() -> None:
    """The level takes the same time as the one below it, so its bytes have to be fewer."""
    encoded = [line.encode() for line in read_lines(EVENTS / "lines" / "audit.log")]
    request = request_of("http", encoded=encoded)
    assert len(request.body) < len(igzip.compress(b"".join(line + b"\n" for line in encoded), 1))


@pytest.mark.parametrize("name", ["xplg", "http"])
@pytest.mark.parametrize(("body_format", "most"), [("ndjson", None), ("array", None), ("single", 1)])
def test_a_request_of_single_holds_one_record(name: str, body_format: str, most: int | None) -> None:
    """For the other formats only the settings set a limit."""
    assert with_options(name, body_format=body_format).max_events_per_request == most


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
def test_a_record_has_the_configured_format(name: str, record_format: str, keys: list[str]) -> None:
    """With the documented keys, in order."""
    record = Record(1, "group", "stream", "message", "id", "account", "region", "cluster", LogType.API)
    encoded = destination_of(name, URL, RECORD_FORMAT=record_format).encode(record)
    assert list(json.loads(encoded)) == keys


@pytest.mark.parametrize("name", ["xplg", "http"])
def test_nothing_shows_the_url_or_the_token(name: str) -> None:
    """A request, its destination and an answer may appear in any error."""
    request = request_of(name, token="s3cr3t")
    shown = f"{destination_of(name)!r} {request!r} {Answer(200, b's3cr3t')!r}"
    assert "s3cr3t" not in shown
    assert "xplg.example.internal" not in shown


@pytest.mark.parametrize("body", [b"", b"OK\n", b'{"status":"ok"}', b"<response>OK</response>", b"\xff\0"])
@pytest.mark.parametrize("name", ["xplg", "http"])
def test_an_answer_that_is_no_page_is_a_success(name: str, body: bytes) -> None:
    """What a success says is not documented."""
    assert outcome_of(name, Answer(200, body)) == Delivered()


@pytest.mark.parametrize("name", ["xplg", "http"])
def test_the_status_decides_about_an_error(name: str) -> None:
    """A web page that explains it changes nothing; Retry-After is kept."""
    page = b"<html><body>Bad request</body></html>"
    assert outcome_of(name, Answer(400, page)) == Rejected("http_400")
    assert outcome_of(name, Answer(503, page, 7.0)) == Unreachable("http_503", retry_after_seconds=7.0)
    assert outcome_of(name, Answer(404, page)) == Unreachable("http_404", retry=False)


@given(any_records())
def test_xplg_gets_ascii_that_says_the_same_as_http(record: Record) -> None:
    """A servlet container reads a body as ISO-8859-1 by default; in ASCII that makes no difference."""
    encoded = with_options("xplg").encode(record)
    assert json.loads(encoded.decode("ascii")) == json.loads(with_options("http").encode(record))


def test_characters_outside_ascii_become_escapes_for_xplg() -> None:
    """With a surrogate pair for those beyond 16 bits; other collectors get UTF-8."""
    record = record_of(LogType.UNKNOWN, "\u00e9 \U0001f680")
    assert b'"message":"\\u00e9 \\ud83d\\ude80"' in with_options("xplg").encode(record)
    assert '"message":"\u00e9 \U0001f680"'.encode() in with_options("http").encode(record)
