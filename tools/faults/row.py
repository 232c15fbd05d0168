"""One row of the fault matrix: a fault, where it stands, and what is promised of the events."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import trustme

from tools.faults.collector import Collector, Script, take
from tools.misbehaving_server import running_server, unused_port


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of 30 events: in the invocation, and after the redrive with a healthy collector.

    `kept` stay with Lambda because the handler raised. `requests` are those of the invocation. A duplicate
    is an event that the collector took once more. `dead` are in the dead-letter queue at the end. `refused`
    were rejected by a collector that did not say which ones, and forbids to send them again.
    """

    delivered: int
    parked: int
    requests: int
    reason: str = ""
    rejected: int = 0
    kept: int = 0
    duplicates: int = 0
    dead: int = 0
    refused: int = 0


@contextmanager
def plain(collector: Collector) -> Iterator[str]:
    """A server without TLS; its URL."""
    with running_server(collector.serve) as server:
        yield server.url(path=collector.speech.path)


@contextmanager
def with_wrong_certificate(collector: Collector) -> Iterator[str]:
    """A server whose certificate is of an authority that nobody trusts; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with running_server(collector.serve, context) as server:
        yield server.url("https", collector.speech.path)


@contextmanager
def nobody(collector: Collector) -> Iterator[str]:
    """The URL of a port on which nothing listens."""
    yield f"http://127.0.0.1:{unused_port()}{collector.speech.path}"


@contextmanager
def unknown_name(collector: Collector) -> Iterator[str]:
    """A URL whose name does not resolve (RFC 6761, section 6.4)."""
    yield f"http://collector.invalid{collector.speech.path}"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and its promise; `after` is what the collector does while the redrive runs."""

    fault: str
    promised: Outcome
    within_seconds: float
    script: Script = take
    healthy_requests: int = 1
    place: Callable[[Collector], AbstractContextManager[str]] = field(default=plain)
    secret_readable: bool = True
    queue_reachable: bool = True
    after: Script = take
