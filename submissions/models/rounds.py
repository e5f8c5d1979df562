"""Assessment rounds, their deadlines and participants."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from criteria_pages.models import CriteriaEdition
from submissions.enums import ExtensionScope, ParticipantStatus, Phase, RoundState


class AssessmentRound(models.Model):
    """A yearly round: pins an edition, names participants and deadlines."""

    code = models.SlugField(_("code"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=255)
    name_en = models.CharField(_("name in English"), max_length=255, blank=True)
    year = models.PositiveIntegerField(_("year"))
    edition = models.ForeignKey(
        CriteriaEdition, on_delete=models.PROTECT, related_name="rounds", verbose_name=_("edition of the criteria set")
    )
    owner = models.ForeignKey(
        Unit,
        on_delete=models.PROTECT,
        related_name="owned_rounds",
        verbose_name=_("organising unit"),
        help_text=_("Its secretariat runs the round."),
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("superior round"),
    )
    local_criteria = models.BooleanField(
        _("local criteria"),
        default=True,
        help_text=_("Rounds below this one may add criteria of their own to its criteria set."),
    )
    state = models.CharField(_("state"), max_length=16, choices=RoundState, default=RoundState.DRAFT)
    period_from = models.DateField(_("period assessed from"))
    period_to = models.DateField(_("period assessed to"))
    exclude_superiors = models.BooleanField(
        _("exclude superiors"),
        default=False,
        help_text=_("Members of a unit do not appraise the unit directly above it."),
    )
    max_explanations = models.PositiveSmallIntegerField(
        _("rounds of explanation"),
        default=2,
        help_text=_("How often an agency may ask about one criterion of a unit."),
    )
    illustrative = models.BooleanField(_("illustrative data"), default=False)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-year", "code"]
        verbose_name = _("assessment round")
        verbose_name_plural = _("assessment rounds")
        constraints = [
            models.CheckConstraint(
                condition=Q(period_to__gte=F("period_from")),
                name="round_period_in_order",
                violation_error_message=_("The end of the assessed period lies before its start."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class PhaseDeadline(models.Model):
    """When a phase of a round opens and when it locks, by the server's clock."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="deadlines")
    phase = models.CharField(_("phase"), max_length=20, choices=Phase)
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("locks"))

    class Meta:
        ordering = ["closes_at"]
        verbose_name = _("deadline of a phase")
        verbose_name_plural = _("deadlines of phases")
        constraints = [
            models.UniqueConstraint(fields=["round", "phase"], name="phase_deadline_unique"),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")),
                name="phase_deadline_in_order",
                violation_error_message=_("The phase locks before it opens."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round} · {self.get_phase_display()}"


class Participant(models.Model):
    """A unit that takes part in a round. The unit's facts are pinned when the round opens."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="participants")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="participations", verbose_name=_("unit"))
    status = models.CharField(_("status"), max_length=16, choices=ParticipantStatus, default=ParticipantStatus.RANKED)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    unit_name = models.CharField(_("name of the unit at the time"), max_length=255, blank=True)
    facts = models.JSONField(_("facts for applicability, pinned at opening"), default=dict, blank=True)

    class Meta:
        ordering = ["unit__order", "unit__name"]
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "unit"],
                name="participant_unique",
                violation_error_message=_("The unit takes part already."),
            ),
            models.CheckConstraint(
                condition=Q(status=ParticipantStatus.RANKED) | ~Q(reason=""),
                name="participant_unranked_needs_reason",
                violation_error_message=_("Give the reason why the unit is not ranked or not assessed."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} · {self.round}"


class Extension(models.Model):
    """More time for one participant in one phase: for everything, one domain or one leaf, with reason and person."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="extensions")
    phase = models.CharField(_("phase"), max_length=20, choices=Phase, default=Phase.SELF_ASSESSMENT)
    scope = models.CharField(_("scope"), max_length=10, choices=ExtensionScope, default=ExtensionScope.ALL)
    code = models.CharField(_("code of the domain or criterion"), max_length=32, blank=True)
    until = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=500)
    reopens = models.ForeignKey(
        "submissions.Receipt",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reopenings",
        verbose_name=_("reopens the sending"),
        help_text=_("Once a form was sent, only extensions that reopen that sending open anything again."),
    )
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-granted_at"]
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=ExtensionScope.ALL, code="") | (~Q(scope=ExtensionScope.ALL) & ~Q(code="")),
                name="extension_scope_has_code",
                violation_error_message=_("Name the domain or criterion that the extension is for."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="extension_has_reason"),
        ]

    def __str__(self) -> str:
        until = timezone.localtime(self.until)
        return f"{self.get_phase_display()}, {self.part} → {until:%d/%m/%Y %H:%M}"

    @property
    def part(self) -> str:
        """What the extension is for, in words: the whole form, a domain or a criterion with its code."""
        if self.scope == ExtensionScope.ALL:
            return gettext("the whole form")
        words = gettext("domain %(code)s") if self.scope == ExtensionScope.DOMAIN else gettext("criterion %(code)s")
        return words % {"code": self.code}


class AppraisalAssignment(models.Model):
    """An agency appraises a domain (or one leaf, which then overrides the domain's) of a round."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.CASCADE, related_name="assignments")
    code = models.CharField(_("code of the domain or criterion"), max_length=32)
    agency = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="appraisal_assignments", verbose_name=_("agency")
    )

    class Meta:
        ordering = ["code"]
        verbose_name = _("appraisal assignment")
        verbose_name_plural = _("appraisal assignments")
        constraints = [models.UniqueConstraint(fields=["round", "code"], name="assignment_unique")]

    def __str__(self) -> str:
        return f"{self.code} → {self.agency}"
