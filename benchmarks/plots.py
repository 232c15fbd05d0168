"""The plots of docs/performance.md, as SVG; the same results give the same bytes."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.results import Results
from benchmarks.setups import (
    BASELINE,
    DELAYS_MS,
    EVENTS,
    LARGEST,
    LIMIT,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
)

_NAMES = (WITHOUT_DETECTIONS, WITH_DETECTIONS, BASELINE, LIMIT)
_STYLE: dict[Any, Any] = {
    # dark enough on white, and distinct for colour-blind readers (Okabe and Ito)
    "axes.prop_cycle": cycler(color=["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#666666"]),
    "axes.grid": True,
    "grid.color": "#dddddd",
    "lines.marker": "o",
    "svg.fonttype": "none",
    "svg.hashsalt": "benchmarks",  # element ids would be random without it
}

type Series = Mapping[str, Sequence[tuple[float, float]]]


def plots(results: Results) -> dict[str, str]:
    """The SVG of each plot, by file name."""
    payloads = ("events in the payload", (*EVENTS, results.largest_events))
    by_payload = {name: _by_payload(results, name) for name in _NAMES}
    by_delay = {
        name: [(ms, results.of(name, delay_ms=ms).events_per_second.median) for ms in DELAYS_MS]
        for name in _NAMES
    }
    time_by_payload = {
        name: [(events, 1e6 / speed) for events, speed in by_payload[name]]
        for name in (WITHOUT_DETECTIONS, WITH_DETECTIONS, LIMIT)
    }
    charts = {
        "throughput.svg": chart(
            "Throughput by payload, no added round-trip time", payloads, "events per second", by_payload, "xy"
        ),
        "round-trip.svg": chart(
            "Throughput by round-trip time, 2,000 events",
            ("milliseconds added before each answer", DELAYS_MS),
            "events per second",
            by_delay,
            "y",
        ),
        "growth.svg": chart(
            "Time per event by payload", payloads, "microseconds per event", time_by_payload, "x"
        ),
    }
    if results.sweeps:
        cost = {name: [(one.memory_mb, one.cost) for one in all_] for name, all_ in results.sweeps.items()}
        sizes = ("memory size, MB", (128, 256, 512, 1024, 1769, 3008))
        charts["memory-size.svg"] = chart(
            "Cost by memory size, 2,000 events, 5 ms", sizes, "dollars per million events", cost, "xy"
        )
    return {name: svg(figure) for name, figure in charts.items()}


def _by_payload(results: Results, name: str) -> list[tuple[float, float]]:
    return [
        (events or results.largest_events, results.of(name, events).events_per_second.median)
        for events in (*EVENTS, LARGEST)
    ]


def chart(title: str, x: tuple[str, Iterable[float]], y_label: str, series: Series, log: str) -> Figure:
    """A line for each series; `x` is the label and the ticks, `log` names the logarithmic axes."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 4.75), layout="constrained")
        axes = figure.add_subplot(title=title, xlabel=x[0], ylabel=y_label)
        for name, points in series.items():
            axes.plot(*zip(*points, strict=True), label=name)
        if "x" in log:
            axes.set_xscale("log")
        if "y" in log:
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(FixedLocator(list(x[1])))
        axes.xaxis.set_minor_locator(NullLocator())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
        figure.legend(loc="outside right upper", frameon=False)
        return figure


def svg(figure: Figure) -> str:
    """The figure as SVG, without the date and the version of matplotlib."""
    text = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())
