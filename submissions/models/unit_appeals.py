"""Appeals that units file themselves in the workspace, and until when they may."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from submissions.enums import FilingState
from submissions.models.appeals import Appeal
from submissions.models.rounds import AssessmentRound, Participant
from submissions.models.submissions import Evidence


class AppealPeriod(models.Model):
    """Until when the units of a finalised round may appeal; set once its result is public or before."""

    round = models.OneToOneField(AssessmentRound, on_delete=models.CASCADE, related_name="appeal_period")
    closes_at = models.DateTimeField(_("appeals until"))
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(_("set at"))

    class Meta:
        verbose_name = _("time for appeals")
        verbose_name_plural = _("times for appeals")

    def __str__(self) -> str:
        return f"{self.round} · {self.closes_at:%d/%m/%Y %H:%M}"


class FiledAppeal(models.Model):
    """What a unit asks for about one leaf, and how the secretariat answered. The decision itself is an `Appeal`."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="filed_appeals")
    code = models.CharField(_("code of the criterion"), max_length=32)
    asked = models.TextField(_("what the unit asks for"))
    reason = models.TextField(_("reason"))
    evidence = models.ManyToManyField(Evidence, blank=True, related_name="filed_appeals", verbose_name=_("evidence"))
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField(_("filed at"))
    state = models.CharField(_("state"), max_length=12, choices=FilingState, default=FilingState.FILED, db_index=True)
    answer = models.TextField(_("answer of the secretariat"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    decision = models.OneToOneField(Appeal, on_delete=models.PROTECT, null=True, blank=True, related_name="filing")

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("appeal filed by a unit")
        verbose_name_plural = _("appeals filed by units")
        constraints = [
            models.CheckConstraint(condition=~Q(asked="") & ~Q(reason=""), name="filed_appeal_has_texts"),
            models.CheckConstraint(
                condition=Q(state=FilingState.DECIDED, decision__isnull=False)
                | (~Q(state=FilingState.DECIDED) & Q(decision__isnull=True)),
                name="filed_appeal_decided_has_decision",
            ),
            models.CheckConstraint(
                condition=~Q(state=FilingState.NOT_ADMITTED) | ~Q(answer=""), name="filed_appeal_refused_has_answer"
            ),
            models.UniqueConstraint(
                fields=["participant", "code"],
                condition=Q(state__in=[FilingState.FILED, FilingState.ADMITTED, FilingState.DECIDED]),
                name="one_filed_appeal_a_leaf",
                violation_error_message=_("An appeal about this criterion is filed already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} · {self.participant} {self.code}"

    @property
    def reference(self) -> str:
        """The number by which letters name it."""
        return f"KN-{self.pk}"

    @property
    def document(self) -> str:
        """Number and date, as the register of decisions names an appeal."""
        return f"{self.reference}, {timezone.localtime(self.filed_at):%d/%m/%Y}"

    @property
    def is_standing(self) -> bool:
        """Whether it still waits for an answer or a decision."""
        return self.state in {FilingState.FILED, FilingState.ADMITTED}
