"""Satisfaction surveys (SIPAS): figures brought by Excel, and counters of the quota of a public link."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms import clock
from cms.models import Unit
from submissions.models.survey import Survey, SurveyGroup


class SurveyFigure(models.Model):
    """What a survey held elsewhere found about one unit in one criterion: how many answered, and their mean."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="figures")
    group = models.ForeignKey(SurveyGroup, on_delete=models.CASCADE, related_name="figures")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("unit"))
    code = models.CharField(_("criterion"), max_length=32)
    respondents = models.PositiveIntegerField(_("respondents"))
    mean = models.DecimalField(_("mean of 100"), max_digits=13, decimal_places=10)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    entered_at = models.DateTimeField(_("entered at"), default=clock.now)

    class Meta:
        ordering = ["group_id", "unit_id", "code"]
        verbose_name = _("figure of a satisfaction survey")
        verbose_name_plural = _("figures of satisfaction surveys")
        constraints = [
            models.UniqueConstraint(fields=["group", "unit", "code"], name="survey_figure_unique"),
            models.CheckConstraint(condition=Q(mean__gte=0, mean__lte=100), name="survey_figure_mean_of_100"),
            models.CheckConstraint(
                condition=Q(respondents__gte=5),
                name="survey_figure_of_at_least_5",
                violation_error_message=_("Fewer than five answers are shown nowhere and do not count."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.code}"


class PublicCount(models.Model):
    """How many have answered about a unit by the public link of a group: held against the quota."""

    group = models.ForeignKey(SurveyGroup, on_delete=models.CASCADE, related_name="public_counts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("answers by a public link")
        verbose_name_plural = _("answers by public links")
        constraints = [models.UniqueConstraint(fields=["group", "unit"], name="survey_public_count_unique")]

    def __str__(self) -> str:
        return f"{self.unit}: {self.count}"
