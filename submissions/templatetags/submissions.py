"""Template tags of the workspace."""

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
def bound(form: Form, name: str) -> BoundField | Any:
    """The bound field of a generated form by its name."""
    return form[name]
