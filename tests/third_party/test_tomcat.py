"""What a real servlet container stores of what the function sends it as XPLG."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from eks_log_forwarder.forward_handler import handler
from tests.conftest import LambdaContext
from tests.payloads import event_of, payload_of
from tests.third_party.tomcat import Tomcat, running_tomcat
from tools.listener import servlet
from tools.listener.http_server import Incoming
from tools.listener.protocols import XPLG_PATH
from tools.make_event import stream_name

LINES = Path(__file__).resolve().parents[2] / "events" / "lines"
OF_EACH_TYPE = {
    "audit": "audit.log",
    "authenticator": "authenticator.log",
    "api": "api.log",
    "controllerManager": "controller-manager.log",
    "scheduler": "scheduler.log",
}
NOT_ASCII = [
    'E0203 04:05:06.000007       1 sync.go:8] "Größe überschritten" name="żółć" note="日本語 🚀"',
    "a line separator \u2028, a paragraph separator \u2029, a BOM \ufeff, a tab \t and a NUL \x00",
    '{"kind":"Event","verb":"create","user":{"username":"élodie"},"objectRef":{"name":"ñandú-\\ud83d\\ude80"}}',
    "Ã© is what é becomes in ISO-8859-1",
    "\x7f\x80\x9f\xa0ÿ",
]


@pytest.fixture(scope="module")
def tomcat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tomcat]:
    """One server for all tests; it takes seconds to start."""
    with running_tomcat(tmp_path_factory.mktemp("tomcat")) as running:
        yield running


@pytest.mark.parametrize("body_format", ["ndjson", "array", "single"])
@pytest.mark.parametrize("log_type", OF_EACH_TYPE)
def test_a_servlet_container_stores_every_line_byte_for_byte(
    tomcat: Tomcat, environment: pytest.MonkeyPatch, log_type: str, body_format: str
) -> None:
    """Lines of every log type, and characters of every kind."""
    lines = [*(LINES / OF_EACH_TYPE[log_type]).read_text(encoding="utf-8").splitlines(), *NOT_ASCII]
    environment.setenv("DESTINATION", "xplg")
    environment.setenv("DESTINATION_URL", tomcat.url)
    environment.setenv("DESTINATION_OPTIONS", json.dumps({"body_format": body_format}))
    answer = handler(event_of(payload_of(*lines, logStream=stream_name(log_type, "demo"))), LambdaContext())
    assert (answer["delivered"], answer["parked"]) == (len(lines), 0)
    stored = tomcat.stored()
    if body_format == "array":
        assert len(stored) == 1
        records = json.loads(stored[0])
    else:
        assert len(stored) == (len(lines) if body_format == "single" else 1)
        records = [json.loads(line) for text in stored for line in text.splitlines()]
    assert [record["message"].encode() for record in records] == [line.encode() for line in lines]


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json; charset=utf-8", ""),
        ('application/x-ndjson;charset="UTF-8"', ""),
        ("application/json", ""),
        ("application/x-ndjson", ""),
        ("text/plain; charset=iso-8859-15", ""),
        ("application/json", "gzip"),
    ],
)
def test_the_listener_reads_a_body_as_tomcat_does(tomcat: Tomcat, content_type: str, encoding: str) -> None:
    """With and without a charset, and compressed."""
    text = '{"message":"Größe € 日本 🚀"}'.encode()
    body = gzip.compress(text, mtime=0) if encoding else text
    headers = {"Content-Type": content_type} | ({"Content-Encoding": encoding} if encoding else {})
    answer = requests.post(tomcat.url, data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.text.strip()) == (200, "OK")
    lower = {name.lower(): value for name, value in headers.items()}
    assert tomcat.stored() == [servlet.text_of(Incoming("POST", XPLG_PATH, {}, lower, body))]


@pytest.mark.parametrize("charset", ["nope", "utf-8"])
def test_tomcat_fails_at_a_body_that_is_not_in_its_charset(tomcat: Tomcat, charset: str) -> None:
    """With the listener's status: a compressed body, too, if the charset is UTF-8."""
    headers = {"Content-Type": f"application/json; charset={charset}", "Content-Encoding": "gzip"}
    answer = requests.post(tomcat.url, data=gzip.compress(b"{}"), headers=headers, timeout=10)
    assert (answer.status_code, tomcat.stored()) == (500, [])
