"""A process that runs one contender, like a Lambda container: it stays warm from one order to the next.

    python -m benchmarks.worker CONTENDER URL

An order is a line on standard input, `<times> <file of the event>`; the answer is a line of JSON: wall and
CPU seconds of each invocation, the memory of the process, and the bytes that the handler printed: they go
line by line into a file, as Lambda writes them to a pipe. The forwarder's settings come from the environment.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tools import ROOT
from tools.process_memory import memory_bytes


class Sample(msgspec.Struct, frozen=True):
    """One invocation: wall seconds, and CPU seconds of all threads."""

    wall_seconds: float
    cpu_seconds: float


class Answer(msgspec.Struct, frozen=True):
    """The result of an order; the memory is that of the whole process, now and at its peak.

    `log_bytes` are those of the log of all the order's invocations.
    """

    samples: tuple[Sample, ...]
    in_use_bytes: int
    peak_bytes: int
    log_bytes: int


class Worker:
    """The worker's process, seen from the one that started it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def run(self, event: Path, times: int = 1) -> Answer:
        """Forwards an event so many times.

        Raises:
            RuntimeError: the process has ended; standard error has the reason.
        """
        assert self._process.stdin is not None  # noqa: S101  # a pipe
        assert self._process.stdout is not None  # noqa: S101  # a pipe
        self._process.stdin.write(f"{times} {event}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            msg = "the worker's process has ended"
            raise RuntimeError(msg)
        return msgspec.json.decode(line, type=Answer)


@contextmanager
def running_worker(contender: str, url: str, environ: dict[str, str] | None = None) -> Iterator[Worker]:
    """A contender in its own process, until the end of the block."""
    with subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", contender, url],
        cwd=ROOT,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT / "functions"),
            "POWERTOOLS_SERVICE_NAME": "benchmark",
            **{name: value.replace("{url}", url) for name, value in (environ or {}).items()},
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.communicate()


def main() -> None:
    """Answers orders until standard input ends."""
    from benchmarks.contenders import contender  # noqa: PLC0415  # only the worker's process needs it

    name, url = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    log = tempfile.TemporaryFile()  # noqa: SIM115  # it is standard output until the process ends
    os.dup2(log.fileno(), 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # as Lambda's runtime has it
    forward = contender(name, url)
    for order in sys.stdin:
        times, file = order.rstrip("\n").split(" ", 1)
        event = json.loads(Path(file).read_bytes())
        log.seek(0)
        log.truncate()
        gc.collect()
        samples = []
        for _ in range(int(times)):
            wall, cpu = time.perf_counter(), time.process_time()
            forward(event)
            samples.append(Sample(time.perf_counter() - wall, time.process_time() - cpu))
        del event
        answer = Answer(tuple(samples), *memory_bytes(), log_bytes=os.fstat(1).st_size)
        answers.write(msgspec.json.encode(answer).decode() + "\n")


if __name__ == "__main__":
    main()
