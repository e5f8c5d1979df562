"""Guidance documents as pages."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from modelcluster.fields import ParentalKey, ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.api import APIField
from wagtail.contrib.routable_page.models import RoutablePageMixin, path
from wagtail.fields import RichTextField
from wagtail.models import Orderable

from cms import clock
from cms.models import BasePage
from cms.models.pages import RICH_TEXT_FEATURES
from criteria_pages.models.criteria_sets import codes_in
from criteria_pages.models.legal import LegalDocument
from criteria_pages.models.public_fields import AttachmentsField, LegalBasisField, PublicPageField
from criteria_pages.serving import serve


class GuidancePage(RoutablePageMixin, BasePage):
    """A guidance document: number, issuer, dates, addressees, text, attachments, the criteria it explains."""

    document_number = models.CharField(_("document number"), max_length=100, blank=True)
    issuer = models.CharField(_("issuer"), max_length=255, blank=True)
    issued_on = models.DateField(_("date of issue"), null=True, blank=True)
    effective_on = models.DateField(_("in effect from"), null=True, blank=True)
    addressees = models.TextField(_("addressees"), blank=True)
    body = RichTextField(_("text"), blank=True, features=RICH_TEXT_FEATURES)
    body_en = RichTextField(_("text in English"), blank=True, features=RICH_TEXT_FEATURES)
    criteria_set = models.ForeignKey(
        "criteria_pages.CriteriaSetPage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="guidance",
        verbose_name=_("criteria set"),
    )
    criteria_codes = models.TextField(
        _("criteria it explains"),
        blank=True,
        help_text=_("Codes of domains, criteria or sub-criteria, parted by commas. Shown beside them in the form."),
    )
    replaces = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("replaces"),
    )
    legal_basis = ParentalManyToManyField(
        LegalDocument, blank=True, related_name="guidance", verbose_name=_("legal basis")
    )

    date_field = "issued_on"
    template = "criteria_pages/guidance_page.html"
    parent_page_types = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = []
    content_panels = [
        BasePage.content_panels[0],
        MultiFieldPanel(
            [
                FieldRowPanel([FieldPanel("document_number"), FieldPanel("issuer")]),
                FieldRowPanel([FieldPanel("issued_on"), FieldPanel("effective_on")]),
                FieldPanel("addressees"),
                FieldPanel("replaces"),
            ],
            heading=_("Document"),
        ),
        FieldPanel("body"),
        FieldPanel("body_en"),
        MultiFieldPanel(
            [FieldPanel("criteria_set"), FieldPanel("criteria_codes"), FieldPanel("legal_basis")],
            heading=_("What it explains and rests on"),
        ),
        InlinePanel("attachments", label=_("Attachment"), heading=_("Attachments")),
        *BasePage.content_panels[1:],
    ]
    api_fields = [
        *BasePage.api_fields,
        APIField("document_number"),
        APIField("issuer"),
        APIField("issued_on"),
        APIField("effective_on"),
        APIField("addressees"),
        APIField("body"),
        APIField("body_en"),
        APIField("criteria_codes"),
        APIField("criteria_set", serializer=PublicPageField()),
        APIField("replaces", serializer=PublicPageField()),
        APIField("legal_basis", serializer=LegalBasisField()),
        APIField("attachments", serializer=AttachmentsField()),
    ]

    class Meta:
        verbose_name = _("guidance")
        verbose_name_plural = _("guidance")

    def clean(self) -> None:
        """Dates in order; guidance does not replace itself."""
        super().clean()
        if self.issued_on and self.effective_on and self.effective_on < self.issued_on:
            raise ValidationError({"effective_on": _("Guidance cannot be in effect before it was issued.")})
        if self.replaces_id and self.replaces_id == self.pk:
            raise ValidationError({"replaces": _("Guidance cannot replace itself.")})

    @property
    def display_body(self) -> str:
        """The text in the language of the interface."""
        return self.body_en if self.body_en and get_language() == "en" else self.body

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that the guidance explains, in the order in which they were written."""
        return tuple(dict.fromkeys(code for code in re.split(r"[\s,;]+", self.criteria_codes) if code))

    def unknown_codes(self) -> list[str]:
        """Return the codes that neither the newest edition of the set nor its draft has; all of them without a set."""
        if self.criteria_set is None:
            return list(self.codes)
        edition = self.criteria_set.editions.first()
        known = set(edition.node_names) if edition else set()
        missing = [code for code in self.codes if code not in known]
        if missing:
            draft = self.criteria_set.get_latest_revision_as_object()
            known |= set(codes_in(draft.body.get_prep_value()))
        return [code for code in missing if code not in known]

    @path("phien-ban/<int:number>/", name="edition")
    def edition(self, request: HttpRequest, number: int) -> HttpResponseBase:
        """Serve a version as it was published."""
        return serve("guidance_edition", request, self, number=number)

    @path("so-sanh/<int:old>/<int:new>/", name="comparison")
    def comparison(self, request: HttpRequest, old: int, new: int) -> HttpResponseBase:
        """Serve what changed between two versions."""
        return serve("guidance_comparison", request, self, old=old, new=new)

    @property
    def successor(self) -> GuidancePage | None:
        """The live guidance that replaced this one, the newest first."""
        return self.replaced_by.live().order_by("-issued_on", "-pk").first() if self.pk else None

    @property
    def status(self) -> str:
        """Whether the guidance is in force, in words."""
        if successor := self.successor:
            number = successor.document_number or successor.display_title
            return _("Replaced by %(number)s") % {"number": number}
        if self.effective_on and self.effective_on > clock.today():
            return _("Not yet in effect")
        return _("In force")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add the facts of the document, what it explains and what replaced it."""
        context = super().get_context(request, *args, **kwargs)
        facts = [
            (_("Status"), self.status),
            (_("Number"), self.document_number),
            (_("Issuer"), self.issuer),
            (_("Issued"), f"{self.issued_on:%d/%m/%Y}" if self.issued_on else ""),
            (_("In effect from"), f"{self.effective_on:%d/%m/%Y}" if self.effective_on else ""),
        ]
        context.update(
            facts=[(name, value) for name, value in facts if value],
            replaced_by=self.successor,
            editions=list(self.editions.select_related("previous")) if self.pk else [],
            attachments=[item.as_row() for item in self.attachments.all()],
            explained=self._explained(),
            legal_basis=self.legal_basis.all(),
        )
        return context

    def _explained(self) -> list[dict[str, str]]:
        edition = self.criteria_set.editions.first() if self.criteria_set else None
        names = edition.node_names if edition else {}
        return [
            {
                "code": code,
                "name": names.get(code, ""),
                "url": f"{edition.page.url or ''}#{slugify(code)}" if edition and code in names else "",
            }
            for code in self.codes
        ]

    def search_text(self) -> str:
        """Add number, issuer and text."""
        return f"{super().search_text()} {self.document_number} {self.issuer} {self.body} {self.body_en}"


class GuidanceAttachment(Orderable):
    """A file that belongs to guidance."""

    page = ParentalKey(GuidancePage, on_delete=models.CASCADE, related_name="attachments")
    document = models.ForeignKey("wagtaildocs.Document", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=255, blank=True)

    panels = [FieldPanel("document"), FieldPanel("title")]

    class Meta(Orderable.Meta):
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return self.title or self.document.title

    def as_row(self) -> dict[str, Any]:
        """Return what a row of files shows."""
        return {
            "name": str(self),
            "url": self.document.url,
            "size": self.document.get_file_size(),
            "kind": self.document.file_extension.upper(),
        }
