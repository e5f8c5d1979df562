"""Small pieces of SVG, escaped."""

from __future__ import annotations

from decimal import Decimal

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Number = Decimal | float | int


def pct(value: Number) -> str:
    """Return a place or width in percent, two digits at most, held within the drawing."""
    held = max(Decimal(0), min(Decimal(100), Decimal(value)))
    return f"{held:.2f}".rstrip("0").rstrip(".") + "%"


def drawing(*parts: str, height: int, label: str, css: str = "") -> SafeString:
    """Return an SVG of full width. With a label it is one image to assistive technology, without one it is hidden."""
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    shown = f' class="{css}"' if css else ""
    return mark_safe(f'<svg{shown} width="100%" height="{height}" {role} focusable="false">{"".join(parts)}</svg>')


def rect(*, x: Number, width: Number, y: int, height: int, css: str, title: str = "") -> str:
    """Return a rectangle, x and width in percent."""
    inner = f"<title>{escape(title)}</title>" if title else ""
    return f'<rect class="{css}" x="{pct(x)}" width="{pct(width)}" y="{y}" height="{height}">{inner}</rect>'


def line(*, x1: Number, y1: Number, x2: Number, y2: Number, css: str) -> str:
    """Return a line, x in percent, y in pixels."""
    return f'<line class="{css}" x1="{pct(x1)}" y1="{_px(y1)}" x2="{pct(x2)}" y2="{_px(y2)}"/>'


def circle(*, x: Number, y: Number, radius: Number, css: str, title: str = "") -> str:
    """Return a dot, x in percent, y in pixels."""
    inner = f"<title>{escape(title)}</title>" if title else ""
    return f'<circle class="{css}" cx="{pct(x)}" cy="{_px(y)}" r="{_px(radius)}">{inner}</circle>'


def shape(path: str, *, x: Number, y: Number, css: str, title: str = "") -> str:
    """Return a form drawn around its own origin, x in percent, y in pixels."""
    inner = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<svg x="{pct(x)}" y="{_px(y)}" width="1" height="1" overflow="visible">'
        f'<path class="{css}" d="{path}">{inner}</path></svg>'
    )


def text(content: str, *, x: Number, y: Number, css: str, anchor: str = "start") -> str:
    """Return a text, x in percent, y in pixels."""
    return f'<text class="{css}" x="{pct(x)}" y="{_px(y)}" text-anchor="{anchor}">{escape(content)}</text>'


def _px(value: Number) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
