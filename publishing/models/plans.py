"""Yearly plans: the page an editor keeps, the rows that queries ask, and the progress that lead units report."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.api import APIField
from wagtail.fields import StreamField

from rest_framework.relations import SlugRelatedField

from cms.models import BasePage, Unit
from publishing.blocks import PlanSectionsBlock, PlanTasksBlock
from publishing.enums import PlanRole, TaskStatus
from publishing.models.pages import page_context
from submissions.enums import Phase
from submissions.models import AssessmentRound


class YearlyPlanPage(BasePage):
    """A yearly plan as published: document, sections of its text, tasks with time, lead and supporting units."""

    year = models.PositiveIntegerField(_("year"))
    issuer = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="plans", verbose_name=_("issued by (unit)")
    )
    issuer_name = models.CharField(_("issued by (as written)"), max_length=255, blank=True)
    document_number = models.CharField(_("document number"), max_length=100, blank=True)
    signed_on = models.DateField(_("signed on"), null=True, blank=True)
    round = models.ForeignKey(
        AssessmentRound,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="plans",
        verbose_name=_("assessment round"),
        help_text=_("The round whose deadlines this plan feeds."),
    )
    sections = StreamField(PlanSectionsBlock(), blank=True, verbose_name=_("sections of the text"))
    tasks = StreamField(PlanTasksBlock(), blank=True, verbose_name=_("tasks"))

    date_field = "signed_on"
    template = "publishing/yearly_plan_page.html"
    parent_page_types = ["cms.HomePage", "cms.SectionPage"]
    subpage_types: list[str] = []
    content_panels = [
        *BasePage.content_panels,
        MultiFieldPanel(
            [
                FieldPanel("year"),
                FieldPanel("issuer"),
                FieldPanel("issuer_name"),
                FieldPanel("document_number"),
                FieldPanel("signed_on"),
                FieldPanel("round"),
            ],
            heading=_("Document"),
        ),
        FieldPanel("sections"),
        FieldPanel("tasks"),
    ]
    api_fields = [
        *BasePage.api_fields,
        APIField("year"),
        APIField("issuer", serializer=SlugRelatedField(slug_field="code", read_only=True)),
        APIField("issuer_name"),
        APIField("round", serializer=SlugRelatedField(slug_field="code", read_only=True)),
        APIField("document_number"),
        APIField("signed_on"),
        APIField("sections"),
        APIField("tasks"),
    ]

    class Meta:
        verbose_name = _("yearly plan")
        verbose_name_plural = _("yearly plans")

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Add what the views give: tasks on their time line, warnings, progress."""
        return {**super().get_context(request, *args, **kwargs), **page_context(self, request)}

    def search_text(self) -> str:
        """Add number, issuer, tasks and units to what search looks through."""
        parts = [super().search_text(), self.document_number, self.issuer_name, str(self.year)]
        for child in self.tasks:
            parts += [child.value["task"], child.value["task_en"] or "", child.value["time_text"] or ""]
        parts += [f"{child.value['heading']} {child.value['text']}" for child in self.sections]
        return " ".join(parts)


class PlanTask(models.Model):
    """A task of a published plan as a row, so that units, calendars and the API can ask for it.

    Derived from the page's blocks at each publication (`domain.plans.sync_tasks`); never edited by hand.
    """

    plan = models.ForeignKey(YearlyPlanPage, on_delete=models.CASCADE, related_name="task_rows")
    number = models.CharField(_("number"), max_length=16)
    position = models.PositiveIntegerField(_("position"))
    task = models.TextField(_("task"))
    task_en = models.TextField(_("task in English"), blank=True)
    time_text = models.CharField(_("time as written"), max_length=255, blank=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    phase = models.CharField(_("phase of the round"), max_length=20, choices=Phase, blank=True)
    is_publication = models.BooleanField(_("publishes the result"), default=False)

    class Meta:
        ordering = ["plan", "position"]
        verbose_name = _("task of a plan")
        verbose_name_plural = _("tasks of plans")
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="plan_task_number_unique")]

    def __str__(self) -> str:
        return f"{self.number}. {self.task}"


class PlanTaskUnit(models.Model):
    """A lead or supporting unit of a task: linked to the register or named only."""

    task = models.ForeignKey(PlanTask, on_delete=models.CASCADE, related_name="units")
    role = models.CharField(_("role"), max_length=8, choices=PlanRole)
    position = models.PositiveIntegerField(_("position"))
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="plan_tasks", verbose_name=_("unit")
    )
    name = models.CharField(_("name"), max_length=500)

    class Meta:
        ordering = ["task", "role", "position"]
        verbose_name = _("unit of a task")
        verbose_name_plural = _("units of tasks")

    def __str__(self) -> str:
        return self.name


class PlanTaskProgress(models.Model):
    """A report on how far a task is. Rows are only added and the newest counts; kept by task number."""

    plan = models.ForeignKey(YearlyPlanPage, on_delete=models.CASCADE, related_name="progress")
    number = models.CharField(_("number of the task"), max_length=16)
    status = models.CharField(_("status"), max_length=8, choices=TaskStatus)
    note = models.CharField(_("note"), max_length=500, blank=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, related_name="+")
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(_("reported at"))

    class Meta:
        ordering = ["plan", "number", "-pk"]
        verbose_name = _("progress of a task")
        verbose_name_plural = _("progress of tasks")
        indexes = [models.Index(F("plan"), F("number"), name="plan_progress_task")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=TaskStatus.DROPPED) | ~Q(note=""),
                name="dropped_task_needs_note",
                violation_error_message=_("Say why the task is no longer planned."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_status_display()}"
