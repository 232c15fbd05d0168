"""Private CAs and client certificates, against real TLS servers with certificates made here."""

import datetime as dt
import gc
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from requests.adapters import HTTPAdapter

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.delivery.batch import Batch
from eks_log_forwarder.delivery.deadline import Deadline
from eks_log_forwarder.delivery.delivery import Delivery
from eks_log_forwarder.delivery.leftover import Cause
from eks_log_forwarder.errors import SecretError
from eks_log_forwarder.intake.log_type import LogType
from eks_log_forwarder.intake.payload import LogEvent
from eks_log_forwarder.telemetry.tally import Tally
from eks_log_forwarder.transport.client import Transport
from eks_log_forwarder.transport.exchange import Answer, Request
from eks_log_forwarder.transport.failures import Failure
from eks_log_forwarder.transport.tls import TlsIdentity
from tests.misbehaving_server import Server, answering, answering_once, running_server
from tests.unit.destination_requests import destination_of

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n"
YESTERDAY = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)


def pem_of(authority: trustme.CA) -> str:
    """A CA's certificate."""
    return authority.cert_pem.bytes().decode()


def client_of(authority: trustme.CA) -> tuple[str, str]:
    """A client's certificate and its key."""
    issued = authority.issue_cert("forwarder.example.internal")
    return issued.cert_chain_pems[0].bytes().decode(), issued.private_key_pem.bytes().decode()


def context_of(certificate: trustme.LeafCert, clients: trustme.CA | None = None) -> ssl.SSLContext:
    """A server's context, which asks for a client certificate where there is a CA for one."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        clients.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A private CA."""
    return trustme.CA()


@pytest.fixture(scope="module")
def server(authority: trustme.CA) -> Iterator[Server]:
    """A server of the private CA that asks for a certificate of the same."""
    tls = context_of(authority.issue_cert("127.0.0.1"), clients=authority)
    with running_server(answering(OK), tls) as running:
        yield running


def new_transport() -> Transport:
    """A transport with short time-outs."""
    return Transport(connect_timeout_seconds=60, read_timeout_seconds=60)


def post(server: Server, tls: TlsIdentity | None, transport: Transport | None = None) -> Answer | Failure:
    """One request over TLS."""
    request = Request(server.url("https"), {}, b"{}", tls=tls)
    return (transport or new_transport()).post(request, within_seconds=60)


def test_a_private_ca_and_a_client_certificate_open_the_server(authority: trustme.CA, server: Server) -> None:
    """On one connection for both requests."""
    transport = new_transport()
    before = len(server.accepted)
    tls = TlsIdentity(pem_of(authority), *client_of(authority))
    assert [post(server, tls, transport), post(server, tls, transport)] == [Answer(200, b"OK\n")] * 2
    assert len(server.accepted) - before == 1


def test_a_client_without_a_certificate_is_refused(authority: trustme.CA, server: Server) -> None:
    """And so is one of another CA; whether the alert arrives before the connection ends is the server's."""
    for tls in (
        TlsIdentity(pem_of(authority)),
        TlsIdentity(pem_of(authority), *client_of(trustme.CA())),
    ):
        assert post(server, tls) in {Failure.TLS, Failure.CONNECTION_RESET}


@pytest.mark.parametrize("trusted", ["another", "public"])
def test_a_certificate_of_a_ca_that_is_not_trusted_is_refused(trusted: str, authority: trustme.CA) -> None:
    """Of no other private one, nor without any in the secret."""
    tls = TlsIdentity(pem_of(trustme.CA())) if trusted == "another" else None
    with running_server(answering(OK), context_of(authority.issue_cert("127.0.0.1"))) as running:
        assert post(running, TlsIdentity(pem_of(authority))) == Answer(200, b"OK\n")
        assert post(running, tls) == Failure.TLS


@pytest.mark.parametrize("fault", ["expired", "wrong name"])
def test_an_expired_certificate_or_another_name_is_refused(fault: str, authority: trustme.CA) -> None:
    """Though the CA is the right one; there is no switch that turns this off."""
    if fault == "expired":
        certificate = authority.issue_cert("127.0.0.1", not_after=YESTERDAY)
    else:
        certificate = authority.issue_cert("other.example.internal")
    with running_server(answering(OK), context_of(certificate)) as running:
        assert post(running, TlsIdentity(pem_of(authority))) == Failure.TLS


def test_a_private_ca_takes_the_place_of_the_public_ones(authority: trustme.CA) -> None:
    """The session's context trusts nobody else."""
    transport = new_transport()
    with running_server(answering_once(OK), context_of(authority.issue_cert("127.0.0.1"))) as running:
        post(running, TlsIdentity(pem_of(authority)), transport)
    session = transport._session  # noqa: SLF001  # what it trusts shows nowhere else
    assert session is not None
    adapter = session.get_adapter("https://127.0.0.1")
    assert isinstance(adapter, HTTPAdapter)
    pool = adapter.poolmanager.connection_from_host("127.0.0.1", running.port, "https")
    assert pool.conn_kw["ssl_context"].cert_store_stats()["x509"] == 1


def test_new_certificates_are_used_at_once(authority: trustme.CA, server: Server) -> None:
    """The session with the old ones is closed."""
    transport = new_transport()
    wrong = TlsIdentity(pem_of(trustme.CA()))
    right = TlsIdentity(pem_of(authority), *client_of(authority))
    assert [post(server, tls, transport) for tls in (wrong, right)] == [Failure.TLS, Answer(200, b"OK\n")]


def broken_identities() -> list[tuple[TlsIdentity, str]]:
    """What a secret may hold by mistake, and the field that is at fault."""
    authority = trustme.CA()
    ca = pem_of(authority)
    certificate, key = client_of(authority)
    _, another_key = client_of(authority)
    encrypted = (
        load_pem_private_key(key.encode(), None)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
        .decode()
    )
    return [
        (TlsIdentity("no pem"), "ca_certificate holds no certificate"),
        (TlsIdentity(ca[:200]), "ca_certificate holds no certificate"),
        (TlsIdentity(key), "ca_certificate holds no certificate"),
        (TlsIdentity(ca, certificate), "client_key is missing"),
        (TlsIdentity(ca, None, key), "client_certificate is missing"),
        (TlsIdentity(ca, "no pem", key), "client_certificate holds no certificate"),
        (TlsIdentity(ca, certificate, "no pem"), "client_key holds no private key"),
        (TlsIdentity(ca, certificate, key[:100]), "client_key holds no private key"),
        (TlsIdentity(ca, certificate, encrypted), "client_key holds no private key"),
        (TlsIdentity(ca, certificate, another_key), "client_key is not the key of client_certificate"),
    ]


@pytest.mark.parametrize(("tls", "fault"), broken_identities())
def test_a_fault_names_the_field_and_nothing_of_what_it_holds(tls: TlsIdentity, fault: str) -> None:
    """It is found before anything is sent, and asks nobody for a passphrase."""
    with pytest.raises(SecretError, match=fault) as caught:
        new_transport().post(Request("https://127.0.0.1:1", {}, b"", tls=tls), within_seconds=1)
    assert "BEGIN" not in str(caught.value)
    assert "BEGIN" not in repr(tls)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def send(server: Server, secrets: list[Credentials]) -> tuple[list[tuple[Cause, str]], Tally, list[bool]]:
    """The delivery of one event to a server, with a secret that changes when it is read again."""
    readings: list[bool] = []

    def read_secret(*, again: bool = False) -> Credentials:
        readings.append(again)
        return secrets[-1] if any(readings) else secrets[0]

    delivery = Delivery(
        destination=destination_of("http", server.url("https")),
        transport=new_transport(),
        read_secret=read_secret,
        retry_budget_seconds=1,
    )
    tally = Tally("prod", LogType.AUDIT)
    batch = Batch([LogEvent("1", 1, "x")], [b"{}"])
    leftovers = delivery.send([batch], Deadline.after(5), tally)
    return [(leftover.cause, leftover.reason) for leftover in leftovers], tally, readings


def test_a_server_that_is_not_trusted_leaves_the_event_to_be_parked(authority: trustme.CA) -> None:
    """After the secret has been read once more, in case the CA has been replaced."""
    with running_server(answering(OK), context_of(authority.issue_cert("127.0.0.1"))) as running:
        leftovers, tally, readings = send(running, [Credentials(ca_certificate=pem_of(trustme.CA()))])
    assert leftovers == [(Cause.UNREACHABLE, "tls")]
    assert (tally.delivered, tally.delivery_attempts, readings) == (0, 2, [False, True])


def test_a_replaced_ca_is_read_again(authority: trustme.CA) -> None:
    """Within the invocation that notices."""
    secrets = [Credentials(ca_certificate=pem_of(ca)) for ca in (trustme.CA(), authority)]
    with running_server(answering_once(OK), context_of(authority.issue_cert("127.0.0.1"))) as running:
        leftovers, tally, _ = send(running, secrets)
    assert (leftovers, tally.delivered) == ([], 1)


def test_a_key_that_is_none_leaves_the_event_to_be_parked(server: Server) -> None:
    """With the field's name as detail."""
    leftovers, tally, _ = send(server, [Credentials(ca_certificate="x")])
    assert leftovers == [(Cause.UNREACHABLE, "secret_unreadable")]
    assert tally.delivery_attempts == 0


@pytest.fixture(autouse=True)
def _no_attempt_left_behind() -> Iterator[None]:
    before = set(threading.enumerate())  # a handler of another test may keep its thread
    yield
    gc.collect()  # an exception's frames hold the transport in a circle, and it the thread
    for thread in threading.enumerate():
        if thread.name == "http-attempt" and thread not in before:
            thread.join(5)
