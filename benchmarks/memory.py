"""The memory of a contender, idle and at its peak, and the memory size that leaves room for the peak.

The peak that counts is that of the worst case: the collector is down, and the whole of the largest payload is
parked, which imports boto3.
"""

import math
from dataclasses import dataclass

from benchmarks.setups import Setup
from benchmarks.throughput import EventFiles
from benchmarks.worker import running_worker
from tools.collector import Orders, running_collector

SPARE = 0.3  # the part of the memory size that the peak leaves unused
SMALLEST_SIZE_MB = 128  # Lambda quotas
_STEP_MB = 64
NOT_FOUND = 404  # the answer of a collector that is down: it is not retried
_INVOCATIONS = 5  # the heap can still grow with the second payload


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the whole process: after one event, and the peak while it forwards the largest payload.

    `parking_bytes` is the peak when it parks such a payload too; for the other contenders the same peak.
    """

    idle_bytes: int
    peak_bytes: int
    parking_bytes: int
    payload_bytes: int

    @property
    def growth_by_payload_size(self) -> float:
        """The growth from idle to peak, as a multiple of the payload's unpacked size."""
        return (self.peak_bytes - self.idle_bytes) / self.payload_bytes

    @property
    def smallest_size_mb(self) -> int:
        """The smallest memory size, in steps of 64 MB, that keeps the spare part free at the peak."""
        wanted_mb = self.parking_bytes / (1 - SPARE) / 2**20
        return max(math.ceil(wanted_mb / _STEP_MB) * _STEP_MB, SMALLEST_SIZE_MB)


def parking_environment(url: str) -> dict[str, str]:
    """The variables that make the benchmark's collector the SQS queue too."""
    return {
        "UNDELIVERED_QUEUE_URL": f"{url}/111122223333/undelivered",
        "AWS_ENDPOINT_URL_SQS": url,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }


def measure_memory(setup: Setup, files: EventFiles, payload_bytes: int) -> Memory:
    """Forwards one event, then the largest payload several times, then parks it, all in a new process."""
    is_ours = setup.contender == "ours"
    with running_collector() as collector:
        environ = setup.environment() | (parking_environment(collector.url) if is_ours else {})
        with running_worker(setup.contender, collector.url, environ) as worker:
            idle = worker.run(files.of(1)).in_use_bytes
            times = 1 if setup.contender == "baseline" else _INVOCATIONS
            peak = parking = worker.run(files.of(files.largest), times).peak_bytes
            if is_ours:
                collector.order(Orders(status=NOT_FOUND))
                parking = worker.run(files.of(files.largest)).peak_bytes
    return Memory(idle, peak, parking, payload_bytes)
