"""The results of one run, and the ratios that the design requires."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.cold_start import REFERENCE, Start
from benchmarks.cold_start import WITH_DETECTIONS as START_WITH_DETECTIONS
from benchmarks.cold_start import WITHOUT_DETECTIONS as START_WITHOUT_DETECTIONS
from benchmarks.memory import Memory
from benchmarks.payloads import CONTROLLER, REAL_LINES, USER, real_lines_source
from benchmarks.setups import (
    BASELINE,
    LARGEST,
    LIMIT,
    LIMIT_BY_REQUESTS,
    MAIN_DESTINATION,
    MAIN_EVENTS,
    SMALL_EVENTS,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
    Cell,
)
from benchmarks.sweep import Size
from benchmarks.throughput import Figures
from tools.bill.lambda_time import cost_of, stretched_us


@dataclass(frozen=True, slots=True)
class Ratio:
    """A required ratio; `at_most` is True where the bound is an upper one."""

    name: str
    measured: float
    bound: float
    at_most: bool = False

    def __str__(self) -> str:
        """What was measured, and the bound."""
        return f"{self.name}: {self.measured:.3g}, {'at most' if self.at_most else 'at least'} {self.bound:g}"

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
        """The bounds of the design and the measured ratios.

        Where answers come at once, CPU time is compared. The best round of each contender counts, because
        other processes only make it slower. The lines in `events/` are made to match rules, so speeds with
        detections have a bound only for real lines.
        """
        ours, detecting = WITHOUT_DETECTIONS, WITH_DETECTIONS
        yield self._by_cpu("ours / baseline, 10 events, detections off", (ours, BASELINE), 4, SMALL_EVENTS)
        yield self._by_cpu("ours / baseline", (detecting, BASELINE), 12)
        yield self._by_clock("ours / baseline, 5 ms", (detecting, BASELINE), 100)
        small, limit, by_requests = (
            self.of(name, SMALL_EVENTS).cpu_us_per_event.least for name in (ours, LIMIT, LIMIT_BY_REQUESTS)
        )
        yield Ratio("CPU time of 10 events, ours / limit, detections off", small / limit, 2.4, at_most=True)
        name = "CPU time of 10 events, ours / limit by requests, detections off"
        yield Ratio(name, small / by_requests, 1.05, at_most=True)
        yield self._by_cpu("ours / limit, detections off", (ours, LIMIT), 0.65)
        yield self._by_clock("ours / limit, detections off, 5 ms", (ours, LIMIT), 0.85)
        if real_lines_source() == REAL_LINES:
            yield self._by_cpu("ours / limit, 50 events, detections on", (detecting, LIMIT), 0.4, 50)
            yield self._by_cpu("ours / limit, 500 events, detections on", (detecting, LIMIT), 0.45, 500)
            yield self._by_cpu("ours / limit, detections on", (detecting, LIMIT), 0.45)
            yield self._by_cpu(
                "ours / limit, largest payload, detections on", (detecting, LIMIT), 0.45, LARGEST
            )
            name = "ours / limit, detections on, a user's writes"
            yield self._by_cpu(name, (detecting, LIMIT), 0.5, writer=USER)
        baseline_bytes, our_bytes = (self.of(name).wire_bytes_per_event for name in (BASELINE, detecting))
        yield Ratio("wire bytes, baseline / ours", baseline_bytes / our_bytes, 6)
        growth = self.memory[detecting].growth_by_payload_size
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
        largest, of_500 = (self.of(detecting, events).cpu_us_per_event.least for events in (LARGEST, 500))
        yield Ratio("CPU time per event, largest payload / 500 events", largest / of_500, 1.2, at_most=True)
        yield Ratio("connections of 20 warm invocations", self.warm_connections, 1, at_most=True)

    def _by_cpu(
        self,
        name: str,
        pair: tuple[str, str],
        bound: float,
        events: int = MAIN_EVENTS,
        writer: str = CONTROLLER,
    ) -> Ratio:
        """The ratio of events per CPU second."""
        ours, other = (self.of(each, events, writer=writer).cpu_us_per_event.least for each in pair)
        return Ratio(f"{name}, by CPU time", other / ours, bound)

    def _by_clock(self, name: str, pair: tuple[str, str], bound: float) -> Ratio:
        """The ratio of events per second, where each answer takes 5 ms."""
        ours, other = (self.of(each, delay_ms=5).events_per_second.most for each in pair)
        return Ratio(name, ours / other, bound)


def default_memory_size(sizes: list[Size], memory: Memory) -> Size:
    """The cheapest size that survives the largest payload; among equal costs, the largest size.

    Costs within 5% count as equal: that is the difference between two runs.
    """
    surviving = [size for size in sizes if size.memory_mb >= memory.smallest_size_mb]
    cheapest = min(size.cost for size in surviving)
    return [size for size in surviving if size.cost <= cheapest * 1.05][-1]
