"""Closed vocabularies and transition tables of the council room and of discrepancies."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SessionState(models.TextChoices):
    """How a session of the council stands."""

    PLANNED = "planned", _("Being prepared")
    SITTING = "sitting", _("Sitting")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")


SESSION_TRANSITIONS: dict[str, tuple[str, ...]] = {
    SessionState.PLANNED: (SessionState.SITTING, SessionState.CANCELLED),
    SessionState.SITTING: (SessionState.CLOSED, SessionState.CANCELLED),
    SessionState.CLOSED: (),
    SessionState.CANCELLED: (),
}


class QuorumRule(models.TextChoices):
    """How many of the members with a vote must be present."""

    HALF = "half", _("More than half of the members")
    TWO_THIRDS = "two_thirds", _("At least two thirds of the members")


class MajorityRule(models.TextChoices):
    """How many votes carry a motion. Whoever is excluded counts neither as a member nor as present."""

    PRESENT_HALF = "present_half", _("More than half of the members present")
    PRESENT_TWO_THIRDS = "present_two_thirds", _("At least two thirds of the members present")
    ALL_HALF = "all_half", _("More than half of all members")


class SeatPosition(models.TextChoices):
    """What a person does in a session."""

    CHAIR = "chair", _("Chair")
    DEPUTY = "deputy", _("Deputy chair")
    MEMBER = "member", _("Member")
    SECRETARY = "secretary", _("Secretary, without a vote")


class AgendaSubject(models.TextChoices):
    """What an item of the agenda is about."""

    SCORE = "score", _("Points of a criterion")
    SPECIAL = "special", _("Special case of a unit")
    BONUS = "bonus", _("Bonus")
    PENALTY = "penalty", _("Penalty")


class ItemState(models.TextChoices):
    """How an item of the agenda stands."""

    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")
    POSTPONED = "postponed", _("Postponed")
    TAKEN_OFF = "taken_off", _("Taken off")


class MotionKind(models.TextChoices):
    """What a motion would do if it is carried."""

    KEEP = "keep", _("Adopt the score as it stands")
    SET = "set", _("Set another score")
    STATUS = "status", _("Change whether the unit is assessed and ranked")
    BONUS = "bonus", _("Give bonus points")
    PENALTY = "penalty", _("Take penalty points")
    NOTE = "note", _("Take note, without an effect on points")
    REST = "rest", _("Adopt the rest as appraised")


#: Which motions an item of the agenda takes.
MOTIONS_OF: dict[str, tuple[str, ...]] = {
    AgendaSubject.SCORE: (MotionKind.KEEP, MotionKind.SET),
    AgendaSubject.SPECIAL: (MotionKind.STATUS, MotionKind.NOTE),
    AgendaSubject.BONUS: (MotionKind.BONUS, MotionKind.NOTE),
    AgendaSubject.PENALTY: (MotionKind.PENALTY, MotionKind.NOTE),
}


class MotionState(models.TextChoices):
    """How a motion stands."""

    VOTING = "voting", _("Put to the vote")
    CARRIED = "carried", _("Carried")
    REJECTED = "rejected", _("Not carried")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class VoteChoice(models.TextChoices):
    """What a member votes."""

    FOR = "for", _("In favour")
    AGAINST = "against", _("Against")
    ABSTAIN = "abstain", _("Abstain")


class Exclusion(models.TextChoices):
    """Why a person has no part in what concerns a unit."""

    OWN = "own", _("own unit")
    DECLARED = "declared", _("declared conflict of interest")
    SUPERIOR = "superior", _("superior of the own unit")


class DiscrepancyKind(models.TextChoices):
    """Why a score deserves a second look."""

    SELF_APPRAISED = "self_appraised", _("Self-score against appraisal")
    FIRST_SECOND = "first_second", _("First against second appraisal")
    SECOND_READER = "second_reader", _("Second reader sees it otherwise")
    OWN_YEARS = "own_years", _("Far from the unit's other years")
    GROUP = "group", _("Far from the units of its group")
    SAME_EVIDENCE = "same_evidence", _("Evidence used elsewhere too")
    UPHELD = "upheld", _("Upheld against the unit's explanation")


class DiscrepancyState(models.TextChoices):
    """How a discrepancy stands."""

    OPEN = "open", _("Open")
    CLEARED = "cleared", _("Cleared, with a reason")
    AGENDA = "agenda", _("On the council's agenda")
    DECIDED = "decided", _("Decided by the council")
    GONE = "gone", _("No longer there")
