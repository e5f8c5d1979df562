"""Single marks that stand in a table's or list's row, with the number as text beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString

from cms.numbers import format_count
from publishing.charts.svg import circle, drawing, line, rect, text

# More values than this are drawn as columns of counts.
STROKES = 150
BASE = 74


def bar(value: Decimal, maximum: Decimal = Decimal(100), *, css: str = "bar-fill") -> SafeString:
    """Return a bar of a value against its maximum."""
    share = value * 100 / maximum if maximum else Decimal(0)
    return drawing(
        rect(x=0, width=100, y=0, height=12, css="bar-track"),
        rect(x=0, width=share, y=0, height=12, css=css),
        height=12,
        label="",
    )


def dot_row(value: Decimal | None, mean: Decimal | None, best: Decimal | None, *, start: Decimal) -> SafeString:
    """Return a track from `start` to 100 percent with the unit's dot, the mean as a stroke and the best as a ring."""
    parts = [line(x1=1, y1=12, x2=99, y2=12, css="gridline")]
    if best is not None:
        parts.append(circle(x=_place(best, start), y=12, radius=6, css="mark-dot--best mark-dot"))
    if mean is not None:
        x = _place(mean, start)
        parts.append(line(x1=x, y1=2, x2=x, y2=22, css="mark-mean"))
    if value is not None:
        parts.append(circle(x=_place(value, start), y=12, radius=6, css="mark-dot mark-dot--current"))
    return drawing(*parts, height=24, label="", css="dot-row")


def distribution(
    values: Sequence[Decimal],
    marked: Decimal | None,
    *,
    start: Decimal,
    label: str,
    ticks: Sequence[tuple[Decimal, str]],
    mean: Decimal | None = None,
) -> SafeString:
    """Return how values spread from `start` to 100: a stroke for each or, where they are many, columns of counts.

    A dot stands on the one that is meant, a broken stroke on the mean.
    """
    parts = [line(x1=1, y1=BASE, x2=99, y2=BASE, css="axis")]
    parts += _columns(values, start) if len(values) > STROKES else [_stroke(value, start) for value in values]
    parts += [text(name, x=_place(at, start), y=BASE + 18, css="tick", anchor="middle") for at, name in ticks]
    if mean is not None:
        x = _place(mean, start)
        parts.append(line(x1=x, y1=4, x2=x, y2=BASE, css="mark-mean"))
    if marked is not None:
        x = _place(marked, start)
        parts.append(line(x1=x, y1=14, x2=x, y2=BASE, css="mark-own"))
        parts.append(circle(x=x, y=11, radius=7, css="mark-dot mark-dot--current"))
    return drawing(*parts, height=BASE + 24, label=label, css="strip")


def _stroke(value: Decimal, start: Decimal) -> str:
    x = _place(value, start)
    return line(x1=x, y1=26, x2=x, y2=BASE, css="strip__unit")


def _columns(values: Sequence[Decimal], start: Decimal) -> list[str]:
    """Return a column per percentage point, as high as its number of values; the exact number is its title."""
    counts = Counter(min(99, max(int(start), int(value))) for value in values)
    highest = max(counts.values())
    width = (_place(start + 1, start) - _place(start, start)) * Decimal("0.86")
    columns = []
    for at, count in sorted(counts.items()):
        height = max(1, round((BASE - 26) * count / highest))
        place = _place(Decimal(at), start)
        title = f"{at}–{at + 1} %: {format_count(count)}"
        columns.append(
            rect(
                x=place, width=width * Decimal("0.86"), y=BASE - height, height=height, css="strip__column", title=title
            )
        )
    return columns


def waterfall_bar(before: Decimal, lost: Decimal, total: Decimal) -> SafeString:
    """Return one step of a waterfall over the points lost: it begins where the steps before it ended."""
    scale = Decimal(100) / total if total else Decimal(0)
    return drawing(
        line(x1=0, y1=8, x2=100, y2=8, css="gridline"),
        rect(x=before * scale, width=lost * scale, y=1, height=14, css="loss"),
        height=16,
        label="",
    )


def gantt_bar(start: Decimal, end: Decimal, *, today: Decimal | None = None, css: str = "bar-fill") -> SafeString:
    """Return a task's bar on the plan's time line; start, end and today in percent of the plan's span."""
    parts = [line(x1=0, y1=8, x2=100, y2=8, css="gridline")]
    if today is not None and 0 <= today <= 100:
        parts.append(line(x1=today, y1=0, x2=today, y2=16, css="mark-break"))
    width = max(end - start, Decimal("0.8"))
    parts.append(rect(x=min(start, 100 - width), width=width, y=3, height=10, css=css))
    return drawing(*parts, height=16, label="")


def _place(value: Decimal, start: Decimal) -> Decimal:
    """Return the place of a percentage on a track that begins at `start`, with a margin for the dot."""
    span = Decimal(100) - start
    share = (value - start) / span if span else Decimal(0)
    return Decimal(2) + max(Decimal(0), min(Decimal(1), share)) * 96
