"""The sociological survey of a round: groups, lists, invitations, and answers that no key joins to a person.

What keeps answers apart from people (docs/survey.md): an invitation stores only the hash of its code and that it was
used, without a time. Unsent answers are encrypted under a key made from the code, which no table holds. A sent answer
is sealed under the portal's secret key, which is in no table either; every few minutes the newly sent ones are written
anew in random order, and when the survey closes all are mixed in one act: answers of groups that are large enough under
random ids with the day of the mixing, those of smaller groups added up, free texts by themselves.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.models import Unit
from criteria_pages.models.questionnaires import QuestionnaireEdition
from submissions.models.rounds import AssessmentRound, Participant
from submissions.survey_enums import (
    UNLISTED,
    CancelConsequence,
    DeliveryState,
    GroupRule,
    IncidentState,
    ListState,
    RespondentState,
    SignalKind,
    SurveyState,
    TextState,
)


class Survey(models.Model):
    """The survey of one round."""

    round = models.OneToOneField(AssessmentRound, on_delete=models.PROTECT, related_name="survey")
    state = models.CharField(_("state"), max_length=12, choices=SurveyState, default=SurveyState.DRAFT)
    lists_due = models.DateTimeField(_("lists due"))
    answers_due = models.DateTimeField(_("answers due"))
    minimum_group = models.PositiveIntegerField(_("smallest group shown"), default=5)
    cancel_consequence = models.CharField(
        _("cancelled results count as"), max_length=16, choices=CancelConsequence, default=CancelConsequence.ZERO
    )
    fast_seconds = models.PositiveIntegerField(_("suspicious under this many seconds"), default=20)
    burst_size = models.PositiveIntegerField(_("suspicious from this many of one address range in an hour"), default=20)
    identical_share = models.PositiveIntegerField(_("suspicious from this share of identical answers (%)"), default=50)
    selected = models.BooleanField(
        _("respondents selected"),
        default=False,
        help_text=_("Since the last list was accepted: duplicates are resolved and samples drawn."),
    )
    letters_ordered = models.BooleanField(_("letters go out"), default=False)

    class Meta:
        verbose_name = _("survey")
        verbose_name_plural = _("surveys")
        constraints = [
            models.CheckConstraint(
                condition=Q(answers_due__gt=models.F("lists_due")),
                name="survey_dates_in_order",
                violation_error_message=_("Answers must be due after the lists."),
            ),
            models.CheckConstraint(condition=Q(minimum_group__gte=5), name="survey_minimum_group_at_least_5"),
        ]

    def __str__(self) -> str:
        return str(self.round)


class SurveyGroupQuerySet(models.QuerySet["SurveyGroup"]):
    """Named filters over groups."""

    def listed(self) -> SurveyGroupQuerySet:
        """Groups whose people the units list."""
        return self.exclude(rule__in=UNLISTED)


class SurveyGroup(models.Model):
    """A group of respondents with the rule who of it is asked, its questionnaire and its weight."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="groups")
    code = models.SlugField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=255)
    name_en = models.CharField(_("name in English"), max_length=255, blank=True)
    rule = models.CharField(_("who is asked"), max_length=16, choices=GroupRule, default=GroupRule.ALL)
    rule_number = models.PositiveIntegerField(_("N of the rule"), null=True, blank=True)
    error_margin = models.DecimalField(_("e of the sample"), max_digits=5, decimal_places=4, null=True, blank=True)
    edition = models.ForeignKey(QuestionnaireEdition, on_delete=models.PROTECT, related_name="survey_groups")
    weight = models.DecimalField(_("weight"), max_digits=8, decimal_places=4, default=1)
    priority = models.PositiveIntegerField(
        _("priority"), default=10, help_text=_("Who is on two lists answers in the group with the smaller number.")
    )

    objects = SurveyGroupQuerySet.as_manager()

    class Meta:
        ordering = ["priority", "code"]
        verbose_name = _("group of respondents")
        verbose_name_plural = _("groups of respondents")
        constraints = [
            models.UniqueConstraint(fields=["survey", "code"], name="survey_group_unique"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="survey_group_weight_positive"),
            models.CheckConstraint(
                condition=~Q(rule__in=[GroupRule.ORGANISATIONS, GroupRule.PER_UNIT, GroupRule.PUBLIC])
                | Q(rule_number__isnull=False, rule_number__gt=0),
                name="survey_group_rule_number",
                violation_error_message=_("This rule needs its number N."),
            ),
            models.CheckConstraint(
                condition=~Q(rule=GroupRule.SAMPLE)
                | Q(error_margin__isnull=False, error_margin__gt=0, error_margin__lt=1),
                name="survey_group_error_margin",
                violation_error_message=_("A sample needs its error e, for instance 0,05."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RespondentList(models.Model):
    """The list of respondents that one participant enters and sends."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="lists")
    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="respondent_list")
    state = models.CharField(_("state"), max_length=10, choices=ListState, default=ListState.DRAFT)
    return_reason = models.CharField(_("why returned"), max_length=500, blank=True)
    it_contact_name = models.CharField(_("IT contact person"), max_length=255, blank=True)
    it_contact_position = models.CharField(_("position"), max_length=255, blank=True)
    it_contact_phone = models.CharField(_("telephone"), max_length=32, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("list of respondents")
        verbose_name_plural = _("lists of respondents")

    def __str__(self) -> str:
        return str(self.participant)


class Respondent(models.Model):
    """A listed person. The folded keys find the same person on other lists."""

    list = models.ForeignKey(RespondentList, on_delete=models.CASCADE, related_name="respondents")
    group = models.ForeignKey(
        SurveyGroup, on_delete=models.PROTECT, related_name="respondents", verbose_name=_("group")
    )
    name = models.CharField(_("full name"), max_length=255)
    position = models.CharField(_("position"), max_length=255, blank=True)
    organisation = models.CharField(_("organisation"), max_length=255)
    rated_unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", verbose_name=_("unit rated"))
    mail = models.EmailField(_("official mailbox"), blank=True)
    mail_key = models.CharField(max_length=254, blank=True, editable=False, db_index=True)
    person_key = models.CharField(max_length=520, editable=False, db_index=True)
    state = models.CharField(_("state"), max_length=12, choices=RespondentState, default=RespondentState.ASKED)
    state_reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        ordering = ["group__priority", "pk"]
        verbose_name = _("respondent")
        verbose_name_plural = _("respondents")
        constraints = [models.UniqueConstraint(fields=["list", "group", "person_key"], name="respondent_unique")]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A one-time invitation. Only the hash of its token is stored, and no time of its use.

    `used`: the person's answers were taken. `spent`: the code that is out now opens nothing any more. A letter issued
    anew opens the questionnaire whether or not the person has answered (docs/adr/0065), so the two differ.
    """

    respondent = models.OneToOneField(Respondent, on_delete=models.CASCADE, related_name="invitation")
    token_sha256 = models.CharField(max_length=64, unique=True)
    issue = models.PositiveIntegerField(default=1)
    delivery = models.CharField(_("delivery"), max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    delivery_note = models.CharField(_("note of the mail system"), max_length=500, blank=True)
    reminders = models.PositiveIntegerField(_("reminders"), default=0)
    reminder_due = models.BooleanField(_("reminder ordered"), default=False)
    used = models.BooleanField(_("answered"), default=False)
    spent = models.BooleanField(_("code used up"), default=False)
    draft = models.BinaryField(_("unsent answers, encrypted under the token"), null=True, blank=True)
    draft_version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return f"#{self.pk}"


class SealedAnswer(models.Model):
    """A sent answer until the survey closes; unreadable without the portal's key, deleted by the mixing.

    `stirred`: written anew together with others, so that neither place nor transaction tells when it came; `place`: by
    chance, given while the closing mixes the answers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="sealed_answers")
    content = models.BinaryField()
    stirred = models.BooleanField(default=False)
    place = models.UUIDField(null=True, editable=False)

    class Meta:
        verbose_name = _("sealed answer")
        verbose_name_plural = _("sealed answers")
        indexes = [models.Index(fields=["survey", "place"], name="sealed_answer_place")]

    def __str__(self) -> str:
        return str(self.id)


class SurveyResponse(models.Model):
    """A mixed answer about one rated unit: what was chosen, the group, the day of the mixing. Nothing of a person.

    Kept only where the group has enough answers about the unit; of smaller groups there are sums (`SurveyTally`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="responses")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(SurveyGroup, on_delete=models.PROTECT, related_name="responses")
    edition = models.ForeignKey(QuestionnaireEdition, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField(_("answers"))
    mixed_on = models.DateField(_("day of the mixing"))

    class Meta:
        ordering = ["id"]
        verbose_name = _("survey answer")
        verbose_name_plural = _("survey answers")
        indexes = [models.Index(fields=["survey", "unit", "group"], name="survey_response_unit_group")]

    def __str__(self) -> str:
        return str(self.id)


class SurveyTally(models.Model):
    """What one group, or several small ones together, chose about one unit, added up over at least five people.

    `leaves`: {code: {"respondents", "answers", "weights"}}, the sum of weights as text; `questions`: {code: {choice:
    number}}, empty where the groups put together had different questionnaires.
    """

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="tallies")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    groups = models.CharField(_("codes of the groups"), max_length=1000)
    edition = models.ForeignKey(QuestionnaireEdition, on_delete=models.PROTECT, related_name="+", null=True)
    weight = models.DecimalField(_("weight"), max_digits=10, decimal_places=4)
    respondents = models.PositiveIntegerField(_("respondents"))
    leaves = models.JSONField(default=dict)
    questions = models.JSONField(default=dict)

    class Meta:
        ordering = ["unit_id", "groups"]
        verbose_name = _("sum of survey answers")
        verbose_name_plural = _("sums of survey answers")
        constraints = [
            models.UniqueConstraint(fields=["survey", "unit", "groups"], name="survey_tally_unique"),
            models.CheckConstraint(condition=Q(respondents__gte=5), name="survey_tally_of_at_least_5"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id}: {self.groups}"

    @property
    def group_codes(self) -> tuple[str, ...]:
        """The groups that were put together."""
        return tuple(self.groups.split(","))


class SurveyText(models.Model):
    """A free text by itself: apart from the other answers of the same person, in random order.

    `unit` and `question` are left out where they would tell of fewer than five people. For the survey officer only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="texts")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", null=True)
    question = models.CharField(_("question"), max_length=1000, blank=True)
    text = models.TextField(_("text"))
    state = models.CharField(_("state"), max_length=10, choices=TextState, default=TextState.NEW)

    class Meta:
        ordering = ["id"]
        verbose_name = _("free text of a survey")
        verbose_name_plural = _("free texts of surveys")

    def __str__(self) -> str:
        return str(self.id)


class SurveySignal(models.Model):
    """A counter of how answers came in: kind, unit, day, keyed bucket. Counts only, never joined to an answer."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="signals")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=SignalKind)
    bucket = models.CharField(max_length=64, blank=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("sign of interference")
        verbose_name_plural = _("signs of interference")
        constraints = [
            models.UniqueConstraint(fields=["survey", "unit", "kind", "bucket"], name="survey_signal_unique")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.count}"


class UnitNetwork(models.Model):
    """An address range of a unit's own network; answers about the unit from inside it are counted."""

    unit = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="networks")
    network = models.CharField(_("address range"), max_length=64, help_text=_("CIDR, for instance 203.0.113.0/24."))

    class Meta:
        verbose_name = _("network of a unit")
        verbose_name_plural = _("networks of units")
        constraints = [models.UniqueConstraint(fields=["unit", "network"], name="unit_network_unique")]

    def __str__(self) -> str:
        return self.network


class SurveyIncident(models.Model):
    """A suspicion about one unit, reviewed by two officers; the second one's word cancels."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="incidents")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("sign"), max_length=12, choices=SignalKind)
    finding = models.CharField(_("finding"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=IncidentState, default=IncidentState.FLAGGED)
    reason = models.TextField(_("reason"), blank=True)
    first_officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    second_officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("incident of a survey")
        verbose_name_plural = _("incidents of surveys")
        constraints = [
            models.UniqueConstraint(fields=["survey", "unit", "kind"], name="survey_incident_unique"),
            models.CheckConstraint(
                condition=Q(second_officer__isnull=True) | ~Q(first_officer=models.F("second_officer")),
                name="survey_incident_two_officers",
                violation_error_message=_("The second review is another officer's."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit}: {self.get_kind_display()}"
