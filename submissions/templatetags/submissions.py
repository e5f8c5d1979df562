"""Template tags of the workspace."""

import re
from typing import Any

from django import template
from django.forms import BoundField, Form

from submissions.views.cards import anchor

register = template.Library()


@register.filter
def leaf_anchor(code: str) -> str:
    """The id of a leaf's card ("1.2.3" -> "leaf-1-2-3")."""
    return anchor(code)


@register.filter
def first_page(pages: str) -> str:
    """The query that opens a document at the first of the noted pages ("3-5, 9" -> "?trang=3")."""
    found = re.match(r"\d+", pages or "")
    return f"?trang={found.group(0)}" if found else ""


@register.filter
def bound(form: Form, name: str) -> BoundField | Any:
    """The bound field of a generated form by its name."""
    return form[name]
