"""Panels of the criteria set editor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse

from wagtail.admin.panels import HelpPanel

from cms.models import Unit, UnitAttribute, UnitGroup, UnitTier
from criteria_pages.models.legal import LegalDocument

SUGGESTED_UNITS = 400


class CriteriaToolsPanel(HelpPanel):
    """Search, running total, problems and links above the tree, and the lists of codes that its fields suggest."""

    def __init__(self, template: str = "criteria_pages/admin/tools.html", **kwargs: Any) -> None:
        kwargs.pop("content", None)
        super().__init__(template=template, **kwargs)

    class BoundPanel(HelpPanel.BoundPanel):
        @property
        def media(self) -> forms.Media:
            return forms.Media(js=["criteria_pages/js/editor.js"], css={"all": ["criteria_pages/css/editor.css"]})

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """Add addresses and suggestions."""
            context = super().get_context_data(parent_context)
            page = self.instance
            context.update(
                page=page,
                check_url=reverse("criteria_check", args=[page.pk or 0]),
                try_url=reverse("criteria_try"),
                suggestions=_suggestions(),
            )
            return context


def _suggestions() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (id of the datalist, (code, name) pairs)."""
    # Agencies that appraise are high up; naming one of ten thousand communes is done by code alone.
    units = Unit.objects.filter(Q(parent__isnull=True) | Q(children__isnull=False) | Q(memberships__isnull=False))
    return [
        ("criteria-tiers", _pairs(UnitTier.objects.all())),
        ("criteria-groups", _pairs(UnitGroup.objects.all())),
        ("criteria-attributes", _pairs(UnitAttribute.objects.all())),
        ("criteria-units", _pairs(units.distinct()[:SUGGESTED_UNITS])),
        ("criteria-legal-documents", list(LegalDocument.objects.values_list("number", "title")[:SUGGESTED_UNITS])),
    ]


def _pairs(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [(row.code, row.name) for row in rows]
