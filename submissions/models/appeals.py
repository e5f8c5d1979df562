"""Appeals against a score of a finalised round, with what was decided on them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from submissions.enums import AppealOutcome
from submissions.models.ledger import ScoreEntry
from submissions.models.rounds import Participant


class Appeal(models.Model):
    """A unit's appeal about one leaf and the decision on it; written once, when it is decided.

    Where it is granted, `entry` is the new score in the ledger, which the next release of the round counts.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="appeals")
    code = models.CharField(_("code of the criterion"), max_length=32)
    document = models.CharField(_("number and date of the appeal"), max_length=200)
    asked = models.TextField(_("what the unit asks for"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=AppealOutcome)
    decision = models.CharField(_("number and date of the decision"), max_length=200)
    reason = models.TextField(_("reason"))
    entry = models.OneToOneField(ScoreEntry, on_delete=models.PROTECT, null=True, blank=True, related_name="appeal")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome=AppealOutcome.GRANTED, entry__isnull=False)
                | Q(outcome=AppealOutcome.REJECTED, entry__isnull=True),
                name="appeal_granted_has_entry",
            ),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(decision=""), name="appeal_has_reason_and_decision"),
        ]

    def __str__(self) -> str:
        return f"{self.participant} {self.code}"
