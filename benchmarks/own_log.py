"""What an invocation writes into its own log, and how many custom metrics CloudWatch makes of it.

AWS bills both. Lambda's own lines (START, END, REPORT) are not counted: no setting of ours changes them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice

from benchmarks.payloads import real_lines
from tools import ROOT, make_event
from tools.lambda_context import lambda_context
from tools.listener import running_listener
from tools.make_event import LOG_TYPES_OF_LINES, example_lines

MAX_HEALTHY_BYTES = 1300  # of 50 lease updates
MAX_LINES_BYTES = 3600  # of 100 real lines, with their detections
# The two bounds above are older than ApiLatency: they leave its documents out, and these hold them alone.
MAX_HEALTHY_LATENCY_BYTES = 750
MAX_LINES_LATENCY_BYTES = 1700
MAX_METRICS = 36  # of one healthy cluster with five log types
MAX_FURTHER_METRICS = 6  # of each further cluster

_LEASE = '"resource":"leases"'
_CLUSTERS = ("demo", "another")
_LATENCY = '"Name":"ApiLatency"'
_END = "-- end of the invocation --"
# of a cluster that nobody attacks
_UNHEALTHY = frozenset({"Detections", "AuthenticationFailures", "EventsParked", "EventsRejected"})


@dataclass(frozen=True, slots=True)
class OwnLog:
    """Bytes of an invocation's log, and custom metrics of one cluster and of a second one.

    `…_latency_bytes` are those of the documents of ApiLatency, which the other figures leave out.

    The example lines in `events/` are made to match rules, so only real lines have a bound.
    """

    healthy_bytes: int
    healthy_latency_bytes: int
    lines_bytes: int
    lines_latency_bytes: int
    metrics: int
    further_metrics: int

    def rows(self) -> list[tuple[str, int, int]]:
        """What was measured, the figure and its bound."""
        of_lines = [
            ("own log of 100 real lines, bytes", self.lines_bytes, MAX_LINES_BYTES),
            ("  and of ApiLatency", self.lines_latency_bytes, MAX_LINES_LATENCY_BYTES),
        ]
        return [
            ("own log of 50 lease updates, bytes", self.healthy_bytes, MAX_HEALTHY_BYTES),
            ("  and of ApiLatency", self.healthy_latency_bytes, MAX_HEALTHY_LATENCY_BYTES),
            *(of_lines if os.environ.get("EKS_LOG_CORPUS") else []),
            ("custom metrics of one cluster", self.metrics, MAX_METRICS),
            ("custom metrics of each further cluster", self.further_metrics, MAX_FURTHER_METRICS),
        ]

    def table(self) -> str:
        """The figures beside their bounds."""
        lines = [f"{name:<42}{value:>7,} (at most {bound:,})" for name, value, bound in self.rows()]
        return "\n".join(lines)

    def faults(self) -> list[str]:
        """The figures above their bounds."""
        return [f"{name}: {value:,}" for name, value, bound in self.rows() if value > bound]


def measure_own_log() -> OwnLog:
    """Forwards the payloads in a process of its own and reads what it prints."""
    with running_listener(token=None) as listener:
        done = subprocess.run(  # our own module
            [sys.executable, "-W", "ignore", "-m", "benchmarks.own_log"],
            cwd=ROOT,
            env={
                "PATH": os.environ.get("PATH", ""),
                "AWS_REGION": "eu-central-1",
                "DESTINATION_URL": listener.url,
                "POWERTOOLS_SERVICE_NAME": "eks-log-forwarder",
                **{name: value for name, value in os.environ.items() if name == "EKS_LOG_CORPUS"},
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    _, healthy, lines, *rest = done.stdout.split(f"{_END}\n")
    of_first, of_all = (_metrics(rest[: len(rest) // 2]), _metrics(rest))
    return OwnLog(*_bytes(healthy), *_bytes(lines), len(of_first), len(of_all - of_first))


def _bytes(log: str) -> tuple[int, int]:
    """The bytes of a log without the documents of ApiLatency, and those of these documents."""
    latency = sum(len(line.encode()) for line in log.splitlines(keepends=True) if _LATENCY in line)
    return len(log.encode()) - latency, latency


def _metrics(logs: Iterable[str]) -> set[tuple[str, ...]]:
    """Each name with the values of its dimensions, as CloudWatch counts custom metrics."""
    found: set[tuple[str, ...]] = set()
    for line in (line for log in logs for line in log.splitlines() if line.startswith('{"_aws"')):
        document = json.loads(line)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                values = tuple(f"{name}={document[name]}" for name in sorted(names))
                found |= {(metric["Name"], *values) for metric in directive["Metrics"]}
    return {metric for metric in found if metric[0] not in _UNHEALTHY}


def _events() -> Iterator[dict[str, object]]:
    """A warm-up, the two measured payloads, then everything that each of the clusters logs."""
    lines = real_lines()
    leases = [line for line in lines if _LEASE in line]
    sample = lines[:: max(1, len(lines) // 100)]
    for some in (leases[:1], list(islice(cycle(leases), 50)), list(islice(cycle(sample), 100))):
        yield _event(some, "audit", _CLUSTERS[0])
    for cluster in _CLUSTERS:
        yield json.loads((make_event.EVENTS / "control-message.json").read_text(encoding="utf-8"))
        yield _event(lines, "audit", cluster)
        for stem, log_type in LOG_TYPES_OF_LINES.items():
            yield _event(example_lines(stem), log_type, cluster)


def _event(lines: list[str], log_type: str, cluster: str) -> dict[str, object]:
    source = make_event.Source(make_event.stream_name(log_type, cluster), cluster)
    return json.loads(make_event.encode_event(make_event.data_message(lines, source)))  # type: ignore[no-any-return]


def main() -> None:
    """Forwards every payload; a mark follows what each one prints."""
    from eks_log_forwarder.forward_handler import handler  # noqa: PLC0415  # the environment comes first

    for event in _events():
        handler(event, lambda_context())
        sys.stdout.write(f"{_END}\n")


if __name__ == "__main__":
    main()
