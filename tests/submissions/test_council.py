"""The council: sessions, agenda, motions, votes, exclusion, what a decision writes, adoption of the rest, minutes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial

from django.db import DatabaseError, transaction
from django.utils import timezone

import pytest

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from submissions.council_enums import (
    AgendaSubject,
    DiscrepancyState,
    ItemState,
    MotionState,
    SeatPosition,
    SessionState,
    VoteChoice,
)
from submissions.domain.agenda import add_item, draw_agenda, put_off
from submissions.domain.central_scores import record_central
from submissions.domain.conflicts import declare_conflict
from submissions.domain.council import sessions_seen_by
from submissions.domain.council_decisions import adopt_rest, record_result
from submissions.domain.council_motions import put_rest, withdraw_motion
from submissions.domain.council_sessions import add_seat, cancel_session, change_seat, open_session, plan_session
from submissions.domain.council_votes import cast_vote, record_votes
from submissions.domain.discrepancies import find_discrepancies
from submissions.domain.finalise import finalise_round, readiness
from submissions.domain.ledger import adjustments, current_entry, final_points
from submissions.domain.minutes import close_session, content_hash
from submissions.domain.rounds import advance_round, set_participant_status
from submissions.enums import Basis, ParticipantStatus, Phase, RoundState, Stage
from submissions.exceptions import Locked, StaleWrite, SubmissionError, Unfinished, WrongState
from submissions.models import (
    AgendaItem,
    CouncilDecision,
    CouncilMinutes,
    CouncilSession,
    Discrepancy,
    Participant,
    PhaseDeadline,
    ScoreEntry,
)
from tests.factories import cms
from tests.factories.council import Council, council, decide, hands, item_on, put

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def room() -> Council:
    return council()


def refused(act, *kinds: type[PortalError]) -> str:
    """Return the code of the refusal; nothing but a refusal with a sentence will do."""
    with pytest.raises(kinds or PortalError) as caught:
        act()
    assert caught.value.message
    return caught.value.code


# --- sessions ---------------------------------------------------------------------------------------------------------
def test_plan__everybody_of_the_council_gets_a_seat_and_the_unit_beside_it_is_noted(room):
    seats = {seat.user: (seat.position, seat.represents) for seat in room.session.seats.all()}
    assert seats[room.chair] == (SeatPosition.CHAIR, "")
    assert seats[room.insider] == (SeatPosition.MEMBER, "Tỉnh A")
    assert len(seats) == 4


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SECRETARIAT])
def test_plan__only_the_secretariat(room, role):
    user = cms.user_with_role(role, room.this.round.owner)
    with pytest.raises(PermissionRefused):
        plan_session(round=room.this.round, user=user, title="x", held_at=timezone.now())


def test_plan__refuses_an_empty_title_and_a_round_that_is_not_open_or_is_finalised():
    from tests.factories.submissions import RoundFactory

    this = RoundFactory()
    secretary = cms.user_with_role(Role.SECRETARIAT, this.owner)
    assert (
        refused(lambda: plan_session(round=this, user=secretary, title=" ", held_at=timezone.now())) == "title_missing"
    )
    for state in (RoundState.DRAFT, RoundState.FINALISED):
        type(this).objects.update(state=state)
        assert (
            refused(lambda: plan_session(round=this, user=secretary, title="x", held_at=timezone.now()))
            == "round_state"
        )


def test_seat__only_who_holds_the_role(room):
    stranger = cms.user_with_role(Role.COUNCIL_MEMBER)
    give = {"session": room.session, "user": room.this.secretary}
    assert refused(lambda: add_seat(member=stranger, position=SeatPosition.MEMBER, **give)) == "not_a_member"
    assert refused(lambda: add_seat(member=room.chair, position=SeatPosition.MEMBER, **give)) == "duplicate"
    newcomer = cms.user_with_role(Role.COUNCIL_MEMBER, room.this.round.owner)
    assert refused(lambda: add_seat(member=newcomer, position=SeatPosition.CHAIR, **give)) == "second_chair"
    clerk = add_seat(member=room.this.secretary, position=SeatPosition.SECRETARY, **give)
    assert not clerk.has_vote


def test_open__needs_chair_quorum_and_the_round_with_the_council():
    room = council(sitting=False, in_council=False)
    session, secretary = room.session, room.this.secretary
    assert refused(lambda: open_session(session=session, user=secretary)) == "round_state"
    advance_round(round=room.this.round, to=RoundState.COUNCIL, user=secretary)
    for user in (room.members[0], room.members[1]):
        change_seat(seat=room.seat(user), user=secretary, position=SeatPosition.MEMBER, represents="", is_present=False)
    assert refused(lambda: open_session(session=session, user=secretary)) == "no_quorum"
    change_seat(
        seat=room.seat(room.chair), user=secretary, position=SeatPosition.MEMBER, represents="", is_present=True
    )
    assert refused(lambda: open_session(session=session, user=secretary)) == "no_chair"


def test_open__one_session_of_a_round_sits_at_a_time(room):
    other = plan_session(round=room.this.round, user=room.this.secretary, title="Phiên 2", held_at=timezone.now())
    for seat in other.seats.all():
        position = SeatPosition.CHAIR if seat.user == room.chair else SeatPosition.MEMBER
        change_seat(seat=seat, user=room.this.secretary, position=position, represents="", is_present=True)
    assert refused(lambda: open_session(session=other, user=room.this.secretary)) == "other"


def test_cancel__frees_the_items_and_is_refused_once_something_was_decided(room):
    item = item_on(room)
    decide(room, item)
    assert (
        refused(lambda: cancel_session(session=room.session, user=room.this.secretary, reason="Hoãn")) == "has_decided"
    )
    fresh = council()
    find_discrepancies(round=fresh.this.round, user=fresh.this.secretary)
    draw_agenda(session=fresh.session, user=fresh.this.secretary)
    cancel_session(session=fresh.session, user=fresh.this.secretary, reason="Bão lũ")
    assert set(fresh.session.items.values_list("state", flat=True)) == {ItemState.TAKEN_OFF}
    assert set(Discrepancy.objects.filter(participant__round=fresh.this.round).values_list("state", flat=True)) == {
        DiscrepancyState.OPEN
    }


def test_papers_are_closed_to_the_council_of_another_round_and_to_the_superior_one(room):
    owner = room.this.round.owner
    parent = cms.UnitFactory()
    owner.parent = parent
    owner.save()
    seen = {role for role in Role if sessions_seen_by(cms.user_with_role(role, owner)).exists()}
    assert seen == {Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR}
    above = {role for role in Role if sessions_seen_by(cms.user_with_role(role, parent)).exists()}
    assert above == {Role.AUDITOR, Role.ADMINISTRATOR}


# --- agenda -----------------------------------------------------------------------------------------------------------
def test_draw__discrepancies_of_one_leaf_are_one_item_and_special_cases_follow(room):
    set_participant_status(
        participant=room.this.full,
        status=ParticipantStatus.NOT_RANKED,
        reason="Mới thành lập",
        user=room.this.secretary,
    )
    find_discrepancies(round=room.this.round, user=room.this.secretary)
    items = draw_agenda(session=room.session, user=room.this.secretary)
    assert [(i.subject, i.participant_id, i.code) for i in items] == [
        (AgendaSubject.SCORE, room.this.plain.pk, "1.1"),
        (AgendaSubject.SPECIAL, room.this.full.pk, ""),
    ]
    assert ("1" in items[0].topic, "0" in items[0].topic) == (True, True)
    assert Discrepancy.objects.get().state == DiscrepancyState.AGENDA
    assert draw_agenda(session=room.session, user=room.this.secretary) == []


@pytest.mark.parametrize(
    ("code", "refusal"), [("7.7", "unknown_code"), ("2.6.1", "unknown_code"), ("2.2.1", "survey_leaf")]
)
def test_add__refuses_what_the_unit_is_not_asked_and_what_the_survey_scores(room, code, refusal):
    assert refused(lambda: item_on(room, code)) == refusal


def test_add__refuses_a_unit_of_another_round_a_double_and_an_empty_topic(room):
    item_on(room)
    assert refused(lambda: item_on(room)) == "duplicate"
    other = council().this.plain
    assert refused(lambda: item_on(room, participant=other)) == "other_round"
    assert (
        refused(
            lambda: add_item(
                session=room.session,
                user=room.this.secretary,
                participant=room.this.full,
                subject=AgendaSubject.SPECIAL,
                topic="  ",
            )
        )
        == "topic_missing"
    )


def test_put_off__needs_a_reason_and_opens_the_discrepancy_again(room):
    find_discrepancies(round=room.this.round, user=room.this.secretary)
    (item,) = draw_agenda(session=room.session, user=room.this.secretary)
    assert refused(lambda: put_off(item=item, user=room.this.secretary, reason=" ")) == "reason_missing"
    put_off(item=item, user=room.this.secretary, reason="Chờ tài liệu")
    item.refresh_from_db()
    assert (item.state, Discrepancy.objects.get().state) == (ItemState.POSTPONED, DiscrepancyState.OPEN)
    assert refused(lambda: put_off(item=item, user=room.this.secretary, reason="x")) == "item_state"


# --- motions and votes ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "fields", "refusal"),
    [
        ("set", {"points": "1.5"}, "points_out_of_range"),
        ("set", {"points": "0.333"}, "off_step"),
        ("set", {"points": ""}, "points_missing"),
        ("set", {"reason": " "}, "reason_missing"),
        ("keep", {"reason": ""}, "reason_missing"),
        ("bonus", {}, "unknown_kind"),
        ("rest", {}, "unknown_kind"),
    ],
)
def test_motion__refuses_what_could_not_be_written(room, kind, fields, refusal):
    item = item_on(room)
    assert refused(lambda: put(room, item, kind, **fields)) == refusal
    assert not room.session.motions.exists()


def test_motion__one_is_voted_on_at_a_time_and_can_be_withdrawn(room):
    first, second = item_on(room), item_on(room, "1.2.1")
    motion = put(room, first)
    assert refused(lambda: put(room, second)) == "voting"
    hands(room, motion)
    withdraw_motion(motion=motion, user=room.this.secretary)
    motion.refresh_from_db()
    assert (motion.state, motion.votes.count()) == (MotionState.WITHDRAWN, 0)
    put(room, second, points="2")


def test_vote__a_member_does_not_vote_on_the_own_unit_neither_alone_nor_by_hands(room):
    motion = put(room, item_on(room))
    assert refused(lambda: cast_vote(motion=motion, user=room.insider, choice="for"), PermissionRefused) == "excluded"
    seat = room.seat(room.insider)
    entered = {seat.pk: "for", room.seat(room.chair).pk: "for"}
    assert refused(lambda: record_votes(motion=motion, user=room.this.secretary, choices=entered)) == "excluded"
    assert motion.votes.count() == 0
    elsewhere = put_elsewhere(room, motion)
    assert cast_vote(motion=elsewhere, user=room.insider, choice="for").choice == VoteChoice.FOR


def put_elsewhere(room: Council, standing) -> object:
    withdraw_motion(motion=standing, user=room.this.secretary)
    return put(room, item_on(room, participant=room.this.full), "keep")


def test_vote__a_declared_conflict_excludes_and_counts_neither_as_member_nor_as_present(room):
    member = room.members[0]
    declare_conflict(round=room.this.round, person=member, unit=room.this.plain.unit, reason="Người nhà", user=member)
    motion = put(room, item_on(room))
    assert refused(lambda: cast_vote(motion=motion, user=member, choice="for"), PermissionRefused) == "excluded"
    choices = {room.seat(user).pk: "for" for user in (room.chair, room.members[1])}
    record_votes(motion=motion, user=room.this.secretary, choices=choices)
    decision = record_result(motion=motion, user=room.this.secretary)
    assert (decision.members, decision.present, decision.votes_for, decision.carried) == (2, 2, 2, True)
    reasons = {row["name"]: row["excluded"] for row in decision.roll}
    assert {name for name, why in reasons.items() if why} == {str(member), str(room.insider)}


def test_vote__refuses_strangers_the_secretary_absent_members_and_former_members(room):
    motion = put(room, item_on(room))
    add_seat(
        session=room.session, member=room.this.secretary, position=SeatPosition.SECRETARY, user=room.this.secretary
    )
    newcomer = cms.user_with_role(Role.COUNCIL_MEMBER, room.this.round.owner)
    vote = partial(cast_vote, motion=motion, choice="for")
    for stranger in (room.this.appraiser, room.this.secretary, newcomer):
        assert refused(partial(vote, user=stranger), PermissionRefused) == "no_vote"
    member = room.members[0]
    change_seat(
        seat=room.seat(member), user=room.this.secretary, position=SeatPosition.MEMBER, represents="", is_present=False
    )
    assert refused(lambda: cast_vote(motion=motion, user=member, choice="for")) == "absent"
    room.chair.memberships.update(valid_to=timezone.now().date() - dt.timedelta(days=1))
    assert refused(lambda: cast_vote(motion=motion, user=room.chair, choice="for"), PermissionRefused) == "no_vote"


def test_vote__may_be_changed_until_the_result_is_recorded(room):
    motion = put(room, item_on(room))
    cast_vote(motion=motion, user=room.chair, choice="against")
    cast_vote(motion=motion, user=room.chair, choice="for")
    assert motion.votes.get().choice == VoteChoice.FOR
    hands(room, motion)
    record_result(motion=motion, user=room.this.secretary)
    assert refused(lambda: cast_vote(motion=motion, user=room.chair, choice="against")) == "motion_state"
    assert refused(lambda: cast_vote(motion=motion, user=room.chair, choice="perhaps")) == "motion_state"


# --- decisions --------------------------------------------------------------------------------------------------------
def test_decide__a_carried_motion_changes_the_score_with_reason_and_roll(room):
    find_discrepancies(round=room.this.round, user=room.this.secretary)
    (item,) = draw_agenda(session=room.session, user=room.this.secretary)
    decision = decide(room, item, conditions="Bổ sung bản ký số trước 30/6", public_note="Hội đồng công nhận.")
    entry = current_entry(room.this.plain, "1.1")
    assert (entry.points, entry.stage, entry.basis) == (Decimal(1), Stage.COUNCIL, Basis.SET)
    assert (entry.reason, entry.public_note) == ("Đơn vị đã bổ sung văn bản", "Hội đồng công nhận.")
    assert (decision.entry, decision.votes_for, decision.present, decision.members) == (entry, 3, 3, 3)
    assert decision.motion.conditions == "Bổ sung bản ký số trước 30/6"
    item.refresh_from_db()
    assert (item.state, Discrepancy.objects.get().state) == (ItemState.DECIDED, DiscrepancyState.DECIDED)
    assert final_points(room.this.round)[room.this.plain.pk]["1.1"].points == 1


def test_decide__a_motion_that_is_not_carried_writes_nothing_and_the_item_stays_open(room):
    item = item_on(room)
    before = ScoreEntry.objects.count()
    decision = decide(room, item, choice=VoteChoice.AGAINST)
    item.refresh_from_db()
    assert (decision.carried, decision.entry, decision.motion.state) == (False, None, MotionState.REJECTED)
    assert (ScoreEntry.objects.count(), item.state) == (before, ItemState.OPEN)
    kept = decide(room, item, "keep")
    assert (kept.number, kept.entry.points, kept.entry.basis) == (2, Decimal(0), Basis.ACCEPTED)


def test_decide__corrected_inputs_are_scored_by_the_rule(room):
    item = item_on(room, "1.2.2")
    decision = decide(room, item, points="", inputs={"numerator": "18", "denominator": "18"})
    assert (decision.entry.points, decision.entry.inputs) == (Decimal(2), {"numerator": "18", "denominator": "18"})


def test_decide__the_chair_breaks_a_tie():
    room = council(members=4)
    motion = put(room, item_on(room))
    votes = {room.chair: "for", room.members[0]: "for", room.members[1]: "against", room.members[2]: "abstain"}
    record_votes(
        motion=motion,
        user=room.this.secretary,
        choices={room.seat(user).pk: choice for user, choice in votes.items()},
    )
    decision = record_result(motion=motion, user=room.this.secretary)
    assert (decision.carried, decision.tie_broken) == (True, True)


def test_decide__refuses_a_missing_vote_and_names_the_member(room):
    motion = put(room, item_on(room))
    cast_vote(motion=motion, user=room.chair, choice="for")
    with pytest.raises(SubmissionError) as caught:
        record_result(motion=motion, user=room.this.secretary)
    assert caught.value.code == "votes_missing"
    assert str(room.members[0]) in caught.value.message


def test_decide__refuses_without_a_quorum_for_this_unit():
    room = council(members=2)
    declare_conflict(
        round=room.this.round,
        person=room.members[0],
        unit=room.this.plain.unit,
        reason="Người nhà",
        user=room.members[0],
    )
    motion = put(room, item_on(room))
    change_seat(seat=room.seat(room.chair), user=room.this.secretary, position="chair", represents="", is_present=False)
    assert refused(lambda: record_result(motion=motion, user=room.this.secretary)) == "no_quorum"


def test_decide__refuses_where_another_score_counts_than_the_one_voted_on(room):
    item = item_on(room, "2.2.2")
    entered = record_central(
        user=room.this.secretary, participant=room.this.plain, code="2.2.2", points="1", expected_entry_id=None
    )
    motion = put(room, item, points="2")
    hands(room, motion)
    record_central(
        user=room.this.secretary,
        participant=room.this.plain,
        code="2.2.2",
        points="1.5",
        reason="Đính chính",
        expected_entry_id=entered.pk,
    )
    with pytest.raises(StaleWrite) as caught:
        record_result(motion=motion, user=room.this.secretary)
    assert caught.value.current["points"] == Decimal("1.5")
    assert current_entry(room.this.plain, "2.2.2").stage == Stage.CENTRAL


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SECRETARIAT])
def test_decide__only_the_secretariat_records(room, role):
    motion = put(room, item_on(room))
    hands(room, motion)
    user = cms.user_with_role(role, room.this.round.owner)
    for act in (
        lambda: record_result(motion=motion, user=user),
        lambda: record_votes(motion=motion, user=user, choices={}),
        lambda: withdraw_motion(motion=motion, user=user),
    ):
        refused(act, PermissionRefused)
    assert not CouncilDecision.objects.exists()


def test_decide__refused_outside_the_council_phase_and_for_what_was_not_sent():
    room = council(both=False)
    item = item_on(room, participant=room.this.full)
    assert refused(lambda: put(room, item)) == "not_sent"
    own = item_on(room)
    deadline = PhaseDeadline.objects.get(round=room.this.round, phase=Phase.COUNCIL)
    with clock.at(deadline.closes_at + dt.timedelta(seconds=1)):
        assert refused(lambda: put(room, own), Locked) == "locked"
    type(room.this.round).objects.update(state=RoundState.APPRAISAL)
    assert refused(lambda: put(room, own), WrongState) == "round_state"


def test_special_case__a_carried_motion_changes_the_status(room):
    item = item_on(room, subject=AgendaSubject.SPECIAL)
    decide(room, item, "status", status=ParticipantStatus.NOT_RANKED, reason="Đơn vị đặc thù")
    who = Participant.objects.get(pk=room.this.plain.pk)
    assert (who.status, who.reason) == (ParticipantStatus.NOT_RANKED, "Đơn vị đặc thù")


def test_bonus__needs_evidence_keeps_the_cap_and_becomes_an_adjustment(room):
    item = item_on(room, subject=AgendaSubject.BONUS)
    proof = cms.StoredFileFactory()
    assert refused(lambda: put(room, item, "bonus", points="1")) == "evidence_missing"
    assert refused(lambda: put(room, item, "bonus", points="2,5", evidence=proof)) == "above_cap"
    assert refused(lambda: put(room, item, "bonus", points="0", evidence=proof)) == "points_out_of_range"
    decision = decide(room, item, "bonus", points="1,5", evidence=proof)
    assert (decision.adjustment.points, decision.adjustment.evidence) == (Decimal("1.5"), proof)
    assert adjustments(room.this.round)[room.this.plain.pk].bonus == Decimal("1.5")


def test_penalty(room):
    item = item_on(room, subject=AgendaSubject.PENALTY)
    decide(room, item, "penalty", points="0,5", evidence=cms.StoredFileFactory())
    assert adjustments(room.this.round)[room.this.plain.pk].penalty == Decimal("0.5")


def test_decisions_are_never_changed_or_deleted(room):
    decision = decide(room, item_on(room))
    decision.carried = False
    for act in (decision.save, decision.delete):
        assert refused(act) == "append_only"
    rows = CouncilDecision.objects.filter(pk=decision.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(carried=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows._raw_delete("default")


# --- the rest ---------------------------------------------------------------------------------------------------------
def test_rest__adopts_open_items_as_they_stand_and_says_how_many_units(room):
    decide_leaf_of_other = item_on(room, "1.2.1", participant=room.this.full)
    item = item_on(room)
    motion = put_rest(session=room.session, user=room.this.secretary, reason="Thống nhất kết quả thẩm định")
    record_votes(
        motion=motion,
        user=room.this.secretary,
        choices={seat.pk: "for" for seat in room.session.seats.all()},
    )
    overall, *adopted = adopt_rest(motion=motion, user=room.this.secretary)
    assert (overall.item, overall.carried, overall.facts) == (None, True, {"units": 2, "left": []})
    assert [(d.item, d.entry.points, d.members) for d in adopted] == [
        (decide_leaf_of_other, Decimal(2), 4),
        (item, Decimal(0), 3),
    ]
    assert {d.entry.basis for d in adopted} == {Basis.ACCEPTED}
    assert set(room.session.items.values_list("state", flat=True)) == {ItemState.DECIDED}


def test_rest__a_unit_where_too_few_may_vote_is_left_and_named():
    room = council(members=2)
    for member in (room.chair, room.members[0]):
        declare_conflict(
            round=room.this.round, person=member, unit=room.this.plain.unit, reason="Người nhà", user=member
        )
    item = item_on(room)
    motion = put_rest(session=room.session, user=room.this.secretary, reason="Thống nhất")
    record_votes(
        motion=motion,
        user=room.this.secretary,
        choices={seat.pk: "for" for seat in room.session.seats.all()},
    )
    (overall,) = adopt_rest(motion=motion, user=room.this.secretary)
    item.refresh_from_db()
    assert (overall.facts["left"], item.state) == (["Tỉnh A"], ItemState.OPEN)


def test_rest__special_cases_bonus_and_penalty_come_first(room):
    motion = put_rest(session=room.session, user=room.this.secretary, reason="Thống nhất")
    item_on(room, subject=AgendaSubject.SPECIAL)
    assert refused(lambda: adopt_rest(motion=motion, user=room.this.secretary)) == "single_matters"
    withdraw_motion(motion=motion, user=room.this.secretary)
    again = lambda: put_rest(session=room.session, user=room.this.secretary, reason="Thống nhất")  # noqa: E731
    assert refused(again) == "single_matters"


# --- the end ----------------------------------------------------------------------------------------------------------
def close(room: Council, number: str = "01/BB-HĐTĐ", **fields: object) -> CouncilMinutes:
    return close_session(session=room.session, user=room.this.secretary, number=number, **fields)


def test_close__freezes_the_minutes_with_everything_that_was_decided(room):
    item = item_on(room)
    decide(room, item, choice=VoteChoice.AGAINST)
    decide(room, item, conditions="Bổ sung bản ký số")
    minutes = close(room, remarks="Không có ý kiến khác")
    assert minutes.sha256 == content_hash(CouncilMinutes.objects.get().content)
    (told,) = minutes.content["items"]
    assert (told["unit"], told["code"], told["scores"][-1]["points"]) == ("Tỉnh A", "1.1", "0")
    first, second = told["decisions"]
    assert (first["carried"], first["against"], second["carried"], second["points"]) == (False, 3, True, "1")
    assert second["conditions"] == "Bổ sung bản ký số"
    assert sum(bool(row["excluded"]) for row in second["roll"]) == 1
    room.session.refresh_from_db()
    assert room.session.state == SessionState.CLOSED


def test_close__refuses_open_items_a_running_vote_no_number_and_a_taken_number(room):
    item = item_on(room)
    assert refused(lambda: close(room, number=" ")) == "number_missing"
    assert refused(lambda: close(room)) == "items_open"
    motion = put(room, item)
    assert refused(lambda: close(room)) == "voting"
    withdraw_motion(motion=motion, user=room.this.secretary)
    put_off(item=item, user=room.this.secretary, reason="Chờ tài liệu")
    close(room)
    again = plan_session(round=room.this.round, user=room.this.secretary, title="Phiên 2", held_at=timezone.now())
    for seat in again.seats.all():
        position = SeatPosition.CHAIR if seat.user == room.chair else SeatPosition.MEMBER
        change_seat(seat=seat, user=room.this.secretary, position=position, represents="", is_present=True)
    again = open_session(session=again, user=room.this.secretary)
    assert (
        refused(lambda: close_session(session=again, user=room.this.secretary, number="01/BB-HĐTĐ")) == "number_taken"
    )


def test_closed__nothing_is_decided_any_more(room):
    item = item_on(room)
    motion = put(room, item)
    hands(room, motion)
    record_result(motion=motion, user=room.this.secretary)
    close(room)
    for act in (
        lambda: item_on(room, "1.2.1"),
        lambda: put_rest(session=room.session, user=room.this.secretary, reason="x"),
        lambda: cast_vote(motion=motion, user=room.chair, choice="for"),
        lambda: change_seat(
            seat=room.seat(room.chair), user=room.this.secretary, position="chair", represents="", is_present=False
        ),
        lambda: close(room, number="02"),
    ):
        assert refused(act) == "session_state"


@pytest.mark.parametrize("to", [RoundState.APPRAISAL, RoundState.FINALISED])
def test_the_round_stays_with_a_sitting_council(room, to):
    assert refused(lambda: advance_round(round=room.this.round, to=to, user=room.this.secretary)) == "council_sits"
    with clock.at(after_all_phases()):
        assert len(readiness(room.this.round).blockers) == 1


def after_all_phases() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=60)


def test_finalise__what_the_council_put_off_must_be_decided_or_taken_off(room):
    item = item_on(room)
    put_off(item=item, user=room.this.secretary, reason="Chờ tài liệu")
    close(room)
    with clock.at(after_all_phases()):
        state = readiness(room.this.round)
        with pytest.raises(Unfinished):
            finalise_round(round=room.this.round, user=room.this.secretary, confirmed=state.digest)
    assert len(state.blockers) == 1
    again = plan_session(round=room.this.round, user=room.this.secretary, title="Phiên 2", held_at=timezone.now())
    second = add_item(
        session=again,
        user=room.this.secretary,
        participant=room.this.plain,
        subject=AgendaSubject.SCORE,
        topic="Xem lại",
        code="1.1",
    )
    put_off(item=second, user=room.this.secretary, reason="Đơn vị rút đề nghị", take_off=True)
    cancel_session(session=again, user=room.this.secretary, reason="Không còn nội dung")
    with clock.at(after_all_phases()):
        assert readiness(room.this.round).blockers == ()
    assert AgendaItem.objects.count() == 2
    assert CouncilSession.objects.filter(state=SessionState.CANCELLED).count() == 1
