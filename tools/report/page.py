"""The report as one page of HTML that loads nothing."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from tools.bill.shown import dollars
from tools.report.plots import MAX_BARS, grouped, stacked
from tools.report.volume import NO_TIME

_KILO = 1000
_BREAK = re.compile(r"(?<=[:/.@])(?=\w)")  # where a long name may continue on the next line
_DAY_CHARACTERS = len("2026-01-31")

type Figures = Mapping[str, Any]
"""A report as JSON, see `Report.as_json`."""


def page(figures: Figures) -> str:
    """The page; every text of the figures is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": _count,
        "size": size,
        "percent": percent,
        "ms": _ms,
        "dollars": dollars,
        "breakable": _breakable,
    }
    plots = {name: Markup(svg) for name, svg in _plots(figures).items()}  # noqa: S704  # matplotlib escapes
    return environment.get_template("page.html.j2").render(report=figures, plots=plots)


def size(number: float) -> str:
    """Bytes for a reader: `1.5 MB`."""
    for unit in ("bytes", "kB", "MB"):
        if abs(number) < _KILO:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= _KILO
    return f"{number:,.1f} GB"


def percent(part: float, whole: float) -> str:
    """A share for a reader: `48%`."""
    return f"{100 * part / whole:.0f}%" if whole else "0%"


def _breakable(text: object) -> Markup:
    return Markup("<wbr>").join(escape(part) for part in _BREAK.split(str(text)))


def _count(number: int) -> str:
    return f"{number:,}"


def _ms(number: float) -> str:
    return f"{number:,.1f}" if number < _KILO else f"{number:,.0f}"


def _plots(figures: Figures) -> dict[str, str]:
    plots = {}
    volume, latency = figures["volume"], figures["latency"]["by_verb"]
    labels, series = _over_time(volume["by_hour"])
    if labels:
        plots["hours"] = stacked("hours", labels, series, "events")
    if verbs := volume["by_verb"][:8]:
        values = {"events": [one["events"] for one in verbs]}
        plots["verbs"] = grouped("verbs", [one["verb"] for one in verbs], values, "events")
    if latency:
        values = {name: [max(one[f"{name}_ms"], 0.1) for one in latency] for name in ("p50", "p99")}
        names = [one["verb"] for one in latency]
        plots["latency"] = grouped("latency", names, values, "milliseconds", is_log=True)
    policies = figures["audit_policies"]["policies"]
    if any(any(one["events"].values()) for one in policies.values()):
        values = {
            action: [one["events"][action] for one in policies.values()]
            for action in ("keep", "trim", "drop")
        }
        plots["policies"] = grouped("policies", list(policies), values, "events")
    return plots


def _over_time(hours: list[dict[str, Any]]) -> tuple[list[str], dict[str, list[float]]]:
    """The labels and the events of each log type, by hour, or by day where the hours are too many."""
    dated = [one for one in hours if one["hour"] != NO_TIME]
    characters = len("2026-01-31T10") if len({one["hour"] for one in dated}) <= MAX_BARS else _DAY_CHARACTERS
    labels = sorted({one["hour"][:characters] for one in dated})
    position = {label: number for number, label in enumerate(labels)}
    series: dict[str, list[float]] = {}
    for one in dated:
        values = series.setdefault(one["log_type"], [0.0] * len(labels))
        values[position[one["hour"][:characters]]] += one["events"]
    largest_first = dict(sorted(series.items(), key=lambda item: -sum(item[1])))
    return [label.replace("T", "\n") + "h" * ("T" in label) for label in labels], largest_first
