"""Small filters of the public pages of releases."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from cms.numbers import format_points
from publishing import charts
from publishing.domain.ranking_rows import RankingRow, heat_step

register = template.Library()


@register.filter
def get(mapping: Mapping[str, Any], key: str) -> Any:
    """The value of a mapping by a key that is only known to the template."""
    return mapping.get(key, key)


@register.filter
def local_name(thing: Any) -> str:
    """The name in the language of the interface."""
    return thing.name_en if thing.name_en and (get_language() or "").startswith("en") else thing.name


@register.simple_tag
def index_span(comparable: bool, domains: Sized) -> int:
    """How many columns a row without an index leaves empty."""
    return 1 + int(comparable) + len(domains)


@register.filter
def urlize_source(source: str) -> SafeString | str:
    """A source as text, its address as a link named by its host."""
    parts = source.split(maxsplit=1)
    if not parts or not parts[0].startswith(("https://", "http://")):
        return source
    host = parts[0].split("/")[2]
    rest = f" {parts[1]}" if len(parts) > 1 else ""
    return format_html('<a href="{}" rel="nofollow noopener">{}</a>{}', parts[0], host, rest)


@register.filter
def task_text(task: Any) -> str:
    """A task's text in the language of the interface."""
    return task.task_en if task.task_en and (get_language() or "").startswith("en") else task.task


@register.simple_tag
def heat_cells(row: RankingRow) -> SafeString:
    """The cells of a row's domains: one hue light to dark, the number inside, hatched where one does not apply."""
    absent = gettext("n/a")
    none = f'<td class="heat heat--none"><span>{escape(absent)}</span></td>'
    cells = (
        none if share is None else f'<td class="heat heat--{heat_step(share)}">{format_points(share, 1)}</td>'
        for share in row.shares
    )
    return mark_safe("".join(cells))


@register.simple_tag
def index_bar(row: RankingRow) -> SafeString:
    """The index as a bar with its figure."""
    if row.index is None:
        return SafeString("")
    bar, figure = charts.bar(row.index), format_points(row.index)
    return mark_safe(f'<span class="bar-cell">{bar}<span class="bar-cell__value">{figure}</span></span>')
