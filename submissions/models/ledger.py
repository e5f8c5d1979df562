"""The append-only ledger of scores."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from submissions.enums import AdjustmentKind, Basis, Stage
from submissions.exceptions import SubmissionError
from submissions.models.rounds import AssessmentRound, Participant


class ScoreEntry(models.Model):
    """One score of one leaf at one stage: points, basis, reason, actor, time.

    Rows are only ever added; within a stage the newest counts, over the stages the latest stage. Change and deletion
    are refused here and by a trigger in the database.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="score_entries")
    code = models.CharField(_("code"), max_length=32)
    stage = models.CharField(_("stage"), max_length=16, choices=Stage)
    points = models.DecimalField(_("points"), max_digits=12, decimal_places=6, null=True, blank=True)
    basis = models.CharField(_("basis"), max_length=16, choices=Basis)
    inputs = models.JSONField(_("inputs"), default=dict, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    public_note = models.TextField(_("note published to citizens"), blank=True)
    agency = models.ForeignKey("cms.Unit", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(_("time"))
    sha256 = models.CharField(_("SHA-256 of the entry"), max_length=64, editable=False, default="")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("score entry")
        verbose_name_plural = _("score ledger")
        indexes = [models.Index(fields=["participant", "code", "stage"], name="ledger_leaf_stage")]
        constraints = [
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__gte=0), name="ledger_points_not_negative"
            ),
            models.CheckConstraint(
                condition=~Q(basis=Basis.SET) | ~Q(reason=""),
                name="ledger_set_needs_reason",
                violation_error_message=_("A score that differs needs a reason."),
            ),
            models.CheckConstraint(
                condition=Q(basis=Basis.NOT_APPLICABLE, points__isnull=True)
                | (~Q(basis=Basis.NOT_APPLICABLE) & Q(points__isnull=False)),
                name="ledger_points_unless_not_applicable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.stage}: {self.points}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Only ever add."""
        if not self._state.adding:
            raise SubmissionError(_("The score ledger is append-only: add a new entry instead."), code="append_only")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise SubmissionError(_("The score ledger is append-only: entries are not deleted."), code="append_only")


class Adjustment(models.Model):
    """Bonus or penalty points outside the tree, with a reason and evidence. Rows are only ever added.

    A mistake is mended by a row of kind WITHDRAWAL that names the row it withdraws.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="adjustments")
    kind = models.CharField(_("kind"), max_length=16, choices=AdjustmentKind)
    points = models.DecimalField(_("points"), max_digits=12, decimal_places=6)
    reason = models.TextField(_("reason"))
    evidence = models.ForeignKey(
        "cms.StoredFile", on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("evidence")
    )
    withdraws = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="withdrawn_by"
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("time"))
    sha256 = models.CharField(_("SHA-256 of the entry"), max_length=64, editable=False, default="")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("bonus or penalty")
        verbose_name_plural = _("bonus and penalty points")
        constraints = [
            models.CheckConstraint(condition=Q(points__gt=0), name="adjustment_points_positive"),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="adjustment_needs_reason",
                violation_error_message=_("Give the reason for the bonus or penalty."),
            ),
            models.CheckConstraint(
                condition=Q(kind=AdjustmentKind.WITHDRAWAL, withdraws__isnull=False)
                | (~Q(kind=AdjustmentKind.WITHDRAWAL) & Q(withdraws__isnull=True)),
                name="adjustment_withdrawal_names_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.points}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Only ever add."""
        if not self._state.adding:
            raise SubmissionError(_("Bonus and penalty entries are not changed: withdraw it."), code="append_only")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise SubmissionError(_("Bonus and penalty entries are not deleted: withdraw it."), code="append_only")


class RoundSeal(models.Model):
    """What was frozen when a round was finalised: the ledger's head and what was confirmed as missing. Written once."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.PROTECT, related_name="seals")
    last_entry = models.ForeignKey(ScoreEntry, on_delete=models.PROTECT, null=True, related_name="+")
    entries = models.PositiveIntegerField(_("entries"))
    ledger_sha256 = models.CharField(_("SHA-256 of the ledger"), max_length=64)
    missing = models.JSONField(_("confirmed as missing"), default=list, blank=True)
    sealed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    sealed_at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("seal of a round")
        verbose_name_plural = _("seals of rounds")

    def __str__(self) -> str:
        return f"{self.round} · {self.ledger_sha256[:12]}"
