"""Printed letters of a survey, for those who have no mail address."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cms import clock
from cms.models import JobRun
from submissions.models.survey import Survey


class PrintedLetters(models.Model):
    """A file of letters to print: sealed under the portal's key because it holds codes, deleted when it is old.

    `part`: a job that prints many letters makes several files.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="printed_letters")
    job = models.ForeignKey(JobRun, on_delete=models.PROTECT, related_name="+")
    part = models.PositiveIntegerField(_("part"))
    letters = models.PositiveIntegerField(_("letters"))
    content = models.BinaryField()
    made_at = models.DateTimeField(_("made at"), default=clock.now)

    class Meta:
        ordering = ["-job_id", "part"]
        verbose_name = _("letters to print")
        verbose_name_plural = _("letters to print")
        constraints = [models.UniqueConstraint(fields=["job", "part"], name="survey_printed_part_unique")]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.part}"
