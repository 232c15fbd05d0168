"""The HTTP session against real servers on this machine: every way in which an attempt can end."""

import gc
import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from copy import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic
from typing import cast

import pytest
import trustme

from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import MAX_ANSWER_BYTES, Answer, Request
from eks_log_forwarder.transport.failures import Failure
from tests.misbehaving_server import (
    Behaviour,
    Connection,
    answering,
    answering_once,
    full_server,
    refusing_port,
    running_server,
)
from tools.listener import running_listener

TOKEN = "s3cr3t-token-91c2"
NOW = 1_768_384_800.0  # 2026-01-14T10:00:00Z
BODY = b'{"n":1}\n' * 100
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n"

type MakeTransport = Callable[..., Transport]


@pytest.fixture
def make_transport() -> Iterator[MakeTransport]:
    """Transports; at the end, waits for the attempts that they left behind."""

    def make(connect: float = 60.0, read: float = 60.0, clock: Callable[[], float] = monotonic) -> Transport:
        return Transport(
            connect_timeout_seconds=connect,
            read_timeout_seconds=read,
            clock=clock,
            wall_clock=lambda: NOW,
        )

    before = attempt_threads()
    yield make
    for thread in attempt_threads() - before:
        thread.join(0.1)
        if thread.is_alive():  # an exception's frames hold the transport in a cycle, and it holds the thread
            gc.collect()
        thread.join(60)
        assert not thread.is_alive()


def attempt_threads() -> set[threading.Thread]:
    """The threads that carry out attempts; a handler of another test may keep its own."""
    return {thread for thread in threading.enumerate() if thread.name == "http-attempt"}


def request_to(url: str, body: bytes = BODY) -> Request:
    """A request with the token in both of its places."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    return Request(f"{url}?token={TOKEN}", headers, body)


def post(
    transport: Transport, url: str, within_seconds: float = 60.0, body: bytes = BODY
) -> Answer | Failure:
    """The result of one attempt, which does not show the token."""
    result = transport.post(request_to(url, body), within_seconds=within_seconds)
    assert TOKEN not in repr(result)
    return result


def test_an_answer_has_status_and_body(make_transport: MakeTransport) -> None:
    """And the request arrives as it was made, with nothing of the environment in it."""
    requests: list[bytes] = []

    def behave(connection: Connection) -> None:
        requests.append(connection.read_request())
        connection.send(b"HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater")

    with running_server(behave) as server:
        assert post(make_transport(), server.url()) == Answer(429, b"later", 7.0)
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == f"POST /in?token={TOKEN} HTTP/1.1".encode()
    assert set(head.split(b"\r\n")[1:]) == {
        f"Host: 127.0.0.1:{server.port}".encode(),
        b"User-Agent: eks-log-forwarder",
        b"Accept-Encoding: identity",
        b"Accept: */*",
        b"Connection: keep-alive",
        b"Content-Type: application/json",
        f"Authorization: Bearer {TOKEN}".encode(),
        f"Content-Length: {len(BODY)}".encode(),
    }
    assert body == BODY


def test_each_request_of_a_session_has_its_own_url_headers_and_body(make_transport: MakeTransport) -> None:
    """Although the session keeps what it has checked: nothing of one request is left in the next."""
    requests: list[bytes] = []

    def behave(connection: Connection) -> None:
        while request := connection.read_request():
            requests.append(request)
            connection.send(OK)

    transport = make_transport()
    with running_server(behave) as server:
        for path, header, body in [
            ("one", "X-First: 1", b"a"),
            ("one", "X-First: 1", b"bcd"),
            ("one", "X-Second: 2", b"ef"),
            ("two", "X-Second: 2", b""),
            ("one", "X-First: 1", b"g"),
        ]:
            name, _, value = header.partition(": ")
            sent = Request(f"http://127.0.0.1:{server.port}/{path}", {name: value}, body)
            assert transport.post(sent, within_seconds=60) == Answer(200, b"OK\n")
            head, _, received = requests[-1].partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            assert (lines[0], received) == (f"POST /{path} HTTP/1.1", body)
            assert [line for line in lines if line.startswith("X-")] == [header]
            assert f"Content-Length: {len(body)}" in lines
        assert len(server.accepted) == 1


def test_headers_are_checked_whenever_they_change(make_transport: MakeTransport) -> None:
    """A token that no header can hold, after one that was fine; the good one works again."""
    transport = make_transport()
    good, bad = {"Authorization": TOKEN}, {"Authorization": f"{TOKEN}\r\nX: y"}
    with running_listener(token=TOKEN) as listener:
        results = [
            transport.post(Request(listener.url, headers, BODY), within_seconds=60)
            for headers in (good, bad, good)
        ]
    assert [isinstance(result, Answer) for result in results] == [True, False, True]
    assert results[1] == Failure.REQUEST_INVALID


def test_nothing_of_the_environment_changes_a_request(
    make_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No proxy is asked, whatever the variables say."""
    with refusing_port() as proxy, running_server(answering_once(OK)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        assert post(make_transport(), server.url()) == Answer(200, b"OK\n")


def test_many_posts_share_one_connection(make_transport: MakeTransport) -> None:
    """Refused ones among them."""
    transport = make_transport()
    with running_listener(token=TOKEN) as listener:
        for number in range(20):
            answer = post(transport, listener.url, body=BODY if number % 2 else b"no json")
            assert isinstance(answer, Answer)
            assert answer.status == (200 if number % 2 else 400)
        assert len(listener.records) == 1000
        assert {request.connection for request, _ in listener.requests} == {1}


@pytest.mark.parametrize(
    ("idle_seconds", "connections"), [(0.0, [1, 1]), (60.0, [1, 1]), (60.1, [1, 2]), (3600.0, [1, 2])]
)
def test_a_connection_that_was_idle_for_over_a_minute_is_renewed(
    make_transport: MakeTransport, idle_seconds: float, connections: list[int]
) -> None:
    """Somebody on the way may have forgotten it."""
    now = 1000.0
    transport = make_transport(clock=lambda: now)
    with running_listener(token=TOKEN) as listener:
        for _ in range(2):
            post(transport, listener.url)
            now += idle_seconds
        assert [request.connection for request, _ in listener.requests] == connections


def test_a_connection_that_the_collector_closed_is_renewed(make_transport: MakeTransport) -> None:
    """It is seen before the next request goes out on it."""
    transport = make_transport()
    with running_server(answering_once(OK)) as server:
        for _ in range(3):
            assert post(transport, server.url()) == Answer(200, b"OK\n")
            server.wait_until_closed()
        assert len(server.accepted) == 3


def test_a_redirect_is_an_answer(make_transport: MakeTransport) -> None:
    """To follow it would turn the POST into a GET, or send the token elsewhere."""
    with running_server(answering(OK)) as elsewhere:
        answer = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url()}\r\nContent-Length: 0\r\n\r\n".encode()
        with running_server(answering(answer)) as server:
            assert post(make_transport(), server.url()) == Answer(302, b"")
        assert elsewhere.accepted == []


def test_cookies_are_not_kept(make_transport: MakeTransport) -> None:
    """A servlet container opens a session for every client that sends no cookie; they would add up."""
    requests: list[bytes] = []

    def behave(connection: Connection) -> None:
        while request := connection.read_request():
            requests.append(request)
            cookie = b"Set-Cookie: JSESSIONID%d=41; Path=/" % len(requests)
            connection.send(b"HTTP/1.1 200 OK\r\n" + cookie + b"\r\nContent-Length: 0\r\n\r\n")

    transport = make_transport()
    with running_server(behave) as server:
        assert [post(transport, server.url()) for _ in range(3)] == [Answer(200, b"")] * 3
    assert [b"Cookie" in request for request in requests] == [False] * 3


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: 3\r\n\r\nOK\n", b"OK\n"),
        (b"Content-Length: 0\r\n\r\n", b""),
        (b"Transfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n1\r\n\n\r\n0\r\n\r\n", b"OK\n"),
        (b"Connection: close\r\n\r\nOK\n", b"OK\n"),
        (b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nOK\n", b"OK\n"),
    ],
    ids=["length", "empty", "chunked", "until closed", "as it is"],
)
def test_a_body_is_read_however_it_is_framed(
    make_transport: MakeTransport, framing: bytes, body: bytes
) -> None:
    """RFC 9112, section 6; nothing is expanded."""
    with running_server(answering_once(b"HTTP/1.1 200 OK\r\n" + framing)) as server:
        assert post(make_transport(), server.url()) == Answer(200, body)


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 2000000\r\n\r\n",
        b"Connection: close\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1e8480\r\n",
    ],
    ids=["length", "until closed", "chunked"],
)
def test_of_a_large_answer_the_first_64_kib_are_read(make_transport: MakeTransport, framing: bytes) -> None:
    """The rest stays unread, so the next request uses a new connection."""
    transport = make_transport()
    with running_server(answering_once(b"HTTP/1.1 200 OK\r\n" + framing + b"x" * 2_000_000)) as server:
        for _ in range(2):
            assert post(transport, server.url()) == Answer(200, b"x" * MAX_ANSWER_BYTES)
        assert MAX_ANSWER_BYTES == 65_536
        assert len(server.accepted) == 2


def stall(connection: Connection) -> None:
    """Reads the request and says nothing."""
    connection.read_request()
    connection.stopped.wait()


def stall_unread(connection: Connection) -> None:
    """Reads nothing."""
    connection.stopped.wait()


def drip_header(connection: Connection) -> None:
    """A header that never ends."""
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nX-Wait: ")
    connection.drip(b"x", every_seconds=0.02)


def drip_body(connection: Connection) -> None:
    """A body that takes for ever."""
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    connection.drip(b"x", every_seconds=0.02)


def drip_chunks(connection: Connection) -> None:
    """A body of chunks of one byte, without end."""
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.drip(b"1\r\nx\r\n", every_seconds=0.02)


def reset_unread(connection: Connection) -> None:
    """RST before the request was read, all but its first byte."""
    connection.socket.recv(1)
    connection.reset()


def reset_read(connection: Connection) -> None:
    """RST in the place of an answer."""
    connection.read_request()
    connection.reset()


def hang_up(connection: Connection) -> None:
    """FIN in the place of an answer."""
    connection.read_request()


def reset_in_body(connection: Connection) -> None:
    """RST within the answer's body, of which the client may or may not have read a part."""
    connection.read_request()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK")
    connection.reset()


@pytest.mark.parametrize(
    "behave",
    [stall, drip_header, drip_body, drip_chunks],
    ids=["stalled", "dripped header", "dripped body", "dripped chunks"],
)
def test_an_answer_that_does_not_end_is_not_waited_for(
    make_transport: MakeTransport, behave: Behaviour
) -> None:
    """The attempt ends when its time is up, and the next one has a new connection."""
    transport = make_transport()
    with running_server(behave) as server:
        assert post(transport, server.url(), within_seconds=0.2) == Failure.ANSWER_TIMEOUT
    with running_server(answering(OK)) as fixed:
        assert post(transport, fixed.url()) == Answer(200, b"OK\n")


def test_a_request_that_nobody_reads_is_not_waited_for(make_transport: MakeTransport) -> None:
    """32 MiB fill every buffer on the way."""
    with running_server(stall_unread) as server:
        body = bytes(32 * 1024 * 1024)
        assert post(make_transport(), server.url(), within_seconds=0.3, body=body) == Failure.ANSWER_TIMEOUT


@pytest.mark.parametrize("within_seconds", [0.0, -1.0])
def test_without_time_there_is_no_attempt(make_transport: MakeTransport, within_seconds: float) -> None:
    """After the deadline, no request is sent."""
    with running_server(answering(OK)) as server:
        result = make_transport().post(request_to(server.url()), within_seconds=within_seconds)
        assert result == Failure.NO_TIME_LEFT
        assert server.accepted == []


def test_a_silent_collector_is_given_up_after_the_read_timeout(make_transport: MakeTransport) -> None:
    """The attempt ends by itself: its thread was not left behind and carries out the next attempt."""
    transport = make_transport(read=0.1)
    before, seen = attempt_threads(), list[set[threading.Thread]]()
    with running_server(stall) as server:
        for _ in range(2):
            assert post(transport, server.url()) == Failure.ANSWER_TIMEOUT
            seen.append(attempt_threads() - before)
    assert seen[0] == seen[1] != set()


def test_a_connection_that_does_not_come_about_is_given_up_after_the_connect_timeout(
    make_transport: MakeTransport,
) -> None:
    """As it is where a security group drops the packets."""
    with full_server() as server:
        assert post(make_transport(connect=0.1), server.url()) == Failure.CONNECTION_TIMEOUT


@pytest.mark.parametrize(("own", "of_the_request"), [(5.0, 0.2), (0.2, 5.0)])
def test_the_shorter_connect_timeout_holds(
    make_transport: MakeTransport, own: float, of_the_request: float
) -> None:
    """A request can shorten the transport's own, and not lengthen it."""
    with full_server() as server:
        request = replace(request_to(server.url()), connect_timeout_seconds=of_the_request)
        result = make_transport(connect=own).post(request, within_seconds=4.0)
        assert result == Failure.CONNECTION_TIMEOUT  # not the time-out of the whole attempt


def test_where_nothing_listens_the_connection_is_refused(make_transport: MakeTransport) -> None:
    """By the kernel of the other side."""
    with refusing_port() as port:
        assert post(make_transport(), f"http://127.0.0.1:{port}/in") == Failure.CONNECTION_REFUSED


@pytest.mark.parametrize("behave", [reset_unread, reset_read, hang_up])
def test_a_connection_that_ends_without_an_answer_is_reset(
    make_transport: MakeTransport, behave: Behaviour
) -> None:
    """Whether the collector has read the request or not."""
    with running_server(behave) as server:
        body = bytes(4 * 1024 * 1024)  # more than the buffers hold, so it is still being sent
        assert post(make_transport(), server.url(), body=body) == Failure.CONNECTION_RESET
        assert post(make_transport(), server.url()) == Failure.CONNECTION_RESET


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nOK",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nOK",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nOK\r\n0\r\n\r\n",
    ],
    ids=["length", "within a chunk", "without the last chunk", "no chunk"],
)
def test_a_body_that_is_shorter_than_announced_is_no_answer(
    make_transport: MakeTransport, answer: bytes
) -> None:
    """Whatever its status says: a proxy may have cut off what a collector meant to say."""
    with running_server(answering_once(answer)) as server:
        assert post(make_transport(), server.url()) == Failure.ANSWER_CUT


def test_a_body_that_ends_in_a_reset_is_no_answer(make_transport: MakeTransport) -> None:
    """As above, with RST."""
    with running_server(reset_in_body) as server:
        assert post(make_transport(), server.url()) in {Failure.ANSWER_CUT, Failure.CONNECTION_RESET}


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"\0" * 100,
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 099 Early\r\n\r\n",
        b"HTTP/1.1 600 Late\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 Later\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nOK\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_is_not_http_is_unreadable(make_transport: MakeTransport, answer: bytes) -> None:
    """Another service listens on the collector's port, or something in front of it is broken."""
    with running_server(answering_once(answer)) as server:
        assert post(make_transport(), server.url()) == Failure.ANSWER_UNREADABLE


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"]
)
def test_interim_answers_without_end_stop_at_the_deadline(
    make_transport: MakeTransport, interim: bytes
) -> None:
    """The library skips them for ever; the abandoned thread ends because its connection is shut down."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        while True:
            connection.send(interim * 1000)

    with running_server(behave) as server:
        assert post(make_transport(), server.url(), within_seconds=0.5) == Failure.ANSWER_TIMEOUT


@pytest.mark.parametrize("location", ["http://[", "http://x:y:z/", "\\", "//", "%", "http://a b/", "\x80"])
def test_a_malformed_location_changes_nothing(make_transport: MakeTransport, location: str) -> None:
    """A redirect is not followed, so its target is not looked at."""
    answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 2\r\n\r\nno".encode("latin-1")
    with running_server(answering(answer)) as server:
        assert post(make_transport(), server.url()) == Answer(302, b"no")


def test_a_redirect_s_body_is_read_up_to_the_bound_and_stays_compressed(
    make_transport: MakeTransport,
) -> None:
    """200 MB of zeros are 200 kB of gzip: neither the 200 MB nor all of the 200 kB are read."""
    body = gzip.compress(bytes(200_000_000), compresslevel=1)
    head = (
        f"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with running_server(answering_once(head.encode() + body)) as server:
        assert post(make_transport(), server.url()) == Answer(301, body[:MAX_ANSWER_BYTES])


def test_a_header_without_end_is_no_answer(make_transport: MakeTransport) -> None:
    """The library bounds a header's line by itself."""
    with running_server(answering_once(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000_000)) as server:
        assert isinstance(post(make_transport(), server.url()), Failure)


def server_context() -> ssl.SSLContext:
    """A certificate for 127.0.0.1 of an authority that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_a_certificate_that_is_not_trusted_is_a_tls_failure(make_transport: MakeTransport) -> None:
    """The request is not sent."""
    requests: list[bytes] = []
    with running_server(
        lambda connection: requests.append(connection.read_request()), server_context()
    ) as server:
        assert post(make_transport(), server.url("https")) == Failure.TLS
    assert requests == []


def test_a_collector_without_tls_is_a_tls_failure_of_an_https_url(make_transport: MakeTransport) -> None:
    """It answers the handshake with text."""

    def behave(connection: Connection) -> None:
        connection.socket.recv(10)
        connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with running_server(behave) as server:
        assert post(make_transport(), server.url("https")) == Failure.TLS


def test_a_name_that_does_not_resolve_is_told(make_transport: MakeTransport) -> None:
    """`.invalid` never does (RFC 6761, section 6.4)."""
    assert post(make_transport(), "http://collector.invalid/in") == Failure.NAME_NOT_RESOLVED


def test_a_name_server_that_does_not_answer_is_not_waited_for(
    make_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name resolution has no time-out."""
    answered = threading.Event()

    def getaddrinfo(*_: object, **__: object) -> object:
        answered.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert post(make_transport(), "http://collector.invalid/in", within_seconds=0.2) == Failure.ANSWER_TIMEOUT
    answered.set()


@pytest.mark.parametrize(
    "url", ["http://", "http://a..b/in", f"http://{'a' * 64}.example/in", "ftp://127.0.0.1/in", "http://*/in"]
)
def test_a_url_that_cannot_be_used_is_told(make_transport: MakeTransport, url: str) -> None:
    """The settings let some of them through."""
    assert post(make_transport(), url) in {Failure.REQUEST_INVALID, Failure.NAME_NOT_RESOLVED}


@pytest.mark.parametrize("token", [f"{TOKEN}\r\nX: y", f" {TOKEN}", f"{TOKEN}€"])
def test_a_token_that_no_header_can_hold_is_told(make_transport: MakeTransport, token: str) -> None:
    """And not shown."""
    with running_server(answering(OK)) as server:
        request = Request(server.url(), {"Authorization": token}, BODY)
        assert make_transport().post(request, within_seconds=60) == Failure.REQUEST_INVALID


def test_whatever_the_library_raises_is_a_failure_without_its_text(make_transport: MakeTransport) -> None:
    """The text can hold the URL and so the token."""
    request = Request(f"http://127.0.0.1/?token={TOKEN}", {}, body=cast("bytes", object()))
    assert make_transport().post(request, within_seconds=60) == Failure.ANSWER_UNREADABLE


LATER = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 5 ", 5.0),
        (format_datetime(LATER, usegmt=True), 90.0),
        ("Wed, 14 Jan 2026 11:01:30 +0100", 90.0),
        ("Wed, 14 Jan 2026 10:01:30 -0000", 90.0),
        ("Wednesday, 14-Jan-26 10:01:30 GMT", 90.0),
        ("Wed Jan 14 10:01:30 2026", 90.0),
        ("Wed, 14 Jan 2026 09:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("5, 7", None),
        ("2026-01-14T10:01:30Z", None),
        ("Wed, 99 Jan 2026 10:01:30 GMT", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 251_634_002_339.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Wed, 14 Jan 2026 10:01:30 +99999999999999", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date(
    make_transport: MakeTransport, header: str, seconds: float | None
) -> None:
    """RFC 9110, section 10.2.3; what it does not know says nothing, and harms nothing."""
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    with running_server(answering(answer)) as server:
        result = post(make_transport(), server.url())
    assert isinstance(result, Answer)
    assert result.status == 503
    assert result.retry_after_seconds == seconds
