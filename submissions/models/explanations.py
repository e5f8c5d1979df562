"""Requests for explanation: a question on one leaf, the unit's answer with evidence, and how it ended."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from submissions.enums import RequestState
from submissions.models.rounds import Participant
from submissions.models.submissions import Evidence


class ExplanationRequest(models.Model):
    """An agency asks a unit about one leaf. Only this leaf opens, until the due time; the thread stays for ever."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="explanation_requests")
    code = models.CharField(_("code"), max_length=32)
    number = models.PositiveSmallIntegerField(_("round of explanation"), default=1)
    state = models.CharField(_("state"), max_length=16, choices=RequestState, default=RequestState.OPEN, db_index=True)
    question = models.TextField(_("question"))
    due_at = models.DateTimeField(_("due"))
    agency = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("agency"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("asked at"))
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closing_note = models.TextField(_("why it was closed so"), blank=True)
    evidence = models.ManyToManyField(Evidence, blank=True, related_name="explanations", verbose_name=_("evidence"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("request for explanation")
        verbose_name_plural = _("requests for explanation")
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "code"],
                condition=Q(state__in=[RequestState.OPEN, RequestState.ANSWERED]),
                name="one_standing_request",
                violation_error_message=_("An explanation is asked for already."),
            ),
            models.UniqueConstraint(fields=["participant", "code", "number"], name="request_number_unique"),
            models.CheckConstraint(condition=~Q(question=""), name="request_has_question"),
            models.CheckConstraint(
                condition=Q(state__in=[RequestState.OPEN, RequestState.WITHDRAWN])
                | Q(closed_at__isnull=False)
                | ~Q(answer=""),
                name="answered_request_has_answer",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.participant}"

    @property
    def is_standing(self) -> bool:
        """Whether it still waits for the unit or for the agency."""
        return self.state in {RequestState.OPEN, RequestState.ANSWERED}
