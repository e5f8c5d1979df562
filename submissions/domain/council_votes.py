"""Votes in the council: a member's own, or a show of hands; who is excluded, and who counts.

A member who is excluded for a unit neither votes on it nor counts as present there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import Unit, User
from cms.permissions import require_role
from submissions.council_enums import Exclusion, MotionState, SeatPosition, SessionState, VoteChoice
from submissions.domain.conflicts import Conflicts
from submissions.domain.council import lock_session, memberships_in_council, require_state, rules_of
from submissions.domain.tally import Ballot, Tally, tally
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import CouncilMotion, CouncilSeat, CouncilSession, CouncilVote


def cast_vote(*, motion: CouncilMotion, user: User, choice: str, now: dt.datetime | None = None) -> CouncilVote:
    """Store the member's own vote; it may be changed until the result is recorded.

    Raises `PermissionRefused` for whoever has no vote here, for the own unit and a declared conflict of interest;
    `WrongState` where the motion is not being voted on or the member is not marked as present.
    """
    with transaction.atomic():
        session = lock_session(motion.session)
        row = voting_motion(session, motion.pk)
        seat = session.seats.select_related("user").filter(user=user).first()
        if seat is None or not seat.has_vote or not _is_member(session, user):
            raise PermissionRefused(_("You have no vote in this session."), code="no_vote")
        vote = _store_vote(row, seat, choice, user, now or clock.now())
        audit.record("submissions.council_vote", session, user=user, after={"motion": row.pk, "choice": str(choice)})
    return vote


def record_votes(*, motion: CouncilMotion, user: User, choices: Mapping[int, str]) -> int:
    """Store a show of hands: seat id -> vote, entered by the secretariat; return how many votes were stored.

    All or nothing; refuses as `cast_vote`, naming the member.
    """
    require_role(user, Role.SECRETARIAT, unit=motion.session.round.owner)
    with transaction.atomic():
        session = lock_session(motion.session)
        row = voting_motion(session, motion.pk)
        seats = {seat.pk: seat for seat in session.seats.select_related("user")}
        for pk, choice in choices.items():
            if pk not in seats or not seats[pk].has_vote:
                raise SubmissionError(_("Somebody without a vote was entered."), code="no_vote")
            _store_vote(row, seats[pk], choice, user, clock.now())
        audit.record("submissions.council_vote", session, user=user, after={"motion": row.pk, "entered": len(choices)})
    return len(choices)


def _store_vote(motion: CouncilMotion, seat: CouncilSeat, choice: str, user: User, moment: dt.datetime) -> CouncilVote:
    if choice not in VoteChoice.values:
        raise SubmissionError(_("Vote for, against or abstain."), code="unknown_choice")
    if not seat.is_present:
        raise WrongState(_("%(person)s is not marked as present.") % {"person": seat.user}, code="absent")
    if motion.item is not None:
        why = Conflicts(seat.user, motion.session.round).exclusion(motion.item.participant.unit)
        if why:
            raise PermissionRefused(
                _("%(person)s does not vote on %(unit)s: %(why)s.")
                % {"person": seat.user, "unit": motion.item.participant.unit.name, "why": Exclusion(why).label},
                code="excluded",
            )
    vote, _created = CouncilVote.objects.update_or_create(
        motion=motion, seat=seat, defaults={"choice": choice, "cast_by": user, "cast_at": moment}
    )
    return vote


def votes_waiting_for(user: User) -> list[CouncilMotion]:
    """Return the motions on which the person, present and not excluded, has not voted yet."""
    seats = CouncilSeat.objects.filter(user=user, is_present=True).exclude(position=SeatPosition.SECRETARY)
    rows = (
        CouncilMotion.objects.filter(
            state=MotionState.VOTING, session__state=SessionState.SITTING, session__in=seats.values("session")
        )
        .exclude(votes__seat__user=user)
        .select_related("session__round", "item__participant__unit")
    )
    return [
        motion
        for motion in rows
        if motion.item is None or not Conflicts(user, motion.session.round).exclusion(motion.item.participant.unit)
    ]


def _is_member(session: CouncilSession, user: User) -> bool:
    return user.is_active and memberships_in_council(session.round, Role.COUNCIL_MEMBER).filter(user=user).exists()


def voting_motion(session: CouncilSession, pk: int) -> CouncilMotion:
    """Return a motion of a sitting session that is being voted on, else refuse; the caller holds the session's lock."""
    require_state(session, SessionState.SITTING)
    motion = (
        CouncilMotion.objects.select_related("item__participant__unit", "seen_entry", "evidence")
        .filter(session=session, pk=pk)
        .first()
    )
    if motion is None or motion.state != MotionState.VOTING:
        raise WrongState(_("This motion is not being voted on any more. Reload the page."), code="motion_state")
    motion.session = session
    if motion.item is not None:
        motion.item.participant.round = session.round
    return motion


# --- who counts -------------------------------------------------------------------------------------------------------
class Roll:
    """The members with a vote in a session and their conflicts, read once for any number of units."""

    def __init__(self, session: CouncilSession, motion: CouncilMotion | None = None) -> None:
        self.session = session
        self.seats = [seat for seat in session.seats.select_related("user").order_by("pk") if seat.has_vote]
        self._conflicts = {seat.pk: Conflicts(seat.user, session.round) for seat in self.seats}
        votes = motion.votes.values_list("seat_id", "choice") if motion is not None else ()
        self._choices = dict(votes)

    def ballots(self, unit: Unit | None) -> list[Ballot]:
        """Return every member's part in a vote about the unit; None: about no unit in particular."""
        return [
            Ballot(
                seat=seat.pk,
                name=str(seat.user),
                represents=seat.represents,
                is_chair=seat.position == SeatPosition.CHAIR,
                is_present=seat.is_present,
                excluded=self._conflicts[seat.pk].exclusion(unit) if unit is not None else "",
                choice=self._choices.get(seat.pk, ""),
            )
            for seat in self.seats
        ]

    def tally(self, unit: Unit | None) -> Tally:
        """Count the vote about the unit."""
        return tally(self.ballots(unit), rules_of(self.session))
