"""Writes docs/performance.md and its plots from the results of one run."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import tables
from benchmarks.payloads import real_lines_source
from benchmarks.plots import plots
from benchmarks.results import Results, default_memory_size
from benchmarks.setups import MAIN_DESTINATION, MAIN_EVENTS, WITH_DETECTIONS, Cell
from tools.bill.lambda_time import ONE_VCPU_MB
from tools.bill.prices import prices

_TEMPLATE = Path(__file__).parent / "performance.md"
_PLOTS = "performance"


def write_report(results: Results, docs: Path) -> None:
    """Writes the page and the plots; the text around the tables is in benchmarks/performance.md."""
    folder = docs / _PLOTS
    folder.mkdir(exist_ok=True)
    for name, svg in plots(results).items():
        (folder / name).write_text(svg, encoding="utf-8")
    page = _TEMPLATE.read_text(encoding="utf-8")
    for name, text in _parts(results).items():
        page = page.replace("{{" + name + "}}", text)
    (docs / "performance.md").write_text(page, encoding="utf-8")


def _parts(results: Results) -> dict[str, str]:
    cells = list(results.figures)
    main = [cell for cell in cells if cell.setup.destination is MAIN_DESTINATION]
    main_payload = (cell for cell in cells if (cell.events, cell.delay_ms) == (MAIN_EVENTS, 0))
    others = [cell for cell in main_payload if cell.setup.destination is not MAIN_DESTINATION]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": results.machine,
        "rounds": str(results.rounds),
        "lines": real_lines_source(),
        "largest_events": f"{results.largest_events:,}",
        "largest_mb": f"{results.largest_bytes / 1e6:.1f}",
        "dollars_per_gb_second": prices().prices["lambda_gb_second"].shown(),
        "dollars_per_million_requests": f"{prices().prices['lambda_request'].dollars:.2f}",
        "one_vcpu_mb": f"{ONE_VCPU_MB:,}",
        "ratios": tables.ratios(results),
        "throughput": tables.throughput(results, _in_order(main)),
        "destinations": tables.throughput(results, _in_order(others), by_destination=True),
        "memory": tables.memory(results),
        "starts": tables.starts(results),
        "packages": tables.packages(results),
        "sizes": _sizes(results),
        "default_size": _default_size(results),
    }


def _in_order(cells: Iterable[Cell]) -> list[Cell]:
    """Sorted by delay and payload, to group the contenders."""
    return sorted(cells, key=lambda cell: (cell.delay_ms, cell.events or 1_000_000))


def _sizes(results: Results) -> str:
    if not results.sweeps:
        return "Not measured: this machine does not let the benchmark make control groups."
    return "\n\n".join(f"**{name}**\n\n{tables.sizes(results, name)}" for name in results.sweeps)


def _default_size(results: Results) -> str:
    if WITH_DETECTIONS not in results.sweeps:
        return "not measured"
    size = default_memory_size(results.sweeps[WITH_DETECTIONS], results.memory[WITH_DETECTIONS])
    return f"{size.memory_mb} MB"
