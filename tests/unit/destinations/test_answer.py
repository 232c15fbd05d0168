"""Web pages with status 200, which no destination takes for a success; and other bodies."""

import pytest

from eks_log_forwarder.destinations.outcomes import Unreachable
from eks_log_forwarder.destinations.web_page import is_web_page
from eks_log_forwarder.transport.exchange import Answer
from eks_log_forwarder.transport.failures import Failure
from tests.unit.destination_requests import destination_of

PAGES = [
    "<html><body>Sign in</body></html>",
    "<!DOCTYPE html>\n<title>Sign in</title>",
    "<!doctype HTML PUBLIC>",
    "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0'>\n<HTML lang=en>",
    "<!-- served by proxy-3 -->\n<!-- build 7 > 6 --><head><title>Sign in</title>",
    "<title>Sign in</title>",
    "<body>",
    "<BODY onload='go()'>",
    "<h1>It works!</h1>",
    "<script>location = '/login'</script>",
    "<meta http-equiv=refresh content='0; url=/login'>",
    "<center><h1>302 Found</h1></center>",
    "<p>Sign in",
    "<video src=a>",
    "<picture>",
    "</html>",
    "<br/>",
    "<app-root></app-root>",
    "<!-- a comment that is longer than what is read of an answer",
]
OTHERS = [
    "",
    " \r\n",
    "OK\n",
    '{"status":"ok"}',
    '{"html":"<html>"}',
    "accepted <b>3</b> records",
    "<response>OK</response>",
    "<?xml version='1.0'?><!DOCTYPE response><response/>",
    "<!-- logger.jsp -->\nOK",
    "< 5 ms",
    "<",
    "<pending>",
    "<3",
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("before", ["", "\r\n\t  ", " " * 5000])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-16-be-with-mark"]
)
def test_a_body_that_begins_as_html_is_a_web_page(page: str, before: str, encoding: str) -> None:
    """With or without `<html>`, in any of the encodings of the web that JSON does not have."""
    text = f"{before}{page}"
    if encoding == "utf-16-be-with-mark":
        text, encoding = f"\ufeff{text}", "utf-16-be"
    assert is_web_page(text.encode(encoding))


@pytest.mark.parametrize("text", OTHERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_any_other_body_is_not(text: str, encoding: str) -> None:
    """Plain text, JSON and the XML of an API."""
    assert not is_web_page(text.encode(encoding))


@pytest.mark.parametrize(
    "body", [b"\xff", b"\xff\xfe<", b"\0", b"\0\0\0", b"<\0\0", b"\n\0", b"\xfe\xff\xd8"]
)
def test_any_bytes_have_an_answer(body: bytes) -> None:
    """Half a character included."""
    assert is_web_page(body) is False


@pytest.mark.parametrize("prologue", [b"<!---->", b"<?a?>", b"<!doctype a>", b" "])
def test_a_page_after_a_long_prologue_is_found(prologue: bytes) -> None:
    """In 64 kB, the most that is read of an answer."""
    body = prologue * ((65_536 - 6) // len(prologue))
    assert is_web_page(body + b"<html>")
    assert not is_web_page(body + b"[html]")


@pytest.mark.parametrize("name", ["xplg", "http", "splunk_hec", "elasticsearch", "loki", "otlp"])
@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_web_page_is_no_delivery_for_any_destination(name: str, status: int) -> None:
    """Something else answered, such as a sign-in page; nothing was stored."""
    for page in PAGES:
        outcome = destination_of(name).outcome(Answer(status, page.encode()), 2)
        assert outcome == Unreachable(Failure.HTML_ANSWER, retry=False)
