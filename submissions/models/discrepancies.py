"""Scores that deserve a second look, found in the ledger and kept until somebody has looked."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from submissions.council_enums import DiscrepancyKind, DiscrepancyState
from submissions.models.ledger import ScoreEntry
from submissions.models.rounds import AssessmentRound, Participant


class DiscrepancyRun(models.Model):
    """When the ledger of a round was last searched, and up to which entry."""

    round = models.OneToOneField(AssessmentRound, on_delete=models.CASCADE, related_name="discrepancy_run")
    last_entry = models.PositiveBigIntegerField(_("newest entry looked at"), default=0)
    found_at = models.DateTimeField(_("searched at"))

    class Meta:
        verbose_name = _("search for discrepancies")
        verbose_name_plural = _("searches for discrepancies")

    def __str__(self) -> str:
        return str(self.round)


class Discrepancy(models.Model):
    """One reason to look again at one leaf of one unit. Found anew by every search; the judgement on it stays."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="discrepancies")
    code = models.CharField(_("code"), max_length=32)
    kind = models.CharField(_("kind"), max_length=16, choices=DiscrepancyKind)
    state = models.CharField(
        _("state"), max_length=10, choices=DiscrepancyState, default=DiscrepancyState.OPEN, db_index=True
    )
    size = models.DecimalField(_("size in points"), max_digits=12, decimal_places=6, default=0)
    facts = models.JSONField(_("figures found"), default=dict, blank=True)
    entry = models.ForeignKey(
        ScoreEntry, on_delete=models.PROTECT, related_name="+", verbose_name=_("entry that counted")
    )
    found_at = models.DateTimeField(_("found at"))
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    judged_at = models.DateTimeField(_("judged at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("discrepancy")
        verbose_name_plural = _("discrepancies")
        constraints = [
            models.UniqueConstraint(fields=["participant", "code", "kind"], name="discrepancy_unique"),
            models.CheckConstraint(
                condition=~Q(state=DiscrepancyState.CLEARED) | ~Q(reason=""),
                name="discrepancy_cleared_needs_reason",
                violation_error_message=_("Give the reason why nothing is to be done."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.get_kind_display()}"
