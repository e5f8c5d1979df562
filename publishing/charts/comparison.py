"""The results of a few units over the years in one chart: each with its own mark, lines broken where rules changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import ceil, floor

from django.utils.safestring import SafeString

from cms.numbers import format_points
from publishing.charts.svg import drawing, line, shape, text
from publishing.charts.trend import TrendPoint

TOP, BOTTOM, HEIGHT = 12, 196, 232
LEFT, RIGHT = 10, 96
# Told apart by form first and by colour second, on screen, on paper and with any eyes.
FORMS = (
    "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0Z",
    "M-5 -5H5V5H-5Z",
    "M0 -6.5L6.5 5H-6.5Z",
    "M0 -7L7 0L0 7L-7 0Z",
)
TICKS = 6


@dataclass(frozen=True, slots=True)
class Series:
    """The results of one unit, in order of years."""

    name: str
    points: tuple[TrendPoint, ...]


def comparison(series: Sequence[Series], *, label: str) -> SafeString:
    """Return the chart of up to four series; empty where there are fewer than two points to see."""
    points = [point for one in series for point in one.points]
    if len({point.year for point in points}) < 2:
        return SafeString("")
    scale = _Scale.over(points)
    parts = scale.gridlines() + scale.years() + _breaks(series, scale)
    for number, one in enumerate(series):
        parts += [_joined(before, after, number, scale) for before, after in pairwise(one.points) if not after.breaks]
    for number, one in enumerate(series):
        for point in one.points:
            title = f"{one.name}, {point.year}: {format_points(point.value)} {point.label}".strip()
            parts.append(_mark(number, x=scale.x(point.year), y=scale.y(point.value), title=title))
    return drawing(*parts, height=HEIGHT, label=label, css="comparison")


def series_mark(number: int) -> SafeString:
    """Return the mark of the series of that number (0 to 3), for the key and the heads of tables."""
    return drawing(_mark(number, x=50, y=8, title=""), height=16, label="", css="series-key")


def _mark(number: int, *, x: Decimal | int, y: Decimal | int, title: str) -> str:
    return shape(FORMS[number], x=x, y=y, css=f"series series--{number}", title=title)


def _joined(before: TrendPoint, after: TrendPoint, number: int, scale: _Scale) -> str:
    return line(
        x1=scale.x(before.year),
        y1=scale.y(before.value),
        x2=scale.x(after.year),
        y2=scale.y(after.value),
        css=f"series-line series-line--{number}",
    )


def _breaks(series: Sequence[Series], scale: _Scale) -> list[str]:
    """Return a dotted line before each year whose results may not be set against those before."""
    years = sorted({after.year for one in series for _before, after in pairwise(one.points) if after.breaks})
    places = [scale.x(Decimal(year) - Decimal("0.5")) for year in years]
    return [line(x1=x, y1=TOP - 8, x2=x, y2=BOTTOM + 6, css="mark-break") for x in places]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where years and percentages lie: years from edge to edge, percentages between round figures."""

    first: int
    last: int
    low: int
    high: int
    step: int

    @classmethod
    def over(cls, points: Sequence[TrendPoint]) -> _Scale:
        values = [point.value for point in points]
        span = max(values) - min(values)
        step = 2 if span <= 8 else 5 if span <= 25 else 10
        low, high = floor(min(values) / step) * step, ceil(max(values) / step) * step
        if low == high:
            low, high = (low - step, high) if high == 100 else (low, high + step)
        years = [point.year for point in points]
        return cls(min(years), max(years), low, high, step)

    def x(self, year: int | Decimal) -> Decimal:
        return LEFT + (RIGHT - LEFT) * (Decimal(year) - self.first) / (self.last - self.first)

    def y(self, value: Decimal | int) -> Decimal:
        return BOTTOM - (BOTTOM - TOP) * (Decimal(value) - self.low) / (self.high - self.low)

    def gridlines(self) -> list[str]:
        parts = []
        for at in range(self.low, self.high + 1, self.step):
            y = self.y(at)
            parts.append(line(x1=LEFT - 2, y1=y, x2=RIGHT + 2, y2=y, css="gridline"))
            parts.append(text(str(at), x=LEFT - 4, y=y + 4, css="tick", anchor="end"))
        return parts

    def years(self) -> list[str]:
        step = max(1, -(-(self.last - self.first) // TICKS))
        # Counted from the newest, which is the one that is looked for.
        shown = range(self.last, self.first - 1, -step)
        return [text(str(year), x=self.x(year), y=HEIGHT - 6, css="tick", anchor="middle") for year in shown]
