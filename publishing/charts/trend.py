"""The trend of a unit over the years, broken where results are not comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.utils.safestring import SafeString

from cms.numbers import format_points
from publishing.charts.svg import circle, drawing, line, text

TOP, BOTTOM, HEIGHT = 34, 170, 200
FEW = 6


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One year's result. `breaks`: the line does not run on from the point before it. `css` marks another unit.

    `shifted`: the line runs on, with a mark that what is measured changed.
    """

    year: int
    value: Decimal
    breaks: bool = False
    shifted: bool = False
    label: str = ""
    css: str = "mark-dot"


def trend(points: Sequence[TrendPoint], *, others: Sequence[TrendPoint] = (), label: str) -> SafeString:
    """Return the chart; points in order of years, `others` are dots that no line joins.

    Where there are many points, only ends and extremes carry their figure.
    """
    everything = (*others, *points)
    if not everything:
        return SafeString("")
    years = [point.year for point in everything]
    first, last = min(years), max(years)
    values = [point.value for point in everything]
    low, high = min(values), max(values)
    parts = [line(x1=3, y1=BOTTOM + 8, x2=97, y2=BOTTOM + 8, css="axis")]
    parts += _ticks(first, last)
    parts += _breaks(points, first, last)
    parts += _lines(points, first, last, low, high, "mark-line")
    named = _named(points)
    for point in everything:
        x, y = _x(point.year, first, last), _y(point.value, low, high)
        title = f"{point.year}: {format_points(point.value)} {point.label}".strip()
        parts.append(circle(x=x, y=y, radius=5, css=point.css, title=title))
        if point in named:
            parts.append(text(format_points(point.value), x=x, y=y - 12, css="value", anchor=_anchor(x)))
    return drawing(*parts, height=HEIGHT, label=label)


def _x(year: int, first: int, last: int) -> Decimal:
    return Decimal(50) if first == last else Decimal(6) + Decimal(88) * (year - first) / (last - first)


def _y(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return Decimal((TOP + BOTTOM) / 2) if low == high else BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)


def _anchor(x: Decimal) -> str:
    if x < 10:
        return "start"
    return "end" if x > 90 else "middle"


def _ticks(first: int, last: int) -> list[str]:
    step = max(1, (last - first + 5) // 6)
    years = range(first, last + 1, step)
    return [text(str(year), x=_x(year, first, last), y=HEIGHT - 4, css="tick", anchor="middle") for year in years]


def _lines(points: Sequence[TrendPoint], first: int, last: int, low: Decimal, high: Decimal, css: str) -> list[str]:
    return [
        line(
            x1=_x(one.year, first, last),
            y1=_y(one.value, low, high),
            x2=_x(two.year, first, last),
            y2=_y(two.value, low, high),
            css=css,
        )
        for one, two in pairwise(points)
        if not two.breaks
    ]


def _breaks(points: Sequence[TrendPoint], first: int, last: int) -> list[str]:
    marks = []
    for one, two in pairwise(points):
        if two.breaks:
            x = (_x(one.year, first, last) + _x(two.year, first, last)) / 2
            marks.append(line(x1=x, y1=6, x2=x, y2=BOTTOM + 8, css="mark-break"))
        elif two.shifted:
            x = (_x(one.year, first, last) + _x(two.year, first, last)) / 2
            marks.append(line(x1=x, y1=BOTTOM - 4, x2=x, y2=BOTTOM + 20, css="mark-shift"))
    return marks


def _named(points: Sequence[TrendPoint]) -> list[TrendPoint]:
    if len(points) <= FEW:
        return list(points)
    by_value = sorted(points, key=lambda point: point.value)
    return [points[0], points[-1], by_value[0], by_value[-1]]
