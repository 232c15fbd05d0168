"""The development listener, over real HTTP: in this process and as the command a user starts."""

import gzip
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tools.listener import DEVELOPMENT_TOKEN, Listener, running_listener
from tools.listener import bodies as listener_bodies

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "test-token-abc"
STREAM_HASH = "0123456789abcdef0123456789abcdef"


def record(message: str, log_type: str = "audit", **more: object) -> dict[str, object]:
    """A record as the forwarder sends it, without the parsed event."""
    return {
        "timestamp": 1_700_000_000_123,
        "logGroup": "/aws/eks/demo/cluster",
        "logStream": f"kube-apiserver-audit-{STREAM_HASH}",
        "message": message,
        "cluster": "demo",
        "logType": log_type,
        **more,
    }


RECORDS = [record("one"), record("two ü\u2028 \x1b[2J"), record("three", "scheduler")]
NDJSON = "\n".join(json.dumps(item, ensure_ascii=False) for item in RECORDS).encode()


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A listener of this test's own, on a free port."""
    with running_listener(token=TOKEN) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session that keeps its connection, like the forwarder's."""
    with requests.Session() as kept:
        yield kept


def post(
    session: requests.Session, listener: Listener, body: bytes, *, token: str = TOKEN, encoding: str = ""
) -> requests.Response:
    """One request to the plain endpoint."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Content-Encoding": encoding} if encoding else {})
    return session.post(listener.url_of("/ingest"), data=body, headers=headers, timeout=5)


@pytest.mark.parametrize(
    ("body", "body_format", "expected"),
    [
        (NDJSON, "ndjson", RECORDS),
        (NDJSON + b"\n", "ndjson", RECORDS),
        (NDJSON.replace(b"\n", b"\r\n\r\n"), "ndjson", RECORDS),
        (json.dumps(RECORDS).encode(), "array", RECORDS),
        (json.dumps(RECORDS, indent=2).encode(), "array", RECORDS),
        (json.dumps(RECORDS[0]).encode(), "single", RECORDS[:1]),
        (json.dumps(RECORDS[0], indent=2).encode(), "single", RECORDS[:1]),
    ],
)
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_takes_every_body_format_plain_and_gzip(  # noqa: PLR0913, PLR0917  # the table's columns
    listener: Listener,
    session: requests.Session,
    body: bytes,
    body_format: str,
    expected: list[dict[str, object]],
    encoding: str,
) -> None:
    """Every record arrives once, in order and unchanged."""
    sent = gzip.compress(body) if encoding else body
    answer = post(session, listener, sent, encoding=encoding)
    assert (answer.status_code, answer.text) == (200, "OK\n")
    assert listener.records == expected
    ((request, outcome),) = listener.requests
    assert (outcome.body_format, request.headers.get("content-encoding", ""), request.body) == (
        body_format,
        encoding,
        sent,
    )
    assert (outcome.status, len(outcome.records)) == (200, len(expected))


def test_reads_a_chunked_body(listener: Listener, session: requests.Session) -> None:
    """A body without a Content-Length is read to its end, and the connection stays usable."""
    for _ in range(2):
        url, headers = listener.url_of("/ingest"), {"Authorization": f"Bearer {TOKEN}"}
        pieces = iter([NDJSON[:40], NDJSON[40:]])
        assert session.post(url, data=pieces, headers=headers, timeout=5).status_code == 200
    assert listener.records == RECORDS * 2
    assert [received.connection for received, _ in listener.requests] == [1, 1]


def test_a_kept_alive_session_stays_on_one_connection(listener: Listener, session: requests.Session) -> None:
    """Through 20 requests, refusals among them; without the session each request opens its own."""
    for number in range(20):
        post(session, listener, NDJSON, token=TOKEN if number % 2 else "wrong")
    assert [received.connection for received, _ in listener.requests] == [1] * 20
    for _ in range(2):
        requests.post(listener.url, data=NDJSON, timeout=5)
    assert [received.connection for received, _ in listener.requests[20:]] == [2, 3]


def test_answers_on_a_kept_connection_without_delay(listener: Listener, session: requests.Session) -> None:
    """The fastest of 25 requests takes no 40 ms, as each would if headers and body waited for one another."""
    seconds = []
    for _ in range(50):
        began = time.monotonic()
        post(session, listener, NDJSON)
        seconds.append(time.monotonic() - began)
    assert min(seconds[25:]) < 0.03  # the kernel acknowledges the first ones at once


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + " ", TOKEN[:-1], "ü"])
def test_a_wrong_xplg_token_is_refused_and_not_repeated(
    listener: Listener, session: requests.Session, token: str
) -> None:
    """401, no record kept, and neither token in what is said."""
    answer = session.post(listener.url, params={"token": token}, data=NDJSON, timeout=5)
    assert answer.status_code == 401
    assert answer.text == "the token in the URL is missing or wrong\n"
    assert (listener.records, listener.requests[0][1].fault) == (
        [],
        "the token in the URL is missing or wrong",
    )
    assert TOKEN not in repr(listener.requests)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        ("Bearer wrong", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        (None, 401),
    ],
)
def test_the_plain_path_asks_for_a_bearer_token(
    listener: Listener, session: requests.Session, authorization: str | None, status: int
) -> None:
    """The scheme's name is in any case (RFC 9110, section 11.1); a refusal names the scheme."""
    headers = {"Authorization": authorization}
    answer = session.post(listener.url_of("/ingest"), data=NDJSON, headers=headers, timeout=5)
    assert answer.status_code == status
    assert answer.headers.get("WWW-Authenticate") == (None if status == 200 else "Bearer")
    assert len(listener.records) == (3 if status == 200 else 0)


def test_a_wrong_path_answers_200_with_a_page(listener: Listener, session: requests.Session) -> None:
    """As a product behind Tomcat does: a client that looks at the status alone loses its records."""
    answer = session.post(listener.url_of("/logeye/api/other.jsp"), data=NDJSON, timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert listener.records == []
    assert "records go to /logeye/api/logger.jsp and /ingest" in listener.requests[0][1].fault


def test_only_post_carries_records(listener: Listener, session: requests.Session) -> None:
    """Another method is answered with the one to use."""
    answer = session.get(listener.url, params={"token": TOKEN}, timeout=5)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "encoding", "status", "fault"),
    [
        (b"", "", 400, "the body is empty"),
        (b" \n ", "", 400, "the body is empty"),
        (b"not JSON", "", 400, "the body is not JSON in UTF-8"),
        (b'{"a": 1}\n{"a": 2\n', "", 400, "line 2 is not JSON in UTF-8"),
        (b'{"a": 1}\n7\n', "", 400, "line 2 is not a JSON object"),
        (b'{"a": 1}{"a": 2}', "", 400, "the body is not JSON in UTF-8"),
        (b"[]", "", 400, "the body is an empty JSON array"),
        (b'[{"a": 1}, 7]', "", 400, "array item 2 is not a JSON object"),
        (b'[{"a": 1},]', "", 400, "the body is not JSON in UTF-8"),
        (b'"text"', "", 400, "the body is not a JSON object"),
        (b'{"a": "\xff"}', "", 400, "the body is not JSON in UTF-8"),
        (NDJSON, "gzip", 400, "the body is not complete gzip"),
        (gzip.compress(NDJSON)[:-9], "gzip", 400, "the body is not complete gzip"),
        (NDJSON, "br", 415, "neither gzip nor identity"),
        (b"[" * 200_000, "", 400, "the body is not JSON in UTF-8"),
    ],
)
def test_garbage_is_refused_whole_with_the_reason(  # noqa: PLR0913, PLR0917  # the table's columns
    listener: Listener, session: requests.Session, body: bytes, encoding: str, status: int, fault: str
) -> None:
    """No record of a bad body is kept, not even a valid one, and the connection continues."""
    answer = post(session, listener, body, encoding=encoding)
    assert answer.status_code == status
    assert fault in answer.text
    assert listener.records == []
    assert post(session, listener, NDJSON).status_code == 200
    assert [received.connection for received, _ in listener.requests] == [1, 1]


def test_a_body_that_unpacks_too_far_is_refused(
    listener: Listener, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expansion stops at the bound."""
    monkeypatch.setattr(listener_bodies, "MAX_BODY_BYTES", 1_000)
    answer = post(session, listener, gzip.compress(b" " * 1_001), encoding="gzip")
    assert (answer.status_code, answer.text) == (413, "the body unpacks to more than 1000 bytes\n")


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ("Content-Length: 99999999", 413, "the body has more than 67108864 bytes"),
        ("Content-Length: five", 400, "the size of the body, or of a chunk, is not a number"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello??", 400, "the chunks of the body are invalid"),
    ],
)
def test_a_body_with_invalid_framing_ends_the_connection(
    listener: Listener, fields: str, status: int, fault: str
) -> None:
    """The request is answered and recorded; what follows on the connection cannot be understood."""
    address = ("127.0.0.1", int(listener.origin.rpartition(":")[2]))
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(f"POST /ingest HTTP/1.1\r\n{fields}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(4096), b"")).decode()
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert fault in answer
    ((_, outcome),) = listener.requests
    assert (outcome.status, fault in outcome.fault, listener.records) == (status, True, [])


def test_a_large_upload_may_ask_first(listener: Listener) -> None:
    """As curl does: `Expect: 100-continue` is answered before the body comes."""
    address = ("127.0.0.1", int(listener.origin.rpartition(":")[2]))
    head = f"POST /ingest HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: {len(NDJSON)}\r\n"
    with socket.create_connection(address, timeout=5) as client:
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(NDJSON)
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert listener.records == RECORDS


def test_the_end_of_the_block_cuts_kept_connections(session: requests.Session) -> None:
    """A client with a kept connection finds the listener gone, not a thread that still answers."""
    with running_listener(token=TOKEN) as running:
        assert post(session, running, NDJSON).status_code == 200
    with pytest.raises(requests.ConnectionError):
        post(session, running, NDJSON)
    assert len(running.records) == 3


class Command:
    """`python -m tools.listener` in a new process, with its output."""

    def __init__(self, folder: Path, *options: str | Path) -> None:
        self.output = folder / "output.txt"
        ready = folder / "port"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, "-m", "tools.listener", "--port", "0", "--ready-file", ready, *options],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, "the listener did not start within 60 s"
            time.sleep(0.02)
        self.origin = f"http://127.0.0.1:{int(ready.read_text())}"

    def post(self, records: list[dict[str, object]], token: str = DEVELOPMENT_TOKEN) -> int:
        """Sends records as NDJSON; the status."""
        body = "\n".join(map(json.dumps, records)).encode()
        url = f"{self.origin}/logeye/api/logger.jsp?token={token}"
        return requests.post(url, data=body, timeout=5).status_code

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ends it with a signal; its status and all that it printed."""
        self.process.send_signal(number)
        return self.process.wait(timeout=10), self.output.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_prints_the_gist_of_each_record_and_the_totals_at_a_signal(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Time in UTC, cluster, log type and gist; running counts; status 0, and nowhere the token."""
    audit = {
        "verb": "delete",
        "user": {"username": "kubernetes-admin", "extra": {"sessionName": ["alice"]}},
        "objectRef": {"resource": "pods", "namespace": "prod", "name": "web-0"},
        "responseStatus": {"code": 200},
    }
    denied = 'time="2026-01-14T10:00Z" level=info msg="access denied" arn="arn:aws:iam::111122223333:role/ci"'
    shown = {
        "demo audit             kubernetes-admin (alice) delete pods/prod/web-0 -> 200": record(
            json.dumps(audit)
        ),
        'demo authenticator     access denied arn:aws:iam::111122223333:role/ci no "x" here': record(
            denied + r' client="127.0.0.1:1" error="no \"x\" here"', "authenticator"
        ),
        "demo scheduler         I scheduler.go:436 Attempting to schedule pod": record(
            "I0114 10:00:00.461394  801139 scheduler.go:436] Attempting to schedule pod", "scheduler"
        ),
        "demo api               Trace[1]: [2J END": record("Trace[1]:\x1b[2J\r\nEND", "api"),
    }
    command = Command(tmp_path)
    assert command.post(list(shown.values())) == 200
    assert command.post([record("x")], token="a-wrong-one") == 401
    status, output = command.end(number)
    assert status == 0
    lines = output.splitlines()
    assert lines[:2] == [
        f"Listening on {command.origin}/logeye/api/logger.jsp",
        f"Listening on {command.origin}/ingest",
    ]
    start = next(n for n, line in enumerate(lines) if line.endswith("Ctrl-C ends.")) + 1
    assert lines[start : start + 4] == [f"22:13:20.123 {text}" for text in shown]
    assert lines[start + 4].endswith("api 1, audit 1, authenticator 1, scheduler 1; 4 in all")
    assert "answered 401: the token in the URL is missing or wrong" in lines[start + 5]
    assert lines[start + 6].startswith("Received 4 records in 2 requests on 2 connections, 1 refused.")
    assert DEVELOPMENT_TOKEN not in output
    assert "a-wrong-one" not in output


def test_saves_every_record_before_it_answers(tmp_path: Path) -> None:
    """One line of JSON each, appended to what the file held; --quiet prints no record."""
    saved = tmp_path / "saved.ndjson"
    saved.write_text('{"earlier": true}\n')
    command = Command(tmp_path, "--save", saved, "--quiet")
    assert command.post(RECORDS) == 200
    stored = [json.loads(line) for line in saved.read_text(encoding="utf-8").split("\n")[:-1]]
    assert stored == [{"earlier": True}, *RECORDS]
    status, output = command.end()
    assert (status, "one" in output, "audit 2, scheduler 1" in output) == (0, False, True)


def test_what_cannot_be_stored_is_not_acknowledged(tmp_path: Path) -> None:
    """A full disk under --save is a 500 to the client and a line to the user."""
    command = Command(tmp_path, "--save", "/dev/full")
    assert command.post(RECORDS) == 500
    status, output = command.end()
    assert "the records could not be stored: No space left on device" in output
    assert (status, "Received 0 records" in output, "Traceback" in output) == (0, True, False)


def test_a_token_comes_from_the_environment_or_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option goes before LISTENER_TOKEN; the output says which it was."""
    monkeypatch.setenv("LISTENER_TOKEN", "from-the-environment")
    command = Command(tmp_path)
    assert (command.post(RECORDS), command.post(RECORDS, "from-the-environment")) == (401, 200)
    assert "The token is from LISTENER_TOKEN." in command.end()[1]
    (tmp_path / "port").unlink()
    command = Command(tmp_path, "--token", "from-the-option")
    assert (command.post(RECORDS, "from-the-environment"), command.post(RECORDS, "from-the-option")) == (
        401,
        200,
    )
    assert "The token is from --token." in command.end()[1]


def test_limits_of_collectors_are_options(tmp_path: Path) -> None:
    """Loki's age and tenant: an old entry is refused, and a request without a tenant."""
    command = Command(tmp_path, "--no-token", "--max-age-hours", "168", "--multi-tenant")
    entries = [[f"{1_700_000_000 + seconds}000000000", "x"] for seconds in range(2)]
    push = {"streams": [{"stream": {"cluster": "demo"}, "values": entries}]}
    url = f"{command.origin}/loki/api/v1/push"
    statuses = [
        requests.post(url, json=push, headers=headers, timeout=5).status_code
        for headers in ({}, {"X-Scope-OrgID": "team"})
    ]
    assert statuses == [401, 400]
    assert "answered 400: 2 of 2 entries are refused" in command.end()[1]


def test_an_address_that_cannot_be_listened_on_is_a_clear_error(tmp_path: Path) -> None:
    """Status 2 and what to do, no traceback: a port in use, a foreign host, a missing folder."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        cases: list[tuple[list[str], str]] = [
            (["--port", port], f"cannot listen on 127.0.0.1 port {port}: Address already in use"),
            (["--port", "0", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1 port 0"),
            (["--port", "0", "--save", str(tmp_path / "no" / "file")], "no/file cannot be written"),
            (["--port", "70000"], "argument --port: a port is a number from 0 to 65535"),
            (["--port", "0", "--token", ""], "the token is empty"),
        ]
        for options, fault in cases:
            done = subprocess.run(  # noqa: S603  # our own module
                [sys.executable, "-m", "tools.listener", *options],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=10,
            )
            assert (done.returncode, fault in done.stderr) == (2, True), done.stderr
            assert "Traceback" not in done.stderr
