"""One row of the fault matrix: a fault, where it happens, and what is promised for the events."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field

import trustme

from tools.faults.collector import Collector, Script, take
from tools.listener.http_server import running_http_server

EVENTS = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of 30 events: in the invocation, and after the redrive with a healthy collector.

    `requests` and `seconds` are those of the invocation; the seconds are virtual: pauses and time-outs.
    `kept` events stay with Lambda because the handler raised. A duplicate is an event that the collector
    took once more. `dead` events are in the dead-letter queue at the end. `unidentified` events were rejected
    by a collector that did not say which ones and forbids sending them again; `rejected` leaves them out.
    """

    delivered: int
    parked: int
    requests: int
    reason: str = ""
    seconds: float = 0.0
    rejected: int = 0
    kept: int = 0
    duplicates: int = 0
    dead: int = 0
    unidentified: int = 0

    @property
    def in_the_end(self) -> int:
        """How many events the collector has after the redrive."""
        return EVENTS - self.dead - self.unidentified


def plain(collector: Collector) -> AbstractContextManager[str]:
    """A server without TLS; this and the others yield its origin."""
    return running_http_server(collector.answer)


def with_wrong_certificate(collector: Collector) -> AbstractContextManager[str]:
    """A server whose certificate comes from an untrusted authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return running_http_server(collector.answer, tls=context)


@contextmanager
def refusing(_collector: Collector | None = None) -> Iterator[str]:
    """A port that refuses connections, and that no other process can take in the meantime."""
    with socket.socket() as bound:  # without listen(), the kernel answers RST
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def unknown_name(_collector: Collector) -> AbstractContextManager[str]:
    """A host name that does not resolve (RFC 6761, section 6.4)."""
    return nullcontext("http://collector.invalid")


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and its promise.

    `timeout_seconds` is the virtual time after which a faulty request times out; 0 where it gets an answer
    or an error. `circuit_is_open` says that an invocation before it found the collector out of reach. `after`
    is what the collector does during the redrive.
    """

    fault: str
    promised: Outcome
    script: Script = take
    healthy_requests: int = 1
    place: Callable[[Collector], AbstractContextManager[str]] = field(default=plain)
    timeout_seconds: float = 0.0
    secret_readable: bool = True
    queue_reachable: bool = True
    circuit_is_open: bool = False
    after: Script = take
