"""Charts as server-rendered SVG: no script, no inline style, classes from the design system, a table beside each.

Horizontal places are percentages and heights are pixels, so that text keeps its size from a phone to a wall screen.
"""

from publishing.charts.comparison import Series, comparison, series_mark
from publishing.charts.marks import STROKES, bar, distribution, dot_row, gantt_bar, waterfall_bar
from publishing.charts.trend import TrendPoint, trend

__all__ = [
    "STROKES",
    "Series",
    "TrendPoint",
    "bar",
    "comparison",
    "distribution",
    "dot_row",
    "gantt_bar",
    "series_mark",
    "trend",
    "waterfall_bar",
]
