"""Planning a session of the council, its seats and attendance, its beginning, and cancelling it."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.permissions import memberships_of, require_role
from submissions.council_enums import (
    ItemState,
    MajorityRule,
    MotionState,
    QuorumRule,
    SeatPosition,
    SessionState,
)
from submissions.domain.agenda import release_items
from submissions.domain.council import (
    lock_session,
    members_of_council,
    memberships_in_council,
    require_quorum,
    require_state,
    require_step,
)
from submissions.enums import RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, CouncilSeat, CouncilSession

PLANNABLE = (RoundState.OPEN, RoundState.APPRAISAL, RoundState.COUNCIL)


def plan_session(
    *,
    round: AssessmentRound,
    user: User,
    title: str,
    held_at: dt.datetime,
    place: str = "",
    quorum: str = QuorumRule.TWO_THIRDS,
    majority: str = MajorityRule.PRESENT_HALF,
    chair_breaks_ties: bool = True,
) -> CouncilSession:
    """Plan a session; everybody who holds the role of council member gets a seat at once. Return the session.

    Raises `PermissionRefused` unless the user is of the round's secretariat, `WrongState` before the round opens and
    after it is finalised, `SubmissionError` without a title.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    if not title.strip():
        raise SubmissionError(_("Give the session a title."), code="title_missing")
    with transaction.atomic():
        list(AssessmentRound.objects.select_for_update().filter(pk=round.pk).values_list("pk"))
        now = AssessmentRound.objects.select_related("owner").get(pk=round.pk)
        if now.state not in PLANNABLE:
            raise WrongState(
                _("The round “%(round)s” is in the state “%(state)s”; no session of the council is planned now.")
                % {"round": now.name, "state": RoundState(now.state).label},
                code="round_state",
            )
        last = CouncilSession.objects.filter(round=now).aggregate(last=Max("number"))["last"] or 0
        session = CouncilSession.objects.create(
            round=now,
            number=last + 1,
            title=title.strip(),
            held_at=held_at,
            place=place.strip(),
            quorum=quorum,
            majority=majority,
            chair_breaks_ties=chair_breaks_ties,
            created_by=user,
        )
        CouncilSeat.objects.bulk_create(
            [
                CouncilSeat(session=session, user=member, represents=represented_by(member, now))
                for member in members_of_council(now)
            ]
        )
        audit.record(
            "submissions.council_session",
            session,
            user=user,
            after={"title": session.title, "held_at": held_at, "quorum": str(quorum), "majority": str(majority)},
        )
    return session


def change_session(
    *,
    session: CouncilSession,
    user: User,
    title: str,
    held_at: dt.datetime,
    place: str,
    quorum: str,
    majority: str,
    chair_breaks_ties: bool,
) -> CouncilSession:
    """Change what was planned. Raises as `plan_session`, and `WrongState` once the session sits."""
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    if not title.strip():
        raise SubmissionError(_("Give the session a title."), code="title_missing")
    with transaction.atomic():
        locked = lock_session(session)
        require_state(locked, SessionState.PLANNED)
        names = ("title", "held_at", "place", "quorum", "majority", "chair_breaks_ties")
        before = {name: getattr(locked, name) for name in names}
        values = (title.strip(), held_at, place.strip(), quorum, majority, chair_breaks_ties)
        for name, value in zip(names, values, strict=True):
            setattr(locked, name, value)
        locked.save(update_fields=names)
        audit.record(
            "submissions.council_session",
            locked,
            user=user,
            before=before,
            after={name: getattr(locked, name) for name in names},
        )
    return locked


def represented_by(user: User, round: AssessmentRound) -> str:
    """Return the unit for which the person works beside the council, empty where it is only the council's."""
    none = (Role.AUDITOR, Role.ADMINISTRATOR, Role.COUNCIL_MEMBER)
    other = memberships_of(user).exclude(unit=round.owner).exclude(role__in=none)
    names = list(dict.fromkeys(other.order_by("pk").values_list("unit__name", flat=True)))
    return names[0] if len(names) == 1 else ""


# --- seats ------------------------------------------------------------------------------------------------------------
def add_seat(*, session: CouncilSession, member: User, position: str, user: User, represents: str = "") -> CouncilSeat:
    """Give a person a seat: members hold the role of council member, the secretary that of the secretariat.

    Raises `PermissionRefused`, `WrongState` once the session has ended, `SubmissionError` for a person without the
    role, one who sits already, or a second chair.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    with transaction.atomic():
        locked = lock_session(session)
        require_state(locked, SessionState.PLANNED, SessionState.SITTING)
        _require_membership(locked.round, member, position)
        if locked.seats.filter(user=member).exists():
            raise SubmissionError(_("%(person)s sits in the session already.") % {"person": member}, code="duplicate")
        _refuse_second_chair(locked, position)
        seat = CouncilSeat.objects.create(
            session=locked,
            user=member,
            position=position,
            represents=represents.strip() or represented_by(member, locked.round),
        )
        audit.record(
            "submissions.council_seat", locked, user=user, after={"person": member.pk, "position": str(position)}
        )
    return seat


def change_seat(
    *, seat: CouncilSeat, user: User, position: str, represents: str, is_present: bool, absence: str = ""
) -> CouncilSeat:
    """Change position and attendance of a seat. Raises as `add_seat`."""
    require_role(user, Role.SECRETARIAT, unit=seat.session.round.owner)
    with transaction.atomic():
        locked = lock_session(seat.session)
        require_state(locked, SessionState.PLANNED, SessionState.SITTING)
        row = locked.seats.get(pk=seat.pk)
        if position != row.position:
            _require_membership(locked.round, row.user, position)
            _refuse_second_chair(locked, position)
        before = {"position": row.position, "present": row.is_present}
        row.position, row.represents = position, represents.strip()
        row.is_present, row.absence = is_present, "" if is_present else absence.strip()
        row.save(update_fields=["position", "represents", "is_present", "absence"])
        after = {"position": str(row.position), "present": row.is_present}
        if before != after:
            audit.record("submissions.council_seat", locked, user=user, before=before, after=after, person=row.user_id)
    return row


def remove_seat(*, seat: CouncilSeat, user: User) -> None:
    """Take a seat back while the session is being prepared."""
    require_role(user, Role.SECRETARIAT, unit=seat.session.round.owner)
    with transaction.atomic():
        locked = lock_session(seat.session)
        require_state(locked, SessionState.PLANNED)
        locked.seats.filter(pk=seat.pk).delete()
        audit.record("submissions.council_seat", locked, user=user, before={"person": seat.user_id}, after=None)


def _require_membership(round: AssessmentRound, person: User, position: str) -> None:
    role = Role.SECRETARIAT if position == SeatPosition.SECRETARY else Role.COUNCIL_MEMBER
    held = memberships_in_council(round, role, Role.COUNCIL_MEMBER).filter(user=person)
    if not person.is_active or not held.exists():
        raise SubmissionError(
            _("%(person)s does not hold the role “%(role)s” for %(unit)s.")
            % {"person": person, "role": Role(role).label, "unit": round.owner.name},
            code="not_a_member",
        )


def _refuse_second_chair(session: CouncilSession, position: str) -> None:
    if position == SeatPosition.CHAIR and session.seats.filter(position=SeatPosition.CHAIR).exists():
        raise SubmissionError(
            _("The session has a chair already. Give the present chair another position first."), code="second_chair"
        )


# --- beginning and cancelling -----------------------------------------------------------------------------------------
def open_session(*, session: CouncilSession, user: User) -> CouncilSession:
    """Let the session begin to sit: from now on it decides, by the rules as they stand.

    Raises `PermissionRefused`; `WrongState` unless the round is with the council and no other session sits;
    `SubmissionError` without a chair who is present or without a quorum.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    with transaction.atomic():
        list(AssessmentRound.objects.select_for_update().filter(pk=session.round_id).values_list("pk"))
        locked = lock_session(session)
        require_step(locked, SessionState.SITTING)
        if locked.round.state != RoundState.COUNCIL:
            raise WrongState(
                _("The round is in the state “%(state)s”; hand it over to the council first.")
                % {"state": RoundState(locked.round.state).label},
                code="round_state",
            )
        if not locked.seats.filter(position=SeatPosition.CHAIR, is_present=True).exists():
            raise SubmissionError(
                _("Name the chair and mark who is present: without the chair no session begins."), code="no_chair"
            )
        require_quorum(locked)
        locked.state, locked.opened_at = SessionState.SITTING, clock.now()
        try:
            with transaction.atomic():
                locked.save(update_fields=["state", "opened_at"])
        except IntegrityError as error:
            raise WrongState(_("Another session of this council is sitting; close it first."), code="other") from error
        audit.record(
            "submissions.council_session",
            locked,
            user=user,
            before={"state": str(SessionState.PLANNED)},
            after={"state": str(SessionState.SITTING)},
        )
    return locked


def cancel_session(*, session: CouncilSession, user: User, reason: str) -> CouncilSession:
    """Cancel a session that has decided nothing; its items are free for another agenda.

    Raises `PermissionRefused`, `WrongState` once something was decided, `SubmissionError` without a reason.
    """
    require_role(user, Role.SECRETARIAT, unit=session.round.owner)
    if not reason.strip():
        raise SubmissionError(_("Give the reason why the session is cancelled."), code="reason_missing")
    with transaction.atomic():
        locked = lock_session(session)
        require_step(locked, SessionState.CANCELLED)
        if locked.decisions.exists():
            raise WrongState(
                _("The session has decided already: close it, and put off what is left."), code="has_decided"
            )
        before = locked.state
        release_items(locked.items.filter(state=ItemState.OPEN), state=ItemState.TAKEN_OFF, reason=reason.strip())
        locked.motions.filter(state=MotionState.VOTING).update(state=MotionState.WITHDRAWN)
        locked.state, locked.cancel_reason, locked.ended_at = SessionState.CANCELLED, reason.strip(), clock.now()
        locked.save(update_fields=["state", "cancel_reason", "ended_at"])
        audit.record(
            "submissions.council_session",
            locked,
            user=user,
            before={"state": before},
            after={"state": locked.state, "reason": reason.strip()},
        )
    return locked
