"""Small filters of the public pages of releases."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

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
