"""A collector in a process of its own, which fails a third of the time and counts every event that it has."""

import multiprocessing
import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from time import monotonic
from typing import Any

from tools.misbehaving_server import Connection, running_server

# seconds of failures, at the beginning of so many seconds each
FAILING_SECONDS = 1.0
CYCLE_SECONDS = 3.0
POISON = "an event that the collector never takes"

_EVENT_ID = re.compile(rb'"id":"(\d{56})"')
_STALL_SECONDS = 1.0
_CONTROL_SECONDS = 10


@dataclass(slots=True)
class Received:
    """What the collector has: each event's count by its number, and the requests that it failed."""

    times: bytearray
    requests: int = 0
    failed: int = 0

    @property
    def distinct(self) -> int:
        """How many events it has."""
        return len(self.times) - self.times.count(0)

    @property
    def duplicates(self) -> int:
        """How many it was sent once more."""
        return sum(self.times) - self.distinct


class _Failing:
    """The behaviour on every connection; `healed` ends the failures, but not those of poison."""

    def __init__(self) -> None:
        self.received = Received(bytearray())
        self.healed = False
        self._started = monotonic()
        self._random = random.Random(1)  # noqa: S311  # no secret; the same faults in every run

    def __call__(self, connection: Connection) -> None:
        while request := connection.read_request():
            self.received.requests += 1
            if POISON.encode() in request:
                connection.send(_answer(b"400 Bad Request"))
            elif self._fails():
                self.received.failed += 1
                if not self._fail(connection, request):
                    return
            else:
                self._take(request)
                connection.send(_answer(b"200 OK"))

    def _fails(self) -> bool:
        return not self.healed and (monotonic() - self._started) % CYCLE_SECONDS < FAILING_SECONDS

    def _fail(self, connection: Connection, request: bytes) -> bool:
        """Fails in one of seven ways; whether the connection goes on."""
        match self._random.randrange(7):
            case 0:
                connection.send(_answer(b"429 Too Many Requests", b"Retry-After: 1\r\n"))
            case 1:
                connection.send(_answer(b"500 Internal Server Error"))
            case 2:
                connection.send(_answer(b"503 Service Unavailable"))
            case 3:
                connection.reset()
                return False
            case 4:
                self._take(request)
                connection.reset()
                return False
            case 5:
                self._take(request)
                connection.send(_answer(b"200 OK")[:-3])
                return False
            case _:
                connection.stopped.wait(_STALL_SECONDS)
                return False
        return True

    def _take(self, request: bytes) -> None:
        for found in _EVENT_ID.finditer(request):
            number = int(found[1])
            times = self.received.times
            times.extend(bytes(max(number + 1 - len(times), 0)))
            times[number] = min(times[number] + 1, 255)


def _answer(status: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\n" + headers + b"Content-Length: 3\r\n\r\nOK\n"


def _serve(pipe: Pipe) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # it ends when the process that started it says so
    failing = _Failing()
    with running_server(failing) as server:
        pipe.send(server.url())
        while (order := pipe.recv()) != "stop":
            if order == "heal":
                failing.healed = True
            else:
                pipe.send(failing.received)


class Collector:
    """The other process, by its pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self.url: str = self._answer()

    def heal(self) -> None:
        """No more failures from now on."""
        self._pipe.send("heal")

    def received(self) -> Received:
        """What it has by now."""
        self._pipe.send("report")
        received: Received = self._answer()
        return received

    def _answer(self) -> Any:  # noqa: ANN401  # whatever the other process sends
        if not self._pipe.poll(_CONTROL_SECONDS):
            msg = "the collector's process does not answer"
            raise TimeoutError(msg)
        return self._pipe.recv()


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A failing collector, until the end of the block."""
    processes = multiprocessing.get_context("spawn")
    pipe, its_pipe = processes.Pipe()
    process = processes.Process(target=_serve, args=(its_pipe,), daemon=True)
    process.start()
    try:
        yield Collector(pipe)
    finally:
        pipe.send("stop")
        process.join(_CONTROL_SECONDS)
        process.kill()
