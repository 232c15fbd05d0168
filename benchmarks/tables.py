"""The results of a run as Markdown tables, which are readable in a terminal too."""

from collections.abc import Iterable

from benchmarks.payloads import CONTROLLER
from benchmarks.results import Results
from benchmarks.setups import Cell
from benchmarks.throughput import Spread
from tools.markdown import table


def ratios(results: Results) -> str:
    """The bounds, and whether this run meets them."""
    rows = [
        (
            ratio.name,
            f"{'at most' if ratio.at_most else 'at least'} {ratio.bound:g}",
            f"{ratio.measured:.3g}",
            "yes" if ratio.is_met else "NO",
        )
        for ratio in results.ratios()
    ]
    return table(("ratio", "bound", "measured", "met"), rows)


def throughput(results: Results, cells: Iterable[Cell], *, by_destination: bool = False) -> str:
    """The figures of some cells."""
    head = (
        "contender",
        "events",
        "ms",
        "events/s (min-max)",
        "CPU us/event",
        "CPU ms",
        "requests",
        "bytes/event",
        "kB sent",
        "$/M",
    )
    rows = []
    for cell in cells:
        figures = results.figures[cell]
        events = cell.events or results.largest_events
        name = cell.setup.name if cell.writer == CONTROLLER else f"{cell.setup.name}; a user's writes"
        rows.append((
            f"{cell.setup.destination}, {name}" if by_destination else name,
            f"{events}" if figures.events == events else f"{events} ({figures.events})",
            f"{cell.delay_ms}",
            _spread(figures.events_per_second),
            f"{figures.cpu_us_per_event.median:.1f}",
            f"{figures.cpu_ms:.2f}",
            f"{figures.requests:g}",
            f"{figures.wire_bytes_per_event:.0f}",
            f"{figures.wire_bytes_per_event * figures.events / 1000:.1f}",
            f"{results.cost(cell):.5f}",
        ))  # fmt: skip
    return table(head, rows)


def memory(results: Results) -> str:
    """Memory, idle and at the peak."""
    rows = []
    for name, one in results.memory.items():
        sizes = (f"{size / 2**20:.0f}" for size in (one.idle_bytes, one.peak_bytes, one.parking_bytes))
        rows.append((name, *sizes, f"{one.growth_by_payload_size:.1f}", f"{one.smallest_size_mb}"))
    head = ("contender", "idle MB", "peak MB", "peak, parking", "over idle / payload", "smallest size MB")
    return table(head, rows)


def sizes(results: Results, setup: str) -> str:
    """The cost of each memory size."""
    rows = [
        (
            f"{size.memory_mb}",
            f"{size.billed_ms:.0f}",
            f"{size.parking_ms / 1000:.1f}",
            f"{size.cost:.5f}",
            "yes" if size.memory_mb >= results.memory[setup].smallest_size_mb else "no",
        )
        for size in results.sweeps[setup]
    ]
    return table(("MB", "billed ms", "parking, s", "$/M events", "30 % to spare"), rows)


def starts(results: Results) -> str:
    """Cold starts, in milliseconds of CPU."""
    rows = [
        (
            f"{start.program}, {'with' if start.compiled else 'without'} bytecode",
            _spread(start.imports, 1000),
            _spread(start.first_invocation, 1000) if start.first_invocation.median > 0.001 else "",  # noqa: PLR2004  # a ms
        )
        for start in results.starts
    ]
    return table(("cold start", "imports, ms (min-max)", "first invocation, ms (min-max)"), rows)


def packages(results: Results) -> str:
    """The import time of each dependency, with detections on."""
    rows = [(name, f"{milliseconds:.0f}") for name, milliseconds in results.packages if milliseconds >= 1]
    return table(("package", "ms"), rows)


def _spread(spread: Spread, factor: float = 1) -> str:
    least, middle, most = (value * factor for value in (spread.least, spread.median, spread.most))
    return f"{middle:,.0f} ({least:,.0f}-{most:,.0f})"
