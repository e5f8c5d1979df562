"""Questionnaires: the editable page and its frozen editions."""

from __future__ import annotations

from functools import cached_property

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from wagtail.admin.panels import FieldPanel
from wagtail.api import APIField
from wagtail.fields import StreamField

from cms.approvals import ApprovedPage
from cms.models import BasePage
from criteria_pages.blocks.questionnaires import QuestionStreamBlock
from criteria_pages.exceptions import CriteriaError
from criteria_pages.questionnaire import QuestionnaireDefinition


class QuestionnairePage(ApprovedPage, BasePage):
    """The questions asked of one group of respondents. Publishing freezes an edition."""

    introduction = models.TextField(_("introduction to the respondent"), blank=True)
    introduction_en = models.TextField(_("introduction in English"), blank=True)
    body = StreamField(QuestionStreamBlock(), blank=True, verbose_name=_("questions"))

    template = "criteria_pages/questionnaire_page.html"
    parent_page_types = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = []
    content_panels = [
        *BasePage.content_panels,
        FieldPanel("introduction"),
        FieldPanel("introduction_en"),
        FieldPanel("body"),
    ]
    api_fields = [*BasePage.api_fields, APIField("introduction"), APIField("introduction_en"), APIField("body")]

    class Meta:
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")


class QuestionnaireEdition(models.Model):
    """A questionnaire as published: canonical JSON with its hash, written once."""

    page = models.ForeignKey(QuestionnairePage, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField(_("edition"))
    title = models.CharField(_("title"), max_length=500)
    definition_json = models.JSONField(_("definition"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    schema_version = models.PositiveIntegerField(_("schema version"), default=1)
    revision = models.ForeignKey("wagtailcore.Revision", on_delete=models.PROTECT, related_name="+")
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(_("published at"))

    class Meta:
        ordering = ["page", "-number"]
        verbose_name = _("edition of a questionnaire")
        verbose_name_plural = _("editions of questionnaires")
        constraints = [models.UniqueConstraint(fields=["page", "number"], name="questionnaire_edition_unique")]

    def __str__(self) -> str:
        return _("%(title)s, edition %(number)s") % {"title": self.title, "number": self.number}

    @cached_property
    def definition(self) -> QuestionnaireDefinition:
        """The frozen definition."""
        return QuestionnaireDefinition.from_json(self.definition_json)

    def save(self, *args: object, **kwargs: object) -> None:
        """Write once."""
        if not self._state.adding:
            raise CriteriaError(_("A published edition cannot be changed. Publish a new one."), code="frozen")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse: surveys rest on editions."""
        raise CriteriaError(_("A published edition cannot be deleted."), code="frozen")
