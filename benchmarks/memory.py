"""How much memory a contender takes, idle and at its peak, and the memory size that leaves room for that.

The peak that a memory size has to leave room for is that of the worst day: the collector is away, and the
whole of the largest payload is parked, for which boto3 is imported.
"""

import math
from dataclasses import dataclass

from benchmarks.local_server import LocalServer
from benchmarks.setups import Setup
from benchmarks.throughput import EventFiles
from benchmarks.workers import Worker

SPARE = 0.3  # of the memory size, left over at the peak
SMALLEST_SIZE_MB = 128  # Lambda quotas
_STEP_MB = 64
NOT_FOUND = 404  # what the collector is away with: nothing waits for another try
_INVOCATIONS = 5  # a heap can grow with the second payload


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of the whole process: after one event, and the most while the largest payloads went through.

    `parking_bytes` is the most when such a payload was parked as well; for the others the same as the peak.
    """

    idle_bytes: int
    peak_bytes: int
    parking_bytes: int
    payload_bytes: int

    @property
    def growth_by_payload_size(self) -> float:
        """The peak over the idle handler, as a multiple of the payload's expanded size."""
        return (self.peak_bytes - self.idle_bytes) / self.payload_bytes

    @property
    def smallest_size_mb(self) -> int:
        """The least memory size, in steps of 64 MB, of which the peak leaves the spare part unused."""
        wanted_mb = self.parking_bytes / (1 - SPARE) / 2**20
        return max(math.ceil(wanted_mb / _STEP_MB) * _STEP_MB, SMALLEST_SIZE_MB)


def parking_environment(url: str) -> dict[str, str]:
    """The variables that make SQS of the benchmark's server, for as long as it is also the collector."""
    return {
        "UNDELIVERED_QUEUE_URL": f"{url}/111122223333/undelivered",
        "AWS_ENDPOINT_URL_SQS": url,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }


def measure_memory(setup: Setup, files: EventFiles, payload_bytes: int) -> Memory:
    """In a process of its own: one event, the largest payload several times, and once more to be parked."""
    is_ours = setup.contender == "ours"
    with LocalServer() as server:
        environ = setup.environment() | (parking_environment(server.url) if is_ours else {})
        with Worker(setup.contender, server.url, environ) as worker:
            idle = worker.run(files.of(1)).in_use_bytes
            times = 1 if setup.contender == "baseline" else _INVOCATIONS
            peak = parking = worker.run(files.of(files.largest), times).most_bytes
            if is_ours:
                server.reset(status=NOT_FOUND)
                parking = worker.run(files.of(files.largest)).most_bytes
    return Memory(idle, peak, parking, payload_bytes)
