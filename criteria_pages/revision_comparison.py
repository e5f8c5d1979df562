"""How Wagtail's comparison of two versions of a page shows our fields: what changed, in the words of the domain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from wagtail.admin.compare import FieldComparison, TextDiff, register_comparison_class

from cms.numbers import exact
from criteria_pages.definition import Definition
from criteria_pages.domain.authoring import parse_body
from criteria_pages.domain.comparison import compare_definitions
from criteria_pages.enums import ChangeKind
from criteria_pages.fields import DefinitionStreamField


class DefinitionComparison(FieldComparison):
    """The tree of a criteria set: a table of changed nodes, not all nodes."""

    def __init__(self, field: models.Field, obj_a: models.Model, obj_b: models.Model) -> None:
        super().__init__(field, obj_a, obj_b)
        self.diff = compare_definitions(_definition(self.val_a), _definition(self.val_b))

    def has_changed(self) -> bool:
        """Whether anything changed that a person would see."""
        return bool(self.diff.changes)

    def htmldiff(self) -> SafeString:
        """Return the table."""
        context = {"diff": self.diff, "kind": ChangeKind(self.diff.kind).label}
        return render_to_string("criteria_pages/admin/revision_changes.html", context)


class PointsComparison(FieldComparison):
    """Points before and after, as they are written everywhere."""

    def htmldiff(self) -> SafeString:
        """Return both numbers."""
        diff: SafeString = TextDiff([("deletion", exact(self.val_a)), ("addition", exact(self.val_b))]).to_html()
        return diff


def register() -> None:
    """Let Wagtail use them."""
    register_comparison_class(DefinitionStreamField, comparison_class=DefinitionComparison)
    register_comparison_class(models.DecimalField, comparison_class=PointsComparison)


def _definition(value: Any) -> Definition:
    nothing = Decimal(0)
    return parse_body(
        value.get_prep_value(), title="", title_en="", total=nothing, bonus_cap=nothing, penalty_cap=nothing
    ).definition
