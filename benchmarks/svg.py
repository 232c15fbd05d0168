"""Charts of lines as SVG: points of a few series, over axes that may be logarithmic."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 196, 44, 56
# dark enough on white, and apart for those who do not tell red from green (Okabe and Ito)
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#666666")

_FONT = 'font-family="sans-serif" font-size="12" fill="#222"'

type Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis; a linear one begins at 0."""

    label: str
    ticks: tuple[float, ...]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, from 0 to 1."""
        if not self.is_log:
            return value / self.ticks[-1]
        low, high = math.log(self.ticks[0]), math.log(self.ticks[-1])
        return (math.log(value) - low) / (high - low)


def decades(label: str, values: Sequence[float]) -> Axis:
    """A logarithmic axis from one power of ten to another."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return Axis(label, tuple(10.0**power for power in range(low, max(high, low + 1) + 1)), is_log=True)


def from_nought(label: str, values: Sequence[float]) -> Axis:
    """A linear axis with about five ticks."""
    rough = max(values) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return Axis(label, tuple(step * n for n in range(math.ceil(max(values) / step) + 1)))


def line_chart(title: str, x: Axis, y: Axis, series: Mapping[str, Points]) -> str:
    """The chart, its series named at the side."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for tick in y.ticks:
        at = _y(y.at(tick))
        parts.append(f'<path d="M{_LEFT} {at}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4}" text-anchor="end">{tick:,g}</text>')
    parts += [
        f'<text x="{_x(x.at(tick))}" y="{bottom + 18}" text-anchor="middle">{_plain(tick)}</text>'
        for tick in x.ticks
    ]
    parts.append(f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#222"/>')
    middle = (_LEFT + right) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(x.label)}</text>')
    parts.append(
        f'<text transform="translate(18 {(_TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y.label)}</text>"
    )
    for number, (name, points) in enumerate(series.items()):
        parts += _line(name, [(_x(x.at(a)), _y(y.at(b))) for a, b in points], number)
    return "\n".join([*parts, "</svg>", ""])


def _line(name: str, places: Sequence[tuple[float, float]], number: int) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    line = " ".join(f"{x},{y}" for x, y in places)
    side, row = _WIDTH - _RIGHT + 16, _TOP + 12 + 22 * number
    return [
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in places),
        f'<path d="M{side} {row}h18" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{side + 24}" y="{row + 4}">{escape(name)}</text>',
    ]


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _x(part: float) -> float:
    return round(_LEFT + part * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(part: float) -> float:
    return round(_HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM), 1)
