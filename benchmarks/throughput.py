"""Measures the cells of the table round after round, so that disturbances affect all alike."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.payloads import CONTROLLER, payload_of
from benchmarks.setups import Cell, Setup
from benchmarks.worker import Sample, Worker, running_worker
from tools.collector import Orders, Report, running_collector

_EVENTS_PER_ROUND = 1000  # a short invocation is repeated, and the mean of its times is one sample


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several rounds, with the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one cell; requests and connections are those of one warm invocation."""

    events: int
    events_per_second: Spread
    cpu_us_per_event: Spread
    wall_us_per_event: float
    requests: float
    connections: float
    wire_bytes_per_event: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds of an invocation."""
        return self.cpu_us_per_event.median * self.events / 1000


@dataclass(frozen=True, slots=True)
class EventFiles:
    """The events with the payloads, as files that workers read; each is made once."""

    folder: Path
    largest: int

    def of(self, events: int, writer: str = CONTROLLER) -> Path:
        """The file for a payload of so many log events, whose bodies this user wrote."""
        path = self.folder / f"{events}-{writer.rpartition(':')[2]}.json"
        if not path.exists():
            path.write_text(json.dumps(payload_of(events, writer).event), encoding="ascii")
        return path


def measure(cells: Sequence[Cell], files: EventFiles, rounds: int) -> dict[Cell, Figures]:
    """The figures of each cell over so many rounds, after a warm-up.

    Within a round, comparable cells follow each other: same destination, writer, delay and payload.
    """
    in_order = sorted(
        cells, key=lambda cell: (cell.setup.destination, cell.writer, cell.delay_ms, cell.events)
    )
    samples: dict[Cell, list[Sample]] = {cell: [] for cell in cells}
    reports: dict[Cell, Report] = {}
    with ExitStack() as stack:
        collector = stack.enter_context(running_collector())
        workers = {
            setup: stack.enter_context(running_worker(setup.contender, collector.url, setup.environment()))
            for setup in dict.fromkeys(cell.setup for cell in cells)
        }
        for worker in workers.values():
            worker.run(files.of(50), times=2)
        for _ in range(rounds):
            for cell in in_order:
                collector.order(Orders(delay_ms=cell.delay_ms))
                samples[cell].append(_sample(cell, workers[cell.setup], files))
                reports[cell] = collector.report()
                if not reports[cell].requests:
                    msg = f"{cell.setup.name} sent nothing to the collector"
                    raise RuntimeError(msg)
    return {cell: _figures(cell, samples[cell], reports[cell], files.largest) for cell in cells}


def _repeats(cell: Cell, largest: int) -> int:
    if cell.setup.contender == "baseline":
        return 1
    return max(_EVENTS_PER_ROUND // cell.measured_events(largest), 1)


def _sample(cell: Cell, worker: Worker, files: EventFiles) -> Sample:
    repeats = _repeats(cell, files.largest)
    samples = worker.run(files.of(cell.measured_events(files.largest), cell.writer), repeats).samples
    wall, cpu = sum(one.wall_seconds for one in samples), sum(one.cpu_seconds for one in samples)
    return Sample(wall / repeats, cpu / repeats)


def _figures(cell: Cell, samples: Sequence[Sample], report: Report, largest: int) -> Figures:
    events, repeats = cell.measured_events(largest), _repeats(cell, largest)
    return Figures(
        events=events,
        events_per_second=Spread.of([events / sample.wall_seconds for sample in samples]),
        cpu_us_per_event=Spread.of([sample.cpu_seconds / events * 1e6 for sample in samples]),
        wall_us_per_event=median(sample.wall_seconds for sample in samples) / events * 1e6,
        requests=report.requests / repeats,
        connections=report.connections,
        wire_bytes_per_event=report.wire_bytes / repeats / events,
    )


def connections_of_warm_invocations(setup: Setup, files: EventFiles, invocations: int) -> int:
    """The number of connections that so many invocations of a warm container use."""
    with (
        running_collector() as collector,
        running_worker(setup.contender, collector.url, setup.environment()) as worker,
    ):
        worker.run(files.of(50))
        collector.order(Orders())
        worker.run(files.of(50), invocations)
        return collector.report().connections
