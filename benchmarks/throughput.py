"""Measures the cells of the table: round after round, so that what disturbs the machine meets them all."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.local_server import LocalServer
from benchmarks.payloads import payload_of
from benchmarks.server import Counts
from benchmarks.setups import Cell, Setup
from benchmarks.workers import Sample, Worker

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
    """What one cell came to; requests and connections are those of one warm invocation."""

    events: int
    events_per_second: Spread
    cpu_us_per_event: Spread
    wall_us_per_event: float
    requests: float
    connections: float
    wire_bytes_per_event: float


class EventFiles:
    """The events of payloads, as files that workers read; each is made once."""

    def __init__(self, folder: Path, largest: int) -> None:
        self._folder = folder
        self.largest = largest

    def of(self, events: int) -> Path:
        """The file of a payload of so many events."""
        path = self._folder / f"{events}.json"
        if not path.exists():
            path.write_text(json.dumps(payload_of(events).event), encoding="ascii")
        return path


def measure(cells: Sequence[Cell], files: EventFiles, rounds: int) -> dict[Cell, Figures]:
    """The figures of each cell, over so many rounds after a start that warms up.

    Within a round, those that are compared follow each other: the same destination, delay and payload.
    """
    in_order = sorted(cells, key=lambda cell: (cell.setup.destination, cell.delay_ms, cell.events))
    samples: dict[Cell, list[Sample]] = {cell: [] for cell in cells}
    counts: dict[Cell, Counts] = {}
    with ExitStack() as stack:
        server = stack.enter_context(LocalServer())
        workers = {
            setup: stack.enter_context(Worker(setup.contender, server.url, setup.environment()))
            for setup in dict.fromkeys(cell.setup for cell in cells)
        }
        for worker in workers.values():
            worker.run(files.of(50), times=2)
        for _ in range(rounds):
            for cell in in_order:
                server.reset(delay_ms=cell.delay_ms)
                samples[cell].append(_sample(cell, workers[cell.setup], files))
                counts[cell] = server.counts()
    return {cell: _figures(cell, samples[cell], counts[cell], files.largest) for cell in cells}


def _repeats(cell: Cell, largest: int) -> int:
    if cell.setup.contender == "baseline":
        return 1
    return max(_EVENTS_PER_ROUND // cell.measured_events(largest), 1)


def _sample(cell: Cell, worker: Worker, files: EventFiles) -> Sample:
    repeats = _repeats(cell, files.largest)
    taken = worker.run(files.of(cell.measured_events(files.largest)), repeats).samples
    return Sample(
        sum(sample.wall_seconds for sample in taken) / repeats,
        sum(sample.cpu_seconds for sample in taken) / repeats,
    )


def _figures(cell: Cell, samples: Sequence[Sample], counts: Counts, largest: int) -> Figures:
    events, repeats = cell.measured_events(largest), _repeats(cell, largest)
    return Figures(
        events=events,
        events_per_second=Spread.of([events / sample.wall_seconds for sample in samples]),
        cpu_us_per_event=Spread.of([sample.cpu_seconds / events * 1e6 for sample in samples]),
        wall_us_per_event=median(sample.wall_seconds for sample in samples) / events * 1e6,
        requests=counts.requests / repeats,
        connections=counts.connections,
        wire_bytes_per_event=counts.wire_bytes / repeats / events,
    )


def connections_of_warm_invocations(setup: Setup, files: EventFiles, invocations: int) -> int:
    """How many connections so many invocations use, once the container is warm."""
    with LocalServer() as server, Worker(setup.contender, server.url, setup.environment()) as worker:
        worker.run(files.of(50))
        server.reset()
        worker.run(files.of(50), invocations)
        return server.counts().connections
