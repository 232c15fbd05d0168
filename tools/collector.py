"""A fast collector in its own process, for load: counts what it receives, and fails as ordered.

    python -m tools.collector     prints its URL, and ends when its standard input does

`PUT /control` takes `Orders` as JSON; `GET /control` returns a `Report`. It is an SQS queue too. Unlike the
listener it checks nothing, so that it is never the slow part.
"""

import http.client
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import msgspec
from isal import isal_zlib

from tools import ROOT
from tools.listener.http_server import End, Incoming, Reply, response, running_http_server

FAILING_SECONDS = 1.0  # at the beginning of each cycle
CYCLE_SECONDS = 3.0
_OK = 200
_CONTROL_PATH = "/control"
_STALL_SECONDS = 1.0
_GZIP_WINDOW_BITS = 31  # zlib's code for gzip
_FAILURES = (  # each with whether the collector has the events afterwards
    (Reply(response(429, headers={"Retry-After": "1"})), False),
    (Reply(response(500)), False),
    (Reply(response(503)), False),
    (Reply(end=End.RESET), False),
    (Reply(end=End.RESET), True),
    (Reply(response(_OK, b"OK\n")[:-3], end=End.FIN), True),
    (Reply(delay_seconds=_STALL_SECONDS, end=End.FIN), False),
)
_EVENT_ID = re.compile(rb'"id":"(\d{56})"')


class Orders(msgspec.Struct, frozen=True):
    """What the collector does; new orders replace all old ones.

    `keep` keeps the bodies, `is_failing` fails a third of the time, `reset` sets all counts to zero. If
    `poison` is set, a request that contains it is answered 400, and events are counted by their numbers.
    """

    delay_ms: float = 0.0
    status: int = _OK
    keep: bool = False
    is_failing: bool = False
    poison: str = ""
    reset: bool = True


class Report(msgspec.Struct):
    """What arrived since the last reset; a connection counts with its first request since then.

    `bodies` are unpacked. `times[n]` is how often event n was taken, at most 255.
    """

    requests: int = 0
    connections: int = 0
    wire_bytes: int = 0
    failed: int = 0
    bodies: list[bytes] = msgspec.field(default_factory=list)
    times: bytearray = msgspec.field(default_factory=bytearray)

    @property
    def distinct(self) -> int:
        """The number of different events."""
        return len(self.times) - self.times.count(0)

    @property
    def duplicates(self) -> int:
        """The number of events that were taken again."""
        return sum(self.times) - self.distinct


class _State:
    def __init__(self) -> None:
        self._obey(Orders())

    def _obey(self, orders: Orders) -> None:
        self._orders = orders
        if orders.reset:
            self._report = Report()
            self._seen: set[int] = set()
            self._random = random.Random(1)  # noqa: S311  # the same faults in every run
            self._started = monotonic()

    def answer(self, request: Incoming) -> Reply:
        if request.path == _CONTROL_PATH:
            if request.method == "GET":
                return Reply(response(_OK, msgspec.json.encode(self._report)))
            self._obey(msgspec.json.decode(request.body, type=Orders))
            return Reply(response(204))
        if "x-amz-target" in request.headers:
            return Reply(_json(b'{"MessageId":"0"}'))
        report, orders = self._report, self._orders
        report.requests += 1
        report.wire_bytes += request.wire_bytes
        self._seen.add(request.connection)
        report.connections = len(self._seen)
        if orders.keep:
            report.bodies.append(_unpacked(request))
        if orders.poison and orders.poison.encode() in request.body:
            return Reply(response(400))
        if orders.is_failing and (monotonic() - self._started) % CYCLE_SECONDS < FAILING_SECONDS:
            report.failed += 1
            reply, is_taken = self._random.choice(_FAILURES)
            if is_taken:
                self._take(request)
            return reply
        if orders.status == _OK:
            self._take(request)
        answer = _success(request) if orders.status == _OK else response(orders.status)
        return Reply(answer, orders.delay_ms / 1000)

    def _take(self, request: Incoming) -> None:
        if not self._orders.poison:
            return
        times = self._report.times
        for found in _EVENT_ID.finditer(request.body):
            number = int(found[1])
            times.extend(bytes(max(number + 1 - len(times), 0)))
            times[number] = min(times[number] + 1, 255)


def _unpacked(request: Incoming) -> bytes:
    is_gzip = request.headers.get("content-encoding") == "gzip"
    return isal_zlib.decompress(request.body, wbits=_GZIP_WINDOW_BITS) if is_gzip else request.body


def _success(request: Incoming) -> bytes:
    """The answer of each collector that took everything."""
    if request.path.endswith("/_bulk"):
        items = b",".join([b'{"create":{"status":201}}'] * (_unpacked(request).count(b"\n") // 2))
        return _json(b'{"errors":false,"items":[%b]}' % items)
    if "/services/collector" in request.path:
        return _json(b'{"text":"Success","code":0}')
    return response(204) if request.path.endswith("/loki/api/v1/push") else _json(b"")


def _json(body: bytes) -> bytes:
    return response(_OK, body, {"Content-Type": "application/json"})


@dataclass(frozen=True, slots=True)
class Collector:
    """The collector's process, seen from the one that started it."""

    url: str

    def order(self, orders: Orders) -> None:
        """Gives new orders."""
        self._ask("PUT", msgspec.json.encode(orders))

    def report(self) -> Report:
        """What arrived since the last reset."""
        return msgspec.json.decode(self._ask("GET"), type=Report)

    def _ask(self, method: str, body: bytes | None = None) -> bytes:
        netloc = urlsplit(self.url).netloc
        with closing(http.client.HTTPConnection(netloc, timeout=30)) as connection:
            connection.request(method, _CONTROL_PATH, body)
            return connection.getresponse().read()


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A collector, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tools.collector"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None  # noqa: S101  # a pipe
        try:
            yield Collector(process.stdout.readline().strip())
        finally:
            process.communicate()


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends with the process that started it
    with running_http_server(_State().answer) as origin:
        print(origin, flush=True)
        sys.stdin.read()
