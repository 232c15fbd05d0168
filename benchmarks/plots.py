"""The plots of docs/performance.md."""

from benchmarks.results import Results
from benchmarks.setups import (
    BARE_LIMIT,
    BASELINE,
    DELAYS_MS,
    EVENTS,
    LARGEST,
    LIMIT,
    QUIET,
    WITH_DETECTIONS,
    WITHOUT_DETECTIONS,
)
from benchmarks.svg import Axis, Points, decades, from_nought, line_chart

_NAMES = (WITHOUT_DETECTIONS, WITH_DETECTIONS, QUIET, BASELINE, LIMIT, BARE_LIMIT)


def plots(results: Results) -> dict[str, str]:
    """File names, each with its SVG."""
    return {
        "throughput.svg": _throughput(results),
        "round-trip.svg": _round_trip(results),
        "growth.svg": _growth(results),
        **({"memory-size.svg": _memory_size(results)} if results.sweeps else {}),
    }


def _payloads(results: Results) -> Axis:
    return Axis("events in the payload", (*EVENTS, results.largest_events), is_log=True)


def _by_payload(results: Results, name: str) -> Points:
    return [
        (events or results.largest_events, results.of(name, events).events_per_second.median)
        for events in (*EVENTS, LARGEST)
    ]


def _throughput(results: Results) -> str:
    series = {name: _by_payload(results, name) for name in _NAMES}
    values = [value for points in series.values() for _, value in points]
    title = "Throughput by payload, no added round-trip time"
    return line_chart(title, _payloads(results), decades("events a second", values), series)


def _round_trip(results: Results) -> str:
    series: dict[str, Points] = {
        name: [
            (delay_ms, results.of(name, delay_ms=delay_ms).events_per_second.median) for delay_ms in DELAYS_MS
        ]
        for name in _NAMES
    }
    values = [value for points in series.values() for _, value in points]
    x = Axis("milliseconds added before each answer", tuple(map(float, DELAYS_MS)))
    return line_chart("Ours, baseline and limit, 2,000 events", x, decades("events a second", values), series)


def _growth(results: Results) -> str:
    series: dict[str, Points] = {
        name: [(events, 1e6 / speed) for events, speed in _by_payload(results, name)]
        for name in (WITHOUT_DETECTIONS, WITH_DETECTIONS, QUIET, LIMIT)
    }
    values = [value for points in series.values() for _, value in points]
    y = from_nought("microseconds an event", values)
    return line_chart("Growth with payload size", _payloads(results), y, series)


def _memory_size(results: Results) -> str:
    series: dict[str, Points] = {
        name: [(size.memory_mb, size.cost.total) for size in sizes] for name, sizes in results.sweeps.items()
    }
    values = [value for points in series.values() for _, value in points]
    ticks = (128.0, 256.0, 512.0, 1024.0, 1769.0, 3008.0)
    x = Axis("memory size, MB", ticks, is_log=True)
    y = decades("dollars for a million events", values)
    return line_chart("Cost by memory size, 2,000 events, 5 ms", x, y, series)
