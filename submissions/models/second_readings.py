"""A second reader on a sample: what was drawn, who reads it blind, and what the reader found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from submissions.enums import Basis, ReadingState
from submissions.models.ledger import ScoreEntry
from submissions.models.rounds import AssessmentRound, Participant


class SecondReadingSample(models.Model):
    """The sample of one agency's decisions in a round, drawn once. Share, seed and ledger position draw it again."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="second_samples")
    agency = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("agency whose decisions are read")
    )
    reading_agency = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("agency that reads")
    )
    share = models.PositiveSmallIntegerField(_("share in percent"))
    seed = models.CharField(_("seed of the draw"), max_length=64)
    last_entry = models.PositiveBigIntegerField(_("newest entry of the ledger at the draw"))
    population = models.PositiveIntegerField(_("decisions that could be drawn"))
    population_sha256 = models.CharField(_("SHA-256 of what could be drawn"), max_length=64)
    drawn = models.PositiveIntegerField(_("decisions drawn"))
    drawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField(_("drawn at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("sample for second readings")
        verbose_name_plural = _("samples for second readings")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "agency"],
                name="second_sample_drawn_once",
                violation_error_message=_("The sample of this agency is drawn already."),
            ),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=100), name="second_sample_share"),
        ]

    def __str__(self) -> str:
        return f"{self.agency} · {self.share} %"


class SecondReading(models.Model):
    """One decision that another appraiser reads without seeing it. It never changes the score: where it differs,
    somebody settles the difference."""

    sample = models.ForeignKey(SecondReadingSample, on_delete=models.CASCADE, related_name="readings")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="second_readings")
    code = models.CharField(_("code"), max_length=32)
    entry = models.ForeignKey(
        ScoreEntry, on_delete=models.PROTECT, related_name="+", verbose_name=_("decision that was drawn")
    )
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="second_readings", verbose_name=_("reader")
    )
    agency = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("reader's agency"))
    state = models.CharField(_("state"), max_length=10, choices=ReadingState, default=ReadingState.OPEN)
    points = models.DecimalField(_("points"), max_digits=12, decimal_places=6, null=True, blank=True)
    basis = models.CharField(_("basis"), max_length=16, choices=Basis, blank=True)
    inputs = models.JSONField(_("inputs"), default=dict, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    compared = models.ForeignKey(
        ScoreEntry,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("score that counted when it was read"),
    )
    differs = models.BooleanField(_("differs from it"), default=False)
    former_readers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("readers before")
    )
    change_reason = models.CharField(_("why handed over or taken out"), max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("second reading")
        verbose_name_plural = _("second readings")
        indexes = [models.Index(fields=["reader", "state"], name="second_reading_of_reader")]
        constraints = [
            models.UniqueConstraint(fields=["participant", "code"], name="second_reading_unique"),
            models.CheckConstraint(
                condition=~Q(state=ReadingState.READ) | Q(read_at__isnull=False, compared__isnull=False),
                name="second_reading_read_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReadingState.WITHDRAWN) | ~Q(change_reason=""),
                name="second_reading_withdrawn_has_reason",
                violation_error_message=_("Give the reason why it is taken out of the sample."),
            ),
            models.CheckConstraint(condition=~Q(basis=Basis.SET) | ~Q(reason=""), name="second_reading_set_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.code} → {self.reader}"
