"""The results of one run, and the ratios that the design requires."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.cold_start import REFERENCE, Start
from benchmarks.cold_start import WITH_DETECTIONS as START_WITH_DETECTIONS
from benchmarks.cold_start import WITHOUT_DETECTIONS as START_WITHOUT_DETECTIONS
from benchmarks.memory import Memory
from benchmarks.payloads import CONTROLLER, USER
from benchmarks.setups import (
    BASELINE,
    LARGEST,
    LIMIT,
    MAIN_DESTINATION,
    MAIN_EVENTS,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
    Cell,
)
from benchmarks.sweep import Size
from benchmarks.throughput import Figures
from tools.bill.lambda_time import cost_of, stretched_us


@dataclass(frozen=True, slots=True)
class Ratio:
    """A required ratio; `at_most` is True where the bound is an upper one.

    `by_cpu` is the same ratio of CPU time instead of wall time: other processes hardly change it.
    """

    name: str
    measured: float
    bound: float
    at_most: bool = False
    by_cpu: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether the measured ratio is within the bound."""
        return self.measured <= self.bound if self.at_most else self.measured >= self.bound


@dataclass(frozen=True, slots=True)
class Results:
    """One run on one machine; `sweeps` is empty where they were not requested or not possible."""

    machine: str
    largest_events: int
    largest_bytes: int
    rounds: int
    figures: dict[Cell, Figures]
    memory: dict[str, Memory]
    warm_connections: int
    starts: list[Start]
    packages: list[tuple[str, float]]
    sweeps: dict[str, list[Size]] = field(default_factory=dict)

    def of(
        self, setup: str, events: int = MAIN_EVENTS, delay_ms: int = 0, writer: str = CONTROLLER
    ) -> Figures:
        """The figures of a setup with the main destination."""
        return next(
            figures
            for cell, figures in self.figures.items()
            if (cell.setup.name, cell.events, cell.delay_ms, cell.writer) == (setup, events, delay_ms, writer)
            and cell.setup.destination is MAIN_DESTINATION
        )

    def cost(self, cell: Cell) -> float:
        """The dollars for a million events with the smallest memory size that holds the largest payload.

        CPU time is stretched to that size's share of a vCPU; waiting is not.
        """
        figures = self.figures[cell]
        size_mb = self.memory[cell.setup.name].smallest_size_mb
        duration_us = stretched_us(figures.wall_us_per_event, figures.cpu_us_per_event.median, size_mb)
        return cost_of(duration_us, size_mb, cell.events or self.largest_events)

    def ratios(self) -> Iterator[Ratio]:
        """The bounds of the design and the measured ratios."""
        ours, detecting, limit = (self.of(name) for name in (WITHOUT_DETECTIONS, WITH_DETECTIONS, LIMIT))
        baseline = self.of(BASELINE)
        slow, slow_baseline = (self.of(name, delay_ms=5) for name in (WITH_DETECTIONS, BASELINE))
        yield _of_speeds("ours / baseline, events per second, 0 ms", detecting, baseline, 12)
        yield _of_speeds("ours / baseline, events per second, 5 ms", slow, slow_baseline, 100)
        yield _of_speeds("ours / limit, detections off", ours, limit, 0.6)
        yield _of_speeds("ours / limit, detections on", detecting, limit, 0.45)
        by_user, limit_by_user = (self.of(name, writer=USER) for name in (WITH_DETECTIONS, LIMIT))
        yield _of_speeds("ours / limit, detections on, a user's writes", by_user, limit_by_user, 0.5)
        bytes_ratio = baseline.wire_bytes_per_event / detecting.wire_bytes_per_event
        yield Ratio("wire bytes, baseline / ours", bytes_ratio, 6)
        growth = self.memory[WITH_DETECTIONS].growth_by_payload_size
        yield Ratio("peak memory over idle / expanded payload", growth, 6, at_most=True)
        imports = {start.program: start.imports.median for start in self.starts if start.compiled}
        import_ratio = imports[START_WITHOUT_DETECTIONS] / imports[REFERENCE]
        yield Ratio("import time / that of Powertools, requests and msgspec", import_ratio, 1.3, at_most=True)
        started = {
            start.program: start.imports.median + start.first_invocation.median
            for start in self.starts
            if start.compiled
        }
        start_ratio = started[START_WITH_DETECTIONS] / started[START_WITHOUT_DETECTIONS]
        yield Ratio("cold start, detections on / off", start_ratio, 1.5, at_most=True)
        small, largest = self.of(WITH_DETECTIONS, 500), self.of(WITH_DETECTIONS, LARGEST)
        yield _of_speeds("time per event, largest payload / 500 events", small, largest, 1.2, at_most=True)
        yield Ratio("connections of 20 warm invocations", self.warm_connections, 1, at_most=True)


def _of_speeds(name: str, ours: Figures, others: Figures, bound: float, *, at_most: bool = False) -> Ratio:
    """The ratio of two setups' events per second."""
    return Ratio(
        name,
        ours.events_per_second.median / others.events_per_second.median,
        bound,
        at_most,
        by_cpu=others.cpu_us_per_event.median / ours.cpu_us_per_event.median,
    )


def default_memory_size(sizes: list[Size], memory: Memory) -> Size:
    """The cheapest size that survives the largest payload; among equal costs, the largest size.

    Costs within 5% count as equal: that is the difference between two runs.
    """
    surviving = [size for size in sizes if size.memory_mb >= memory.smallest_size_mb]
    cheapest = min(size.cost for size in surviving)
    return [size for size in surviving if size.cost <= cheapest * 1.05][-1]
