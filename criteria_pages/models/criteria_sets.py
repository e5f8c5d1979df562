"""The editable criteria set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.api import APIField
from wagtail.contrib.routable_page.models import RoutablePageMixin, path

from cms.approvals import ApprovedPage
from cms.models import BasePage
from criteria_pages.blocks import CriteriaBody
from criteria_pages.blocks.lineage import OVERRIDES
from criteria_pages.fields import DefinitionStreamField
from criteria_pages.models.public_fields import EditionField
from criteria_pages.panels import CriteriaToolsPanel
from criteria_pages.serving import serve


class CriteriaSetPage(ApprovedPage, RoutablePageMixin, BasePage):
    """A criteria set (Bộ chỉ số): domains > criteria > sub-criteria. Publishing freezes an edition.

    Drafts may hold anything. Nothing goes live with problems: saving refuses, whichever way publishing came
    (`receivers.py`, `domain/publishing_gate.py`), and the editor's form (`forms.py`) lists the problems before.
    """

    declared_total = models.DecimalField(_("declared total"), max_digits=8, decimal_places=3, default=100)
    bonus_cap = models.DecimalField(_("cap of bonus points"), max_digits=8, decimal_places=3, default=0)
    penalty_cap = models.DecimalField(_("cap of penalty points"), max_digits=8, decimal_places=3, default=0)
    decision_number = models.CharField(_("decision number"), max_length=100, blank=True)
    decision_date = models.DateField(_("decision date"), null=True, blank=True)
    body = DefinitionStreamField(CriteriaBody(), blank=True, verbose_name=_("domains"))
    dropped_codes = models.TextField(
        _("codes dropped on purpose"),
        blank=True,
        help_text=_(
            "Codes of the last edition that this set no longer has. A code that disappears without standing here is "
            "refused, because answers and results hang on it."
        ),
    )

    predecessor = models.ForeignKey(
        "criteria_pages.CriteriaEdition",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="following_sets",
        verbose_name=_("edition of the set before"),
        help_text=_("The edition from which this set was started: results are compared with it."),
    )
    comparison_status = models.CharField(
        _("comparison of the whole set"),
        max_length=16,
        blank=True,
        choices=OVERRIDES,
        help_text=_("Empty: as the software computes it."),
    )
    comparison_reason = models.CharField(_("reason"), max_length=500, blank=True)

    date_field = "decision_date"
    template = "criteria_pages/criteria_set_page.html"
    parent_page_types = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = []
    content_panels = [
        *BasePage.content_panels[:1],
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("decision_number"), FieldPanel("decision_date")]),
                FieldRowPanel([FieldPanel("declared_total"), FieldPanel("bonus_cap"), FieldPanel("penalty_cap")]),
            ],
            heading=_("Decision and points"),
        ),
        CriteriaToolsPanel(heading=_("Tools for the tree")),
        FieldPanel("body", classname="criteria-tree"),
        MultiFieldPanel([FieldPanel("dropped_codes")], heading=_("Codes dropped"), classname="collapsed"),
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("comparison_status"), FieldPanel("comparison_reason")])],
            heading=_("Comparison with the set before"),
            classname="collapsed",
        ),
        *BasePage.content_panels[1:],
    ]
    api_fields = [
        *BasePage.api_fields,
        APIField("declared_total"),
        APIField("bonus_cap"),
        APIField("penalty_cap"),
        APIField("body"),
        APIField("dropped_codes"),
        APIField("predecessor", serializer=EditionField()),
        APIField("comparison_status"),
        APIField("comparison_reason"),
        APIField("decision_number"),
        APIField("decision_date"),
    ]

    class Meta:
        verbose_name = _("criteria set")
        verbose_name_plural = _("criteria sets")

    def clean(self) -> None:
        """Points declared for the whole are not negative."""
        super().clean()
        for name in ("declared_total", "bonus_cap", "penalty_cap"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValidationError({name: _("Enter a number from 0.")})

    def search_text(self) -> str:
        """Add codes and names of the criteria."""
        words = " ".join(_words(self.body.get_prep_value()))
        return f"{super().search_text()} {self.decision_number} {words}"

    @path("")
    def methodology(self, request: HttpRequest) -> HttpResponseBase:
        """Serve the set as it is now (a preview shows the draft)."""
        return serve("methodology", request, self)

    @path("phien-ban/<int:number>/", name="edition")
    def edition(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """Serve a frozen edition."""
        return serve("edition", request, self, number=number)

    @path("so-sanh/<int:old>/<int:new>/", name="comparison")
    def comparison(self, request: HttpRequest, old: int, new: int) -> HttpResponseBase:
        """Serve what changed between two editions."""
        return serve("comparison", request, self, old=old, new=new)


def codes_in(raw: Any) -> Iterator[str]:
    """Yield the codes of the nodes in raw blocks, however deep."""
    if isinstance(raw, list):
        for item in raw:
            yield from codes_in(item)
    elif isinstance(raw, dict):
        if isinstance(raw.get("code"), str):
            yield raw["code"].strip()
        yield from (code for value in raw.values() for code in codes_in(value))


def _words(raw: Any) -> Iterator[str]:
    """Yield codes and names in raw blocks, however deep."""
    if isinstance(raw, list):
        for item in raw:
            yield from _words(item)
    elif isinstance(raw, dict):
        for name, value in raw.items():
            if name in {"code", "name", "name_en"} and isinstance(value, str):
                yield value
            else:
                yield from _words(value)
