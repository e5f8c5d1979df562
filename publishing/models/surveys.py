"""What the sociological survey says in a release: aggregates only, frozen with it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from publishing.models.releases import IndexRelease


class ReleaseSurvey(models.Model):
    """Aggregates of a round's survey as they were when the release was built (`domain/surveys.py` has the form)."""

    release = models.OneToOneField(IndexRelease, on_delete=models.PROTECT, related_name="survey")
    content = models.JSONField(_("content"))
    sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)

    class Meta:
        verbose_name = _("survey in a release")
        verbose_name_plural = _("surveys in releases")

    def __str__(self) -> str:
        return str(self.release)
