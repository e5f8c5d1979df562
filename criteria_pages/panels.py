"""Panels of the criteria set editor."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _

from wagtail.admin.panels import HelpPanel

from cms.models import UnitAttribute, UnitGroup, UnitTier
from criteria_pages.choosers import units_of_set_input


class CriteriaToolsPanel(HelpPanel):
    """Search, running total, problems and links above the tree, and the lists of codes that its fields suggest."""

    def __init__(self, template: str = "criteria_pages/admin/tools.html", **kwargs: Any) -> None:
        kwargs.pop("content", None)
        super().__init__(template=template, **kwargs)

    class BoundPanel(HelpPanel.BoundPanel):
        @property
        def media(self) -> forms.Media:
            return units_of_set_input().media + forms.Media(
                js=[
                    f"criteria_pages/js/{name}.js"
                    for name in ("move", "live_form", "add_labels", "links", "imported", "node_fields", "editor")
                ],
                css={"all": ["criteria_pages/css/editor.css"]},
            )

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            """Add addresses and suggestions."""
            context = super().get_context_data(parent_context)
            page = self.instance
            context.update(
                page=page,
                number=page.pk or 0,
                check_url=reverse("criteria_check", args=[page.pk or 0]),
                try_url=reverse("criteria_try"),
                imports_url=reverse("criteria_confirm_import", args=[page.pk or 0]),
                live_url=reverse("criteria_live", args=[page.pk or 0]),
                unit_chooser=units_of_set_input().render("", None, attrs={"id": "criteria-live-unit"}),
                add_labels=json.dumps(_add_labels(), ensure_ascii=False),
                suggestions=_suggestions(),
                problems=getattr(self.form, "problems", ()),
                items=self.form.noted_items() if self.form else (),
                may_confirm=bool(page.pk and not page.permissions_for_user(self.request.user).page_locked()),
            )
            return context


def _add_labels() -> dict[str, str]:
    """Return what the plus sign of each list adds, by the list's name or, in a condition, its kind."""
    return {
        "body": _("Add a domain"),
        "criteria": _("Add a criterion"),
        "children": _("Add a sub-criterion"),
        "rule": _("Choose the scoring rule"),
        "applicability": _("Add a condition"),
        "legal_basis": _("Add a document"),
        "bands": _("Add a band"),
        "levels": _("Add a level"),
        "variables": _("Add a variable"),
        "alternatives": _("Add a formula"),
        "tiers": _("Add a tier"),
        "groups": _("Add a group"),
        "units": _("Add a unit"),
        "attributes": _("Add an attribute"),
        "without_attributes": _("Add an attribute"),
    }


def _suggestions() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (id of the datalist, (code, name) pairs)."""
    return [
        ("criteria-tiers", _pairs(UnitTier.objects.all())),
        ("criteria-groups", _pairs(UnitGroup.objects.all())),
        ("criteria-attributes", _pairs(UnitAttribute.objects.all())),
    ]


def _pairs(rows: Iterable[Any]) -> list[tuple[str, str]]:
    return [(row.code, row.name) for row in rows]
