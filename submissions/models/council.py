"""The council: sessions, who sits in them, agenda, motions, votes, decisions and minutes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cms.models import StoredFile
from submissions.council_enums import (
    AgendaSubject,
    ItemState,
    MajorityRule,
    MotionKind,
    MotionState,
    QuorumRule,
    SeatPosition,
    SessionState,
    VoteChoice,
)
from submissions.enums import ParticipantStatus
from submissions.exceptions import SubmissionError
from submissions.models.discrepancies import Discrepancy
from submissions.models.ledger import Adjustment, ScoreEntry
from submissions.models.rounds import AssessmentRound, Participant


class CouncilSession(models.Model):
    """One session of the council of a round. Its rules are fixed when it begins to sit."""

    round = models.ForeignKey(AssessmentRound, on_delete=models.PROTECT, related_name="council_sessions")
    number = models.PositiveSmallIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=255)
    held_at = models.DateTimeField(_("date"))
    place = models.CharField(_("place"), max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=SessionState, default=SessionState.PLANNED)
    quorum = models.CharField(_("quorum"), max_length=12, choices=QuorumRule, default=QuorumRule.TWO_THIRDS)
    majority = models.CharField(_("majority"), max_length=20, choices=MajorityRule, default=MajorityRule.PRESENT_HALF)
    chair_breaks_ties = models.BooleanField(
        _("the chair's vote breaks a tie"), default=True, help_text=_("Where exactly half voted for the motion.")
    )
    current_item = models.ForeignKey(
        "submissions.AgendaItem", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    cancel_reason = models.CharField(_("why cancelled"), max_length=500, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["round", "number"]
        verbose_name = _("session of the council")
        verbose_name_plural = _("sessions of the council")
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="council_session_number_unique"),
            models.UniqueConstraint(
                fields=["round"],
                condition=Q(state=SessionState.SITTING),
                name="council_one_sitting_session",
                violation_error_message=_("Another session of this council is sitting."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class CouncilSeat(models.Model):
    """A person in a session: position, whom the person stands for, whether present."""

    session = models.ForeignKey(CouncilSession, on_delete=models.CASCADE, related_name="seats")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="council_seats", verbose_name=_("member")
    )
    position = models.CharField(_("position"), max_length=10, choices=SeatPosition, default=SeatPosition.MEMBER)
    represents = models.CharField(_("stands for"), max_length=255, blank=True)
    is_present = models.BooleanField(_("present"), default=False)
    absence = models.CharField(_("why absent"), max_length=255, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("seat in the council")
        verbose_name_plural = _("seats in the council")
        constraints = [
            models.UniqueConstraint(
                fields=["session", "user"],
                name="council_seat_unique",
                violation_error_message=_("This person sits in the session already."),
            ),
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(position=SeatPosition.CHAIR),
                name="council_one_chair",
                violation_error_message=_("The session has a chair already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_position_display()})"

    @property
    def has_vote(self) -> bool:
        """Whether the person votes."""
        return self.position != SeatPosition.SECRETARY


class AgendaItem(models.Model):
    """What a session is to decide: the points of a leaf, a special case, a bonus or a penalty."""

    session = models.ForeignKey(CouncilSession, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveIntegerField(_("order"))
    subject = models.CharField(_("subject"), max_length=10, choices=AgendaSubject)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="agenda_items")
    code = models.CharField(_("code"), max_length=32, blank=True)
    topic = models.TextField(_("what is to be decided"))
    state = models.CharField(_("state"), max_length=10, choices=ItemState, default=ItemState.OPEN)
    closing_note = models.CharField(_("why it was put off"), max_length=500, blank=True)
    discrepancies = models.ManyToManyField(Discrepancy, blank=True, related_name="agenda_items")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(_("added at"))

    class Meta:
        ordering = ["order", "pk"]
        verbose_name = _("item of the agenda")
        verbose_name_plural = _("items of the agenda")
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "code", "subject"],
                condition=Q(state=ItemState.OPEN) & Q(subject__in=[AgendaSubject.SCORE, AgendaSubject.SPECIAL]),
                name="agenda_item_open_once",
                violation_error_message=_("This stands on an agenda already."),
            ),
            models.CheckConstraint(
                condition=(Q(subject=AgendaSubject.SCORE) & ~Q(code=""))
                | (~Q(subject=AgendaSubject.SCORE) & Q(code="")),
                name="agenda_item_code_by_subject",
            ),
            models.CheckConstraint(condition=~Q(topic=""), name="agenda_item_has_topic"),
            models.CheckConstraint(
                condition=~Q(state__in=[ItemState.POSTPONED, ItemState.TAKEN_OFF]) | ~Q(closing_note=""),
                name="agenda_item_put_off_needs_reason",
                violation_error_message=_("Give the reason why the item is put off."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.participant.unit}: {self.code or self.get_subject_display()}"


class CouncilMotion(models.Model):
    """What is put to the vote, word for word. Without an item: everything that was not decided by itself."""

    session = models.ForeignKey(CouncilSession, on_delete=models.PROTECT, related_name="motions")
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, blank=True, related_name="motions")
    kind = models.CharField(_("kind"), max_length=10, choices=MotionKind)
    state = models.CharField(_("state"), max_length=10, choices=MotionState, default=MotionState.VOTING)
    points = models.DecimalField(_("points"), max_digits=12, decimal_places=6, null=True, blank=True)
    inputs = models.JSONField(_("corrected inputs"), default=dict, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=ParticipantStatus, blank=True)
    evidence = models.ForeignKey(
        StoredFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("evidence")
    )
    reason = models.TextField(_("reason"))
    conditions = models.TextField(_("conditions"), blank=True)
    public_note = models.TextField(_("note published to citizens"), blank=True)
    seen_entry = models.ForeignKey(
        ScoreEntry, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("score seen")
    )
    put_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    put_at = models.DateTimeField(_("put to the vote at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("motion")
        verbose_name_plural = _("motions")
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(state=MotionState.VOTING),
                name="council_one_vote_at_a_time",
                violation_error_message=_("Another motion is being voted on."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="motion_has_reason",
                violation_error_message=_("Give the reason of the motion."),
            ),
            models.CheckConstraint(
                condition=(Q(kind=MotionKind.REST, item__isnull=True))
                | (~Q(kind=MotionKind.REST) & Q(item__isnull=False)),
                name="motion_item_unless_rest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_state_display()})"


class CouncilVote(models.Model):
    """How a member votes on a motion, until the result is recorded; the decision then keeps it for ever."""

    motion = models.ForeignKey(CouncilMotion, on_delete=models.CASCADE, related_name="votes")
    seat = models.ForeignKey(CouncilSeat, on_delete=models.CASCADE, related_name="votes")
    choice = models.CharField(_("vote"), max_length=8, choices=VoteChoice)
    cast_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cast_at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("vote")
        verbose_name_plural = _("votes")
        constraints = [models.UniqueConstraint(fields=["motion", "seat"], name="council_vote_once")]

    def __str__(self) -> str:
        return self.get_choice_display()


class CouncilDecision(models.Model):
    """The result of a vote with the roll of the members. Rows are only ever added."""

    session = models.ForeignKey(CouncilSession, on_delete=models.PROTECT, related_name="decisions")
    motion = models.ForeignKey(CouncilMotion, on_delete=models.PROTECT, related_name="decisions")
    item = models.ForeignKey(AgendaItem, on_delete=models.PROTECT, null=True, related_name="decisions")
    number = models.PositiveIntegerField(_("number in the session"))
    carried = models.BooleanField(_("carried"))
    votes_for = models.PositiveSmallIntegerField(_("votes for"))
    votes_against = models.PositiveSmallIntegerField(_("votes against"))
    votes_abstain = models.PositiveSmallIntegerField(_("abstentions"))
    present = models.PositiveSmallIntegerField(_("members present with a vote"))
    members = models.PositiveSmallIntegerField(_("members with a vote"))
    tie_broken = models.BooleanField(_("the chair's vote broke the tie"), default=False)
    roll = models.JSONField(_("roll of the vote"), default=list)
    facts = models.JSONField(_("what was adopted"), default=dict, blank=True)
    entry = models.ForeignKey(ScoreEntry, on_delete=models.PROTECT, null=True, related_name="council_decisions")
    adjustment = models.ForeignKey(Adjustment, on_delete=models.PROTECT, null=True, related_name="council_decisions")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ["session", "number"]
        verbose_name = _("decision of the council")
        verbose_name_plural = _("decisions of the council")
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="council_decision_number_unique"),
            models.UniqueConstraint(fields=["motion", "item"], name="council_decision_once_per_motion"),
        ]

    def __str__(self) -> str:
        return f"{self.session} · {self.number}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Only ever add."""
        if not self._state.adding:
            raise SubmissionError(_("Decisions of the council are not changed: decide again."), code="append_only")
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse."""
        raise SubmissionError(_("Decisions of the council are not deleted."), code="append_only")


class CouncilMinutes(models.Model):
    """The minutes of a closed session, frozen with their hash. Written once."""

    session = models.OneToOneField(CouncilSession, on_delete=models.PROTECT, related_name="minutes")
    round = models.ForeignKey(AssessmentRound, on_delete=models.PROTECT, related_name="council_minutes")
    number = models.CharField(_("number of the minutes"), max_length=64)
    content = models.JSONField(_("content"))
    sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(_("time"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("minutes of a session")
        verbose_name_plural = _("minutes of sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["round", "number"],
                name="council_minutes_number_unique",
                violation_error_message=_("Another session of this round has minutes with this number."),
            ),
            models.CheckConstraint(condition=~Q(number=""), name="council_minutes_have_number"),
        ]

    def __str__(self) -> str:
        return self.number
