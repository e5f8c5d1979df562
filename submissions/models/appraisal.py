"""Who appraises in the place of an agency, and who may not appraise whom."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from submissions.models.rounds import AssessmentRound


class AppraisalSubstitute(models.Model):
    """Nobody appraises the own unit: an agency's own submission is appraised by the substitute."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="substitutes")
    agency = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("agency"))
    substitute = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("substitute"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("substitute for the agency's own submission")
        verbose_name_plural = _("substitutes for the agencies' own submissions")
        constraints = [
            models.UniqueConstraint(fields=["round", "agency"], name="substitute_unique"),
            models.CheckConstraint(
                condition=~Q(agency=F("substitute")),
                name="substitute_is_another",
                violation_error_message=_("The substitute must be another agency."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} → {self.substitute}"


class AppraiserAssignment(models.Model):
    """Within an agency a part of the set is one person's: nobody else of the agency decides on it. Handed over, never
    changed: the row ends and another begins."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="appraiser_assignments")
    agency = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("agency"))
    code = models.CharField(_("code of the domain or criterion"), max_length=32)
    appraiser = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("appraiser")
    )
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(_("assigned at"))
    reason = models.CharField(_("reason of the hand-over"), max_length=500, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("assignment to an appraiser")
        verbose_name_plural = _("assignments to appraisers")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "agency", "code"],
                condition=Q(ended_at__isnull=True),
                name="appraiser_unique_while_standing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} → {self.appraiser}"


class ConflictOfInterest(models.Model):
    """A person declared, or was found, to have a conflict of interest with a unit in a round."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="conflicts")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="conflicts", verbose_name=_("person")
    )
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("unit"))
    reason = models.CharField(_("reason"), max_length=500)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    declared_at = models.DateTimeField(_("declared at"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_reason = models.CharField(_("why lifted"), max_length=500, blank=True)

    class Meta:
        ordering = ["-declared_at"]
        verbose_name = _("conflict of interest")
        verbose_name_plural = _("conflicts of interest")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "user", "unit"],
                condition=Q(lifted_at__isnull=True),
                name="conflict_unique_while_standing",
                violation_error_message=_("This conflict of interest is declared already."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="conflict_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.user} – {self.unit}"
