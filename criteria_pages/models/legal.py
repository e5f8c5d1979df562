"""Legal documents on which criteria and guidance rest."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.search import index

from cms.text import fold, slug
from criteria_pages.enums import LegalStatus


class LegalDocument(index.Indexed, models.Model):
    """A legal document: number, issuer, date, whether it is in force, and what replaced it."""

    number = models.CharField(
        _("number"), max_length=100, unique=True, help_text=_("As printed, with its abbreviation.")
    )
    title = models.CharField(_("title"), max_length=500)
    issuer = models.CharField(_("issuer"), max_length=255, blank=True)
    issued_on = models.DateField(_("date of issue"), null=True, blank=True)
    effective_on = models.DateField(_("in force from"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=LegalStatus, default=LegalStatus.IN_FORCE)
    replaced_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaces",
        verbose_name=_("amended or replaced by"),
    )
    url = models.URLField(_("address of the text"), blank=True)

    panels = [
        FieldRowPanel([FieldPanel("number"), FieldPanel("issuer")]),
        FieldPanel("title"),
        FieldRowPanel([FieldPanel("issued_on"), FieldPanel("effective_on")]),
        FieldRowPanel([FieldPanel("status"), FieldPanel("replaced_by")]),
        FieldPanel("url"),
    ]
    search_fields = [
        index.SearchField("number"),
        index.SearchField("title"),
        index.SearchField("search_folded"),
        index.AutocompleteField("search_folded"),
    ]

    class Meta:
        ordering = ["-issued_on", "number"]
        verbose_name = _("legal document")
        verbose_name_plural = _("legal documents")
        constraints = [
            models.CheckConstraint(
                condition=~Q(replaced_by=F("id")),
                name="legal_document_not_by_itself",
                violation_error_message=_("A document cannot be replaced by itself."),
            ),
            models.CheckConstraint(
                condition=~Q(status=LegalStatus.REPLACED) | Q(replaced_by__isnull=False),
                name="legal_document_replaced_by_what",
                violation_error_message=_("Name the document that replaced this one."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def clean(self) -> None:
        """Dates are in order, and replacements do not run in a circle."""
        if self.issued_on and self.effective_on and self.effective_on < self.issued_on:
            raise ValidationError({"effective_on": _("The document cannot be in force before it was issued.")})
        seen, following = {self.pk}, self.replaced_by
        while following is not None:
            if following.pk in seen:
                raise ValidationError({"replaced_by": _("These documents would replace each other in a circle.")})
            seen.add(following.pk)
            following = following.replaced_by

    def search_folded(self) -> str:
        """Return the folded search text."""
        return fold(f"{self.number} {self.title} {self.issuer}")

    @property
    def slug(self) -> str:
        """The number as a part of an address ("34/2016/NĐ-CP" -> "34-2016-nd-cp")."""
        return slug(self.number.replace("/", "-"))

    def get_absolute_url(self) -> str:
        """Return the address of its public page."""
        return reverse("criteria:legal_document", kwargs={"slug": self.slug})

    @property
    def is_in_force(self) -> bool:
        """Whether criteria may rest on it."""
        return self.status in {LegalStatus.IN_FORCE, LegalStatus.AMENDED}
