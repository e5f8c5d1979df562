"""A round with its council, built through the domain: members, a chair, one of them belonging to a unit."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from cms.enums import Role
from cms.models import User
from submissions.council_enums import AgendaSubject, SeatPosition, VoteChoice
from submissions.domain.agenda import add_item
from submissions.domain.appraisal import record_appraisal
from submissions.domain.council_decisions import record_result
from submissions.domain.council_motions import MotionText, put_motion
from submissions.domain.council_sessions import change_seat, open_session, plan_session
from submissions.domain.council_votes import record_votes
from submissions.domain.ledger import current_entry
from submissions.domain.rounds import advance_round
from submissions.enums import RoundState
from submissions.models import (
    AgendaItem,
    CouncilDecision,
    CouncilMotion,
    CouncilSeat,
    CouncilSession,
    Participant,
    ScoreEntry,
)
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import MembershipFactory, user_with_role
from tests.factories.submissions import OpenRound


@dataclass(frozen=True)
class Council:
    """A round with the council: chair and three members; the last member works for the unit `this.plain`."""

    this: OpenRound
    session: CouncilSession
    chair: User
    members: tuple[User, ...]

    @property
    def insider(self) -> User:
        """The member who belongs to the unit `this.plain`."""
        return self.members[-1]

    def seat(self, user: User) -> CouncilSeat:
        """The person's seat."""
        return self.session.seats.get(user=user)


def decide_leaf(this: OpenRound, code: str, *, points: str, participant: Participant | None = None) -> ScoreEntry:
    """Let the agency set other points than the unit claims."""
    who = participant or this.plain
    seen = current_entry(who, code)
    return record_appraisal(
        user=this.appraiser,
        participant=who,
        code=code,
        accept=False,
        points=points,
        reason="Minh chứng chưa đủ",
        expected_entry_id=seen.pk if seen else None,
    )


def council(*, members: int = 3, sitting: bool = True, in_council: bool = True, **fields: object) -> Council:
    """Return a round with the council: the agency gave 1.1 of the unit A 0 of 1 point; everybody is present."""
    this = appraisal_round(**fields)
    decide_leaf(this, "1.1", points="0")
    chair = user_with_role(Role.COUNCIL_MEMBER, this.round.owner)
    others = tuple(user_with_role(Role.COUNCIL_MEMBER, this.round.owner) for _number in range(members))
    MembershipFactory(user=others[-1], unit=this.plain.unit, role=Role.LEADER)
    if in_council:
        advance_round(round=this.round, to=RoundState.COUNCIL, user=this.secretary)
    session = plan_session(
        round=this.round, user=this.secretary, title="Phiên họp thứ nhất", held_at=timezone.now() + dt.timedelta(days=1)
    )
    for seat in session.seats.all():
        position = SeatPosition.CHAIR if seat.user == chair else SeatPosition.MEMBER
        change_seat(seat=seat, user=this.secretary, position=position, represents=seat.represents, is_present=True)
    if sitting:
        session = open_session(session=session, user=this.secretary)
    return Council(this=this, session=session, chair=chair, members=others)


def item_on(
    room: Council, code: str = "1.1", *, participant: Participant | None = None, **fields: object
) -> AgendaItem:
    """Put a leaf of the unit A (or of another participant) on the agenda."""
    subject = fields.pop("subject", AgendaSubject.SCORE)
    return add_item(
        session=room.session,
        user=room.this.secretary,
        participant=participant or room.this.plain,
        subject=subject,
        topic="Xem lại điểm thẩm định",
        code=code if subject == AgendaSubject.SCORE else "",
    )


def put(room: Council, item: AgendaItem, kind: str = "set", **fields: object) -> CouncilMotion:
    """Put a motion on an item; by default to give the full point."""
    given = {"reason": "Đơn vị đã bổ sung văn bản", **({"points": "1"} if kind == "set" else {}), **fields}
    seen = current_entry(item.participant, item.code) if item.code else None
    return put_motion(
        item=item,
        user=room.this.secretary,
        text=MotionText(kind=kind, **given),
        expected_entry_id=seen.pk if seen else None,
    )


def hands(room: Council, motion: CouncilMotion, choice: str = VoteChoice.FOR, **others: str) -> None:
    """Enter a show of hands of everybody who may vote: all vote `choice`; `chair="against"` names the chair's."""
    unit = motion.item.participant.unit if motion.item else None
    choices = {}
    for seat in room.session.seats.filter(is_present=True):
        if unit == room.this.plain.unit and seat.user == room.insider:
            continue
        choices[seat.pk] = others.get("chair", choice) if seat.user == room.chair else choice
    record_votes(motion=motion, user=room.this.secretary, choices=choices)


def decide(
    room: Council, item: AgendaItem, kind: str = "set", choice: str = VoteChoice.FOR, **fields: object
) -> CouncilDecision:
    """Put a motion, let everybody vote alike, record the result."""
    motion = put(room, item, kind, **fields)
    hands(room, motion, choice)
    return record_result(motion=motion, user=room.this.secretary)
