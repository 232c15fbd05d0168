"""What each memory size costs: the CPU share that it comes with, given to the process by the kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cpu_share import CpuShare
from benchmarks.local_server import LocalServer
from benchmarks.prices import Cost, cost_of, cpu_share
from benchmarks.setups import Setup
from benchmarks.throughput import EventFiles
from benchmarks.workers import Worker

SIZES_MB = (128, 192, 256, 320, 384, 512, 768, 1024, 1769, 3008)
DELAY_MS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How long a payload takes with a memory size, as Lambda bills it, and what a million events cost."""

    memory_mb: int
    billed_ms: float
    largest_ms: float
    cost: Cost


def sweep(setup: Setup, files: EventFiles, events: int, rounds: int) -> list[Size]:
    """Every size, once the process is warm: Lambda gives the start of a container a whole CPU.

    Raises:
        CpuShareError: this machine does not let us make control groups.
    """
    times: dict[int, list[float]] = {size: [] for size in SIZES_MB}
    largest: dict[int, float] = {}
    repeats = 1 if setup.contender == "baseline" else 5
    with (
        LocalServer() as server,
        Worker(setup.contender, server.url, setup.environment()) as worker,
        CpuShare() as share,
    ):
        worker.run(files.of(50))
        server.reset(delay_ms=DELAY_MS)
        share.take(worker.pid)
        for round_number in range(rounds):
            for size in SIZES_MB:
                share.set(cpu_share(size))
                times[size] += _billed_ms(worker, files, events, repeats)
                if round_number == 0 and repeats > 1:
                    largest[size] = _billed_ms(worker, files, files.largest, 1)[0]
    return [
        Size(
            size,
            billed_ms=(billed_ms := median(times[size])),
            largest_ms=largest.get(size, 0.0),
            cost=cost_of(billed_ms * 1000 / events, size, events),
        )
        for size in SIZES_MB
    ]


def _billed_ms(worker: Worker, files: EventFiles, events: int, repeats: int) -> Sequence[float]:
    samples = worker.run(files.of(events), repeats).samples
    return [float(-(-sample.wall_seconds * 1000 // 1)) for sample in samples]
