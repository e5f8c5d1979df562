"""Guidance as it was published, version by version."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from criteria_pages.exceptions import CriteriaError


class GuidanceEdition(models.Model):
    """One published version of guidance: its whole content with its hash, written once.

    Revisions of the page may be purged; what citizens and units could read stays here.
    """

    page = models.ForeignKey("criteria_pages.GuidancePage", on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField(_("version"))
    title = models.CharField(_("title"), max_length=255)
    content = models.JSONField(_("content"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    revision = models.ForeignKey("wagtailcore.Revision", on_delete=models.PROTECT, related_name="+")
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="next")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(_("published at"))

    class Meta:
        ordering = ["page", "-number"]
        verbose_name = _("version of guidance")
        verbose_name_plural = _("versions of guidance")
        constraints = [models.UniqueConstraint(fields=["page", "number"], name="guidance_edition_unique")]

    def __str__(self) -> str:
        return _("%(title)s, version %(number)s") % {"title": self.display_title, "number": self.number}

    @property
    def display_title(self) -> str:
        """The title in the language of the interface."""
        return self.content.get("title_en") or self.title if get_language() == "en" else self.title

    @property
    def display_body(self) -> str:
        """The text in the language of the interface."""
        own, english = self.content["body"], self.content["body_en"]
        return str(english if english and get_language() == "en" else own)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Number, issuer and dates, without what is empty."""
        days = {name: dt.date.fromisoformat(self.content[name]) if self.content[name] else None for name in DAYS}
        facts: list[tuple[Any, str]] = [
            (_("Number"), self.content["document_number"]),
            (_("Issuer"), self.content["issuer"]),
            (_("Issued"), f"{days['issued_on']:%d/%m/%Y}" if days["issued_on"] else ""),
            (_("In effect from"), f"{days['effective_on']:%d/%m/%Y}" if days["effective_on"] else ""),
        ]
        return [(str(name), value) for name, value in facts if value]

    @property
    def url(self) -> str:
        """The public address of the version."""
        return f"{self.page.url or ''}{self.page.reverse_subpage('edition', args=(self.number,))}"

    @property
    def comparison_url(self) -> str:
        """The public address of what changed against the version before; "" for the first."""
        if self.previous is None:
            return ""
        numbers = (self.previous.number, self.number)
        return f"{self.page.url or ''}{self.page.reverse_subpage('comparison', args=numbers)}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Write once."""
        if not self._state.adding:
            raise CriteriaError(_("A published version cannot be changed. Publish a new one."), code="frozen")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse: what was in force stays known."""
        raise CriteriaError(_("A published version cannot be deleted."), code="frozen")


DAYS = ("issued_on", "effective_on")
