"""A collector behind an HTTP proxy, over real sockets: what arrives where, and what fails at the proxy."""

import gc
import ssl
from base64 import b64encode
from collections.abc import Iterator

import pytest
import trustme

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.delivery.circuit_breaker import is_out_of_reach
from eks_log_forwarder.destinations.outcomes import Rejected, outcome_of_failure
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from eks_log_forwarder.transport.proxy import Proxy
from eks_log_forwarder.transport.tls import TlsIdentity
from tests.misbehaving_server import (
    Behaviour,
    Connection,
    answering,
    full_server,
    refusing_port,
    running_server,
)
from tests.strict_proxy import StrictProxy, running_proxy
from tests.unit.transport.test_client import attempt_threads
from tests.unit.transport.test_tls import client_of, context_of, pem_of

HOST = "collector.example.internal"
PASSWORD = "s3cr3t-\u00fc"
LOGIN = Credentials(proxy_username="eks", proxy_password=PASSWORD)
BASIC = f"Basic {b64encode(f'eks:{PASSWORD}'.encode()).decode()}"
TOKEN = "t0ken-4a1e"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n"
BODY = b'{"n":1}\n' * 1000


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A private CA."""
    return trustme.CA()


@pytest.fixture(autouse=True)
def _no_attempt_is_left_behind() -> Iterator[None]:
    before = attempt_threads()
    yield
    gc.collect()  # an exception's frames hold the transport in a circle, and it the thread
    for thread in attempt_threads() - before:
        thread.join(30)
        assert not thread.is_alive()


class Collector:
    """Answers 200, and keeps what arrived."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def __call__(self, connection: Connection) -> None:
        """Serves one connection."""
        while request := connection.read_request():
            self.requests.append(request)
            connection.send(OK)


def transport_of(connect: float = 30.0, read: float = 30.0) -> Transport:
    """A transport with these time-outs."""
    return Transport(connect_timeout_seconds=connect, read_timeout_seconds=read)


def post(  # noqa: PLR0913  # what an attempt can vary
    url: str,
    proxy_port: int,
    *,
    tls: TlsIdentity | None = None,
    login: Credentials | None = None,
    transport: Transport | None = None,
    within_seconds: float = 30.0,
) -> Answer | Failure:
    """The result of one attempt through the proxy on a port of this machine."""
    proxy = Proxy.of(f"http://127.0.0.1:{proxy_port}", login or Credentials())
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    request = Request(url, headers, BODY, tls=tls, proxy=proxy)
    result = (transport or transport_of()).post(request, within_seconds=within_seconds)
    assert PASSWORD not in f"{request!r} {proxy!r} {result!r}"
    return result


@pytest.mark.parametrize(("login", "wants"), [(None, None), (LOGIN, BASIC)], ids=["open", "with a login"])
@pytest.mark.parametrize("mutual", [False, True], ids=["server certificate", "mutual TLS"])
def test_an_https_collector_is_reached_through_a_tunnel(
    authority: trustme.CA, login: Credentials | None, wants: str | None, *, mutual: bool
) -> None:
    """TLS is end to end, with the collector's name, and the proxy's password stays at the proxy."""
    collector = Collector()
    context = context_of(authority.issue_cert(HOST))
    if mutual:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    tls = TlsIdentity(pem_of(authority), *(client_of(authority) if mutual else ()))
    with running_server(collector, context) as server:
        proxy = StrictProxy(hosts={f"{HOST}:8443": server.port}, wants=wants)
        with running_proxy(proxy) as running:
            transport = transport_of()
            for _ in range(3):
                url = f"https://{HOST}:8443/in"
                assert post(url, running.port, tls=tls, login=login, transport=transport) == Answer(
                    200, b"OK\n"
                )
    assert proxy.tunnels == [f"{HOST}:8443"]  # one connection for all three
    assert proxy.forwarded == []
    assert len(collector.requests) == 3
    for request in collector.requests:
        assert request.startswith(b"POST /in HTTP/1.1\r\n")
        assert f"Host: {HOST}:8443\r\n".encode() in request
        assert b"Proxy-Authorization" not in request
        assert request.endswith(BODY)


@pytest.mark.parametrize(("login", "wants"), [(None, None), (LOGIN, BASIC)], ids=["open", "with a login"])
def test_the_request_to_an_http_collector_goes_to_the_proxy(
    login: Credentials | None, wants: str | None
) -> None:
    """With the full URL; the proxy passes it on without its own password."""
    collector = Collector()
    with running_server(collector) as server:
        proxy = StrictProxy(hosts={f"{HOST}:8080": server.port}, wants=wants)
        with running_proxy(proxy) as running:
            transport = transport_of()
            for _ in range(3):
                url = f"http://{HOST}:8080/in?x=%20a"
                assert post(url, running.port, login=login, transport=transport) == Answer(200, b"OK\n")
            assert len(running.accepted) == 1
    assert proxy.forwarded == [f"http://{HOST}:8080/in?x=%20a"] * 3
    assert proxy.tunnels == []
    assert len(collector.requests) == 3
    assert collector.requests[0].startswith(b"POST /in?x=%20a HTTP/1.1\r\n")
    assert collector.requests[0].endswith(BODY)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["10.0.3.20", "[fd00::7]", "b\u00fccher.example.internal"])
def test_a_collector_may_be_an_address_or_an_international_name(
    authority: trustme.CA, scheme: str, host: str
) -> None:
    """In the form that the other side expects."""
    ascii_host = host.encode("idna").decode() if not host.isascii() else host
    collector = Collector()
    context = context_of(authority.issue_cert(ascii_host.strip("[]")))
    with running_server(collector, context if scheme == "https" else None) as server:
        proxy = StrictProxy(hosts={f"{ascii_host}:8443": server.port})
        with running_proxy(proxy) as running:
            tls = TlsIdentity(pem_of(authority)) if scheme == "https" else None
            assert post(f"{scheme}://{host}:8443/in", running.port, tls=tls) == Answer(200, b"OK\n")
    assert proxy.tunnels + proxy.forwarded == [
        f"{ascii_host}:8443" if scheme == "https" else f"http://{ascii_host}:8443/in"
    ]
    assert f"Host: {ascii_host}:8443\r\n".encode() in collector.requests[0]


@pytest.mark.parametrize("name", ["another name", "another authority"])
def test_the_collector_s_certificate_is_verified_through_the_tunnel(authority: trustme.CA, name: str) -> None:
    """A proxy that answers in the collector's place is not believed."""
    certificate = authority.issue_cert("127.0.0.1" if name == "another name" else HOST)
    trusted = authority if name == "another name" else trustme.CA()
    with running_server(answering(OK), context_of(certificate)) as server:
        proxy = StrictProxy(hosts={f"{HOST}:443": server.port})
        with running_proxy(proxy) as running:
            assert post(f"https://{HOST}/in", running.port, tls=TlsIdentity(pem_of(trusted))) == Failure.TLS
    assert proxy.tunnels == [f"{HOST}:443"]


def test_without_a_ca_of_its_own_a_collector_needs_a_public_certificate(authority: trustme.CA) -> None:
    """As it does without a proxy."""
    with (
        running_server(answering(OK), context_of(authority.issue_cert(HOST))) as server,
        running_proxy(StrictProxy(hosts={f"{HOST}:443": server.port})) as running,
    ):
        assert post(f"https://{HOST}/in", running.port) == Failure.TLS


@pytest.mark.parametrize(
    ("status", "failure", "retry"),
    [
        (407, Failure.PROXY_AUTHENTICATION, False),
        (403, Failure.PROXY_DENIED, False),
        (400, Failure.PROXY_DENIED, False),
        (405, Failure.PROXY_DENIED, False),
        (302, Failure.PROXY_DENIED, False),
        (204, Failure.PROXY_DENIED, False),
        (429, Failure.PROXY_CANNOT_CONNECT, True),
        (500, Failure.PROXY_CANNOT_CONNECT, True),
        (502, Failure.PROXY_CANNOT_CONNECT, True),
        (503, Failure.PROXY_CANNOT_CONNECT, True),
        (504, Failure.PROXY_CANNOT_CONNECT, True),
    ],
)
def test_a_refused_tunnel_has_a_name(status: int, failure: Failure, *, retry: bool) -> None:
    """It opens the circuit and rejects no event."""
    with running_proxy(StrictProxy(answers=status)) as running:
        assert post(f"https://{HOST}/in", running.port) == failure
    outcome = outcome_of_failure(failure)
    assert not isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.retry) == (failure, retry)
    assert is_out_of_reach(failure)


@pytest.mark.parametrize("login", [None, Credentials(proxy_username="eks", proxy_password="wrong")])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_missing_or_wrong_login_is_told(scheme: str, login: Credentials | None) -> None:
    """407 comes from a proxy only, whatever the collector speaks."""
    with running_proxy(StrictProxy(wants=BASIC)) as running:
        assert post(f"{scheme}://{HOST}/in", running.port, login=login) == Failure.PROXY_AUTHENTICATION


@pytest.mark.parametrize("status", [400, 403, 413, 502, 503])
def test_what_a_proxy_answers_for_an_http_collector_is_an_answer(status: int) -> None:
    """Nothing tells it from the collector's own."""
    with running_proxy(StrictProxy(answers=status)) as running:
        assert post(f"http://{HOST}/in", running.port) == Answer(status, b"no")


def test_a_407_of_a_collector_without_a_proxy_is_an_answer() -> None:
    """As before."""
    with running_server(answering(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as server:
        result = transport_of().post(Request(server.url(), {}, b""), within_seconds=30)
        assert result == Answer(407, b"")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_listen_is_told_from_the_collector(scheme: str) -> None:
    """Nothing else could be at this address."""
    with refusing_port() as port:
        assert post(f"{scheme}://{HOST}/in", port) == Failure.PROXY_CONNECTION_REFUSED


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_does_not_accept_is_given_up_after_the_connect_timeout(scheme: str) -> None:
    """As where a security group drops the packets."""
    with full_server() as server:
        result = post(f"{scheme}://{HOST}/in", server.port, transport=transport_of(connect=0.1))
        assert result == Failure.PROXY_CONNECTION_TIMEOUT


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_s_name_that_does_not_resolve_is_told(scheme: str) -> None:
    """Names that end in .invalid never do (RFC 6761)."""
    proxy = Proxy.of("http://proxy.invalid:3128", Credentials())
    request = Request(f"{scheme}://{HOST}/in", {}, b"", proxy=proxy)
    assert transport_of().post(request, within_seconds=30) == Failure.PROXY_NAME_NOT_RESOLVED


def hang_up(connection: Connection) -> None:
    """Reads the head and closes."""
    connection.socket.recv(65536)


def reset(connection: Connection) -> None:
    """RST in the place of an answer."""
    connection.socket.recv(65536)
    connection.reset()


def speak_no_http(connection: Connection) -> None:
    """Another protocol."""
    connection.send(b"220 mail.example.internal ESMTP\r\n")
    connection.socket.recv(65536)


@pytest.mark.parametrize("behave", [hang_up, reset, speak_no_http])
def test_a_proxy_that_does_not_answer_in_http_is_told(behave: Behaviour) -> None:
    """When it is asked for a tunnel."""
    with running_server(behave) as server:
        assert post(f"https://{HOST}/in", server.port) == Failure.PROXY_CONNECTION_RESET


def stall(connection: Connection) -> None:
    """Reads the head and says nothing."""
    connection.socket.recv(65536)
    connection.stopped.wait()


def drip(connection: Connection) -> None:
    """An answer to CONNECT that never ends."""
    connection.socket.recv(65536)
    connection.send(b"HTTP/1.1 200 OK\r\nX-Wait: ")
    connection.drip(b"x", every_seconds=0.02)


def test_a_proxy_that_stalls_is_given_up_after_the_connect_timeout() -> None:
    """The tunnel belongs to the connection."""
    with running_server(stall) as server:
        result = post(f"https://{HOST}/in", server.port, transport=transport_of(connect=0.2))
        assert result == Failure.PROXY_ANSWER_TIMEOUT


def test_a_proxy_that_drips_its_answer_is_given_up_when_the_time_is_over() -> None:
    """The attempt is aborted, its thread ends, and the next attempt has a new connection."""
    before = attempt_threads()
    transport = transport_of()
    with running_server(drip) as server:
        result = post(f"https://{HOST}/in", server.port, transport=transport, within_seconds=0.3)
        assert result == Failure.ANSWER_TIMEOUT
        gc.collect()
        for thread in attempt_threads() - before:
            thread.join(30)
            assert not thread.is_alive()
    with refusing_port() as port:
        assert post(f"https://{HOST}/in", port, transport=transport) == Failure.PROXY_CONNECTION_REFUSED


def test_a_collector_that_stalls_behind_the_proxy_is_the_collector_s_fault(authority: trustme.CA) -> None:
    """The names are the same as without a proxy."""

    def stall_read(connection: Connection) -> None:
        connection.read_request()
        connection.stopped.wait()

    with (
        running_server(stall_read, context_of(authority.issue_cert(HOST))) as server,
        running_proxy(StrictProxy(hosts={f"{HOST}:443": server.port})) as running,
    ):
        result = post(
            f"https://{HOST}/in",
            running.port,
            tls=TlsIdentity(pem_of(authority)),
            transport=transport_of(read=0.2),
        )
        assert result == Failure.ANSWER_TIMEOUT


def test_a_changed_login_is_used_at_once() -> None:
    """The session with the old one is closed."""
    collector = Collector()
    with (
        running_server(collector) as server,
        running_proxy(StrictProxy(hosts={f"{HOST}:80": server.port}, wants=BASIC)) as running,
    ):
        transport = transport_of()
        old = Credentials(proxy_username="eks", proxy_password="old")
        results = [
            post(f"http://{HOST}/in", running.port, login=login, transport=transport)
            for login in (old, LOGIN)
        ]
    assert results == [Failure.PROXY_AUTHENTICATION, Answer(200, b"OK\n")]


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one to use nor a host to leave out."""
    collector = Collector()
    with running_server(collector) as server, refusing_port() as nobody:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody}")
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setenv("NO_PROXY", "*")
        proxy = StrictProxy(hosts={f"{HOST}:80": server.port})
        with running_proxy(proxy) as running:
            assert post(f"http://{HOST}/in", running.port) == Answer(200, b"OK\n")
    assert proxy.forwarded == [f"http://{HOST}/in"]


@pytest.mark.parametrize(
    ("credentials", "words"),
    [
        (Credentials(proxy_username="eks"), "proxy_username and proxy_password together"),
        (Credentials(proxy_password="s3cr3t"), "proxy_username and proxy_password together"),
        (Credentials(proxy_username="s3:cr3t", proxy_password="x"), "colon in proxy_username"),
    ],
)
def test_half_a_login_is_a_fault_of_the_secret(credentials: Credentials, words: str) -> None:
    """It is told without what the secret holds."""
    with pytest.raises(SecretError, match=words) as caught:
        Proxy.of("http://proxy.example.internal:3128", credentials)
    assert "s3" not in str(caught.value)
    assert Proxy.of("", credentials) is None
