"""The council of a round: who may see its sessions and run them, and what every act on a session asks first."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cms import clock
from cms.enums import Role
from cms.models import StoredFile, User
from cms.models.memberships import MembershipQuerySet
from cms.permissions import Person, has_role, may_read_all, units_where
from submissions.council_enums import SESSION_TRANSITIONS, SessionState
from submissions.domain.tally import Rules, quorum_needed
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Adjustment, AssessmentRound, CouncilMotion, CouncilSeat, CouncilSession

READERS = (Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR)


# --- who may see and do -----------------------------------------------------------------------------------------------
def sessions_seen_by(user: Person) -> QuerySet[CouncilSession]:
    """Return the sessions whose papers the user may read: people of the council's own round, and its seats.

    The council of another round learns nothing of them, a superior one neither; results travel by the roll-up.
    """
    rows = CouncilSession.objects.select_related("round__owner", "round__edition").defer(
        "round__edition__definition_json"
    )
    if may_read_all(user):
        return rows
    if not user.is_authenticated:
        return rows.none()
    return rows.filter(Q(round__owner__in=units_where(user, *READERS)) | Q(seats__user=user)).distinct()


def runs_session(user: Person, session: CouncilSession) -> bool:
    """Whether the user prepares the session and records what it decides."""
    return has_role(user, Role.SECRETARIAT, session.round.owner)


def seat_of(user: Person, session: CouncilSession) -> CouncilSeat | None:
    """Return the user's seat in the session; None where the user has none."""
    return session.seats.filter(user=user.pk).first() if user.is_authenticated else None


def members_of_council(round: AssessmentRound) -> QuerySet[User]:
    """Return the people who hold the role of council member for the round's owner today, by name."""
    held = User.objects.filter(is_active=True, memberships__in=memberships_in_council(round, Role.COUNCIL_MEMBER))
    return held.distinct().order_by("last_name", "first_name", "username")


def memberships_in_council(round: AssessmentRound, *roles: str) -> MembershipQuerySet:
    """Return the memberships with the roles in the round's owner that are in force today."""
    return round.owner.memberships.in_force(clock.today()).filter(role__in=roles)


def rules_of(session: CouncilSession) -> Rules:
    """Return the session's rules of quorum and majority."""
    return Rules(quorum=session.quorum, majority=session.majority, chair_breaks_ties=session.chair_breaks_ties)


def lock_session(session: CouncilSession) -> CouncilSession:
    """Return the session with its row locked, read after the lock; what is decided in it goes one by one."""
    list(CouncilSession.objects.select_for_update().filter(pk=session.pk).values_list("pk"))
    return CouncilSession.objects.select_related("round__owner", "round__edition").get(pk=session.pk)


def may_read_attachment(user: Person, stored: StoredFile) -> bool:
    """Whether a paper of a round may be read: evidence of a bonus, a penalty or a motion, by the council's people."""
    rounds = AssessmentRound.objects.filter(owner__in=units_where(user, *READERS))
    return (
        Adjustment.objects.filter(evidence=stored, participant__round__in=rounds).exists()
        or CouncilMotion.objects.filter(evidence=stored, session__in=sessions_seen_by(user)).exists()
    )


def people_for_seats(session: CouncilSession) -> QuerySet[User]:
    """Return the people of the council and its secretariat who have no seat in the session yet, by name."""
    held = memberships_in_council(session.round, Role.COUNCIL_MEMBER, Role.SECRETARIAT)
    rows = User.objects.filter(is_active=True, memberships__in=held).exclude(council_seats__session=session)
    return rows.distinct().order_by("last_name", "first_name", "username")


# --- what every act asks -------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Quorum:
    """How many members there are and are present, and how many are needed."""

    members: int
    present: int
    needed: int

    @property
    def is_reached(self) -> bool:
        """Whether enough members are present."""
        return self.members > 0 and self.present >= self.needed


def quorum_of(session: CouncilSession) -> Quorum:
    """Return how the session stands with its quorum, in one query."""
    seats = [seat for seat in session.seats.all() if seat.has_vote]
    present = sum(seat.is_present for seat in seats)
    return Quorum(members=len(seats), present=present, needed=quorum_needed(session.quorum, len(seats)))


def require_quorum(session: CouncilSession) -> None:
    """Refuse unless enough of the members with a vote are present."""
    state = quorum_of(session)
    if not state.is_reached:
        raise SubmissionError(
            _("No quorum: %(present)s of %(members)s members are present, %(needed)s are needed.")
            % {"present": state.present, "members": state.members, "needed": state.needed},
            code="no_quorum",
        )


def require_state(session: CouncilSession, *states: str) -> None:
    """Refuse unless the session is in one of the states."""
    if session.state not in states:
        raise WrongState(
            _("The session is in the state “%(state)s”; this is not possible any more or not yet.")
            % {"state": SessionState(session.state).label},
            code="session_state",
        )


def require_step(session: CouncilSession, to: str) -> None:
    """Refuse a step that the transition table does not have."""
    if to not in SESSION_TRANSITIONS[session.state]:
        raise WrongState(
            _("The session is in the state “%(state)s”; it cannot go to “%(to)s” from there.")
            % {"state": SessionState(session.state).label, "to": SessionState(to).label},
            code="session_state",
        )
