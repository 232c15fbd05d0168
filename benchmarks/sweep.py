"""What each memory size costs: the CPU share that it comes with, given to the process by the kernel."""

import math
from dataclasses import dataclass
from statistics import median

from benchmarks.cpu_share import CpuShare
from benchmarks.local_server import LocalServer
from benchmarks.memory import NOT_FOUND, parking_environment
from benchmarks.prices import Cost, cost_of, cpu_share
from benchmarks.setups import Setup
from benchmarks.throughput import EventFiles
from benchmarks.workers import Answer, Worker

SIZES_MB = (128, 192, 256, 320, 384, 512, 768, 1024, 1769, 3008)
DELAY_MS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """A memory size: the milliseconds of a payload that Lambda bills, and what a million events cost.

    `parking_ms` is how long the largest payload takes with the collector away, boto3's import included; None
    for a contender that parks nothing.
    """

    memory_mb: int
    billed_ms: float
    parking_ms: float | None
    cost: Cost


def sweep(setup: Setup, files: EventFiles, events: int, rounds: int) -> list[Size]:
    """Every size, once the process is warm: Lambda gives the start of a container a whole CPU.

    Raises:
        CpuShareError: this machine does not let us make control groups.
    """
    times: dict[int, list[float]] = {size: [] for size in SIZES_MB}
    repeats = 1 if setup.contender == "baseline" else 3
    with (
        LocalServer() as server,
        Worker(setup.contender, server.url, setup.environment()) as worker,
        CpuShare() as share,
    ):
        worker.run(files.of(50))
        server.reset(delay_ms=DELAY_MS)
        share.take(worker.pid)
        for _ in range(rounds):
            for size in SIZES_MB:
                share.set(cpu_share(size))
                times[size] += _billed_ms(worker.run(files.of(events), repeats))
    return [
        Size(
            size,
            billed_ms=(billed_ms := median(times[size])),
            parking_ms=_parking_ms(setup, files, size) if setup.contender == "ours" else None,
            cost=cost_of(billed_ms * 1000 / events, size, events),
        )
        for size in SIZES_MB
    ]


def _parking_ms(setup: Setup, files: EventFiles, memory_mb: int) -> float:
    with LocalServer() as server, CpuShare() as share:
        environ = setup.environment() | parking_environment(server.url)
        with Worker(setup.contender, server.url, environ) as worker:
            worker.run(files.of(50))
            server.reset(status=NOT_FOUND, delay_ms=DELAY_MS)
            share.take(worker.pid)
            share.set(cpu_share(memory_mb))
            return _billed_ms(worker.run(files.of(files.largest)))[0]


def _billed_ms(answer: Answer) -> list[float]:
    """Lambda rounds up to the millisecond."""
    return [float(math.ceil(sample.wall_seconds * 1000)) for sample in answer.samples]
