"""The plots of the page as inline SVG, whose colours are those of the page's style, light and dark."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

MAX_BARS = 72  # more hours than these are shown as days

# Colours that no plot has otherwise; each becomes a variable of the page's style sheet.
_VARIABLES = {
    "#010101": "var(--ink)",
    "#020202": "var(--rule)",
    **{f"#0{number}0{number}03": f"var(--series-{number})" for number in range(1, 7)},
}
_SERIES = [colour for colour, name in _VARIABLES.items() if "series" in name]
_STYLE: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=_SERIES),
    "axes.edgecolor": "#020202",
    "axes.labelcolor": "#010101",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "font.family": "sans-serif",
    "font.size": 10,
    "grid.color": "#020202",
    "grid.linewidth": 0.6,
    "legend.labelcolor": "#010101",
    "text.color": "#010101",
    "xtick.color": "#010101",
    "ytick.color": "#010101",
    "svg.fonttype": "none",
}
_INCHES = (8.4, 2.7)

type Series = Mapping[str, Sequence[float]]


def stacked(name: str, labels: Sequence[str], series: Series, unit: str) -> str:
    """Bars of several series on top of each other, one bar for each label."""
    figure, axes = _figure()
    base = [0.0] * len(labels)
    for title, values in series.items():
        axes.bar(range(len(labels)), values, bottom=base, label=title, width=0.8)
        base = [low + value for low, value in zip(base, values, strict=True)]
    step = max(1, -(-len(labels) // 8))
    axes.set_xticks(range(0, len(labels), step), labels[::step])
    _finish(axes, "y", unit)
    if len(series) > 1:
        figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return _svg(figure, name)


def grouped(name: str, labels: Sequence[str], series: Series, unit: str, *, is_log: bool = False) -> str:
    """Horizontal bars of several series beside each other; the first label is at the top."""
    figure, axes = _figure(height=0.9 + 0.24 * len(labels) * len(series))
    thick = 0.8 / len(series)
    for number, (title, values) in enumerate(series.items()):
        places = [row + (number - (len(series) - 1) / 2) * thick for row in range(len(labels))]
        bars = axes.barh(places, values, height=thick, label=title)
        axes.bar_label(bars, [_number(value) for value in values], padding=3, fontsize=9)
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    if is_log:
        axes.set_xscale("log")
    _finish(axes, "x", unit, is_log=is_log)
    if len(series) > 1:
        figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return _svg(figure, name)


def _figure(height: float = _INCHES[1]) -> tuple[Figure, Any]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_INCHES[0], height), layout="constrained")
        return figure, figure.add_subplot()


def _finish(axes: Any, value_axis: str, unit: str, *, is_log: bool = False) -> None:  # noqa: ANN401  # matplotlib has no types here
    with mpl.rc_context(_STYLE):
        axes.grid(visible=True, axis=value_axis)
        axis = axes.yaxis if value_axis == "y" else axes.xaxis
        if not is_log:
            axis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
        axis.set_label_text(unit)
        axes.tick_params(length=0)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"  # noqa: PLR2004  # three digits say enough


def _svg(figure: Figure, name: str) -> str:
    """The figure as an element of HTML; `name` keeps its ids apart from those of other plots."""
    text = io.StringIO()
    with mpl.rc_context(_STYLE | {"svg.hashsalt": name}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[a-z][a-z0-9_.]*_\d+"', "", svg)  # nothing refers to them
    svg = re.sub(r'^<svg [^>]*?(viewBox="[^"]+")[^>]*>', r'<svg \1 role="img" aria-hidden="true">', svg)
    svg = svg.replace("xlink:href", "href")
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip())
