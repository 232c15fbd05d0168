"""The cost of each memory size: the kernel limits the process to the CPU share of that size."""

import math
from dataclasses import dataclass
from statistics import median

from benchmarks.cpu_share import cpu_share_group
from benchmarks.memory import NOT_FOUND, parking_environment
from benchmarks.setups import Setup
from benchmarks.throughput import EventFiles
from benchmarks.worker import Answer, running_worker
from tools.bill.lambda_time import cost_of, cpu_share
from tools.collector import Orders, running_collector

SIZES_MB = (128, 256, 384, 512, 768, 1024, 1769)
DELAY_MS = 5
_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Size:
    """A memory size: the billed milliseconds of a payload, and the dollars for a million events.

    `parking_ms` is the time for the largest payload while the collector is down, with the import of boto3.
    """

    memory_mb: int
    billed_ms: float
    parking_ms: float
    cost: float


def sweep(setup: Setup, files: EventFiles, events: int, rounds: int) -> list[Size]:
    """Measures every size in a warm process: at the start of a container Lambda gives it a whole CPU.

    Raises:
        CpuShareError: this machine does not let us make control groups.
    """
    times: dict[int, list[float]] = {size: [] for size in SIZES_MB}
    with (
        running_collector() as collector,
        running_worker(setup.contender, collector.url, setup.environment()) as worker,
        cpu_share_group() as share,
    ):
        worker.run(files.of(50))
        collector.order(Orders(delay_ms=DELAY_MS))
        share.take(worker.pid)
        for _ in range(rounds):
            for size in SIZES_MB:
                share.set(cpu_share(size))
                times[size] += _billed_ms(worker.run(files.of(events), _REPEATS))
    return [
        Size(
            size,
            billed_ms=(billed_ms := median(times[size])),
            parking_ms=_parking_ms(setup, files, size),
            cost=cost_of(billed_ms * 1000 / events, size, events),
        )
        for size in SIZES_MB
    ]


def _parking_ms(setup: Setup, files: EventFiles, memory_mb: int) -> float:
    with running_collector() as collector, cpu_share_group() as share:
        environ = setup.environment() | parking_environment(collector.url)
        with running_worker(setup.contender, collector.url, environ) as worker:
            worker.run(files.of(50))
            collector.order(Orders(status=NOT_FOUND, delay_ms=DELAY_MS))
            share.take(worker.pid)
            share.set(cpu_share(memory_mb))
            return _billed_ms(worker.run(files.of(files.largest)))[0]


def _billed_ms(answer: Answer) -> list[float]:
    """Lambda rounds up to the millisecond."""
    return [float(math.ceil(sample.wall_seconds * 1000)) for sample in answer.samples]
