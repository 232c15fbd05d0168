"""How much memory a contender takes, idle and at its peak, and the memory size that leaves room for that."""

import math
from dataclasses import dataclass

from benchmarks.local_server import LocalServer
from benchmarks.setups import Setup
from benchmarks.throughput import EventFiles
from benchmarks.workers import Worker

SPARE = 0.3  # of the memory size, left over at the peak
SMALLEST_SIZE_MB = 128  # Lambda quotas
_STEP_MB = 64
_INVOCATIONS = 5  # a heap can grow with the second payload


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the whole process: after one event, and the most while the largest payloads went through."""

    idle_bytes: int
    peak_bytes: int
    payload_bytes: int

    @property
    def growth_by_payload_size(self) -> float:
        """The peak over the idle handler, as a multiple of the payload's expanded size."""
        return (self.peak_bytes - self.idle_bytes) / self.payload_bytes

    @property
    def smallest_size_mb(self) -> int:
        """The least memory size, in steps of 64 MB, of which the peak leaves the spare part unused."""
        wanted_mb = self.peak_bytes / (1 - SPARE) / 2**20
        return max(math.ceil(wanted_mb / _STEP_MB) * _STEP_MB, SMALLEST_SIZE_MB)


def measure_memory(setup: Setup, files: EventFiles, payload_bytes: int) -> Memory:
    """In a process of its own: one event, then the largest payload several times.

    The baseline takes as many events as it is measured on; it holds the whole payload all the same.
    """
    with LocalServer() as server, Worker(setup.contender, server.url, setup.environment()) as worker:
        idle = worker.run(files.of(1)).in_use_bytes
        times = 1 if setup.contender == "baseline" else _INVOCATIONS
        peak = worker.run(files.of(files.largest), times).most_bytes
    return Memory(idle, peak, payload_bytes)
