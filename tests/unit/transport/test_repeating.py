"""The second request on a connection, which the connection repeats by itself, against real servers."""

import re

import pytest
import trustme

from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from eks_log_forwarder.transport.proxy import Proxy
from eks_log_forwarder.transport.repeating import RepeatingConnection
from eks_log_forwarder.transport.tls import TlsIdentity
from tests.misbehaving_server import Connection, answering, running_server
from tests.unit.transport.test_tls import context_of, pem_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n"
DONE = Answer(200, b"OK\n")
HEADERS = {"Content-Type": "text/plain", "Authorization": "Bearer t0ken-77f0"}


class Script:
    """Answers the requests of each connection with these bytes, one after the other, and closes it."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.requests: list[bytes] = []

    def __call__(self, connection: Connection) -> None:
        """Serves one connection."""
        for answer in self.answers:
            request = connection.read_request()
            if not request:
                return
            self.requests.append(request)
            for piece in re.split(b"<pause>", answer):
                connection.send(piece)
                connection.stopped.wait(0.05 if b"<pause>" in answer else 0)


class Repeats:
    """How often a connection repeated a request by itself, and how often urllib3 had to read the answer."""

    def __init__(self) -> None:
        self.ordinary = self.others = 0


@pytest.fixture
def repeats(monkeypatch: pytest.MonkeyPatch) -> Repeats:
    """Counts what connections repeat."""
    counts = Repeats()
    repeat = RepeatingConnection.repeat

    def counting(
        self: RepeatingConnection, body: bytes, timeout: tuple[float, float]
    ) -> tuple[int, bytes] | None:
        answer = repeat(self, body, timeout)
        counts.ordinary += answer is not None
        counts.others += answer is None
        return answer

    monkeypatch.setattr(RepeatingConnection, "repeat", counting)
    return counts


def transport_of(read: float = 30.0) -> Transport:
    """A transport with this time-out for reading."""
    return Transport(connect_timeout_seconds=30, read_timeout_seconds=read)


def post(  # noqa: PLR0913  # what an attempt can vary
    transport: Transport,
    url: str,
    body: bytes,
    *,
    tls: TlsIdentity | None = None,
    proxy: Proxy | None = None,
    within_seconds: float = 30.0,
) -> Answer | Failure:
    """The result of one attempt."""
    request = Request(url, HEADERS, body, tls=tls, proxy=proxy)
    return transport.post(request, within_seconds=within_seconds)


def test_a_repeated_request_differs_in_its_body_and_the_length_of_that(repeats: Repeats) -> None:
    """Its head is that which urllib3 has written, byte for byte."""
    script = Script(OK, OK, OK)
    with running_server(script) as server:
        transport = transport_of()
        assert [post(transport, server.url(), body) for body in (b"first", b"", b"x" * 70_000)] == [DONE] * 3
        assert len(server.accepted) == 1
    (first, empty, large), ends = (
        script.requests,
        [b"5\r\n\r\nfirst", b"0\r\n\r\n", b"70000\r\n\r\n" + b"x" * 70_000],
    )
    head = first.removesuffix(ends[0])
    assert head.startswith(b"POST /in HTTP/1.1\r\n")
    assert head.endswith(b"\r\nContent-Length: ")
    assert [empty, large] == [head + ends[1], head + ends[2]]
    assert (repeats.ordinary, repeats.others) == (2, 0)


ORDINARY = {
    "length": (OK, DONE),
    "no body": (b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", Answer(202, b"")),
    "no content": (b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", Answer(204, b"")),
    "unusual status": (
        b"HTTP/1.1 260 \r\nDate: now\r\ncontent-length:2\r\nServer: x\r\n\r\n{}",
        Answer(260, b"{}"),
    ),
    "cookie": (b"HTTP/1.1 200 -\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 1\r\n\r\n1", Answer(200, b"1")),
}

OTHERS = {
    "refusal": (b"HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno", Answer(400, b"no")),
    "redirect": (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", Answer(302, b"")),
    "throttled": (
        b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater",
        Answer(429, b"later", 7.0),
    ),
    "asks for a pause": (
        b"HTTP/1.1 200 OK\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", 9.0),
    ),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, DONE),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nOK\n\r\n0\r\n\r\n", DONE),
    "chunked, with a length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nOK\n\r\n0\r\n\r\n",
        DONE,
    ),
    "until closed": (b"HTTP/1.1 200 OK\r\n\r\nOK\n", DONE),
    "closing": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nOK\n", DONE),
    "old": (b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nOK\n", DONE),
    "head in two pieces": (b"HTTP/1.1 200 OK\r\nContent-<pause>Length: 3\r\n\r\nOK\n", DONE),
    "body in two pieces": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nO<pause>K\n", DONE),
    "length twice": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nOK\n", DONE),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\nOK\n",
        Failure.ANSWER_UNREADABLE,
    ),
    "reset content": (b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", Answer(205, b"")),
    "long": (b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + b"x" * 30_000, Answer(200, b"x" * 30_000)),
    "too long": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000,
        Answer(200, b"x" * 65_536),
    ),
    "cut": (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nOK\n", Failure.ANSWER_CUT),
    "nothing": (b"", Failure.CONNECTION_RESET),
    "another protocol": (b"SSH-2.0-x\r\n", Failure.ANSWER_UNREADABLE),
    "too many fields": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"X: y\r\n" * 150 + b"\r\n",
        Failure.ANSWER_UNREADABLE,
    ),
}


@pytest.mark.parametrize(("answer", "result"), ORDINARY.values(), ids=ORDINARY)
def test_an_ordinary_answer_is_read_at_once(answer: bytes, result: Answer, repeats: Repeats) -> None:
    """It is the same as that to a first request, and the connection goes on."""
    script = Script(answer, answer, OK)
    with running_server(script) as server:
        transport = transport_of()
        assert [post(transport, server.url(), b"%d" % n) for n in range(3)] == [result, result, DONE]
        assert len(server.accepted) == 1
    assert (repeats.ordinary, repeats.others) == (2, 0)


@pytest.mark.parametrize(("answer", "result"), OTHERS.values(), ids=OTHERS)
def test_urllib3_reads_every_other_answer(answer: bytes, result: Answer | Failure, repeats: Repeats) -> None:
    """The result is that of a first request, and the request is sent once."""
    with running_server(Script(answer)) as server:
        assert post(transport_of(), server.url(), b"alone") == result
    script = Script(OK, answer)
    with running_server(script) as server:
        transport = transport_of()
        assert [post(transport, server.url(), body) for body in (b"1", b"22")] == [DONE, result]
        assert len(server.accepted) == 1
    assert [request.rpartition(b"\r\n\r\n")[2] for request in script.requests] == [b"1", b"22"]
    assert (repeats.ordinary, repeats.others) == (0, 1)


def test_bytes_behind_an_answer_are_not_taken_for_the_next_one(repeats: Repeats) -> None:
    """urllib3 drops them, as after a first request."""
    script = Script(OK, OK + b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", OK)
    with running_server(script) as server:
        transport = transport_of()
        assert [post(transport, server.url(), b"%d" % n) for n in range(3)] == [DONE] * 3
    assert len(script.requests) == 3
    assert (repeats.ordinary, repeats.others) == (1, 1)


def test_a_connection_on_which_a_repeated_request_failed_is_not_used_again(repeats: Repeats) -> None:
    """Its answer may come late."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.read_request()
        connection.stopped.wait()

    with running_server(behave) as server:
        transport = transport_of(read=0.1)
        results = [post(transport, server.url(), b"%d" % n) for n in range(4)]
        assert results == [DONE, Failure.ANSWER_TIMEOUT] * 2
        assert len(server.accepted) == 2
    assert (repeats.ordinary, repeats.others) == (0, 0)


def test_the_answer_to_a_repeated_request_is_not_waited_for_without_end() -> None:
    """One byte at a time keeps each read within its time-out, but not the attempt."""

    def behave(connection: Connection) -> None:
        connection.read_request()
        connection.send(OK)
        connection.read_request()
        connection.drip(b"HTTP/1.1 200 OK\r\nX-Wait: " + b"x" * 10_000, every_seconds=0.02)

    with running_server(behave) as server:
        transport = transport_of()
        assert post(transport, server.url(), b"1") == DONE
        assert post(transport, server.url(), b"2", within_seconds=0.2) == Failure.ANSWER_TIMEOUT
    with running_server(answering(OK)) as fixed:
        assert post(transport, fixed.url(), b"3") == DONE


def test_over_tls_it_is_the_same(repeats: Repeats) -> None:
    """Of three answers, urllib3 reads the first and the one in chunks."""
    authority = trustme.CA()
    tls = TlsIdentity(ca_certificate=pem_of(authority))
    script = Script(OK, OK, *(OTHERS[name][0] for name in ("chunked", "nothing")))
    with running_server(script, context_of(authority.issue_cert("127.0.0.1"))) as server:
        transport = transport_of()
        results = [post(transport, server.url("https"), b"%d" % n, tls=tls) for n in range(4)]
        assert results == [DONE, DONE, DONE, Failure.CONNECTION_RESET]
        assert len(server.accepted) == 1
    assert [request[-1:] for request in script.requests] == [b"0", b"1", b"2", b"3"]
    assert (repeats.ordinary, repeats.others) == (1, 2)


def test_requests_to_two_collectors_in_turn_reach_each_its_own(repeats: Repeats) -> None:
    """A request is repeated on the connection that carried it, and on no other."""
    authority = trustme.CA()
    tls = TlsIdentity(ca_certificate=pem_of(authority))
    plain, secure = Script(OK, OK, OK), Script(OK, OK, OK)
    with (
        running_server(plain) as first,
        running_server(secure, context_of(authority.issue_cert("127.0.0.1"))) as second,
    ):
        transport = transport_of()
        for _ in range(3):
            for url, body in ((first.url(), b"plain"), (second.url("https"), b"secure")):
                assert post(transport, url, body, tls=tls) == DONE
    assert [request.rpartition(b"\n")[2] for request in plain.requests] == [b"plain"] * 3
    assert [request.rpartition(b"\n")[2] for request in secure.requests] == [b"secure"] * 3
    assert repeats.others == 0


def test_only_the_body_that_was_repeated_counts_as_sent() -> None:
    """Any other body is sent, on a new connection: the answer that has begun is not its answer."""
    script = Script(OK, OTHERS["refusal"][0])

    def headers(body: bytes) -> dict[str, str]:
        return {"User-Agent": "x", "Content-Length": str(len(body))}

    with running_server(script) as server:
        connection = RepeatingConnection("127.0.0.1", server.port)
        connection.request("POST", "/in", b"1", headers(b"1"))
        assert connection.getresponse().data == b"OK\n"
        assert connection.repeat(b"22", (30, 30)) is None
        connection.request("POST", "/in", b"333", headers(b"333"))
        assert connection.getresponse().data == b"OK\n"
        connection.close()
        assert len(server.accepted) == 2
    assert [request.rpartition(b"\r\n\r\n")[2] for request in script.requests] == [b"1", b"22", b"333"]


@pytest.mark.parametrize(("login", "ordinary"), [((), 1), ((("Proxy-Authorization", "Basic eDp5"),), 0)])
def test_a_proxy_gets_the_whole_url_and_its_own_header_each_time(
    login: tuple[tuple[str, str], ...], ordinary: int, repeats: Repeats
) -> None:
    """As urllib3 sends them to it (RFC 9112, section 3.2.2); behind the length, so it sends them itself."""
    script = Script(OK, OK)
    with running_server(script) as server:
        proxy = Proxy(server.url(path=""), login)
        transport = transport_of()
        for body in (b"1", b"2"):
            assert post(transport, "http://collector.example.internal/in", body, proxy=proxy) == DONE
    first, second = (request[:-1] for request in script.requests)
    assert first.startswith(b"POST http://collector.example.internal/in HTTP/1.1\r\n")
    assert first.count(b"\r\nProxy-Authorization: Basic eDp5\r\n") == len(login)
    assert second == first
    assert (repeats.ordinary, repeats.others) == (ordinary, 0)
