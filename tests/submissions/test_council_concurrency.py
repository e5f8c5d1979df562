"""Two people at once in the council and at the appraisers' gate, on SQLite's file and on PostgreSQL."""

from __future__ import annotations

import pytest

from submissions.council_enums import ItemState
from submissions.domain.appraisal import record_appraisal
from submissions.domain.council_decisions import record_result
from submissions.domain.council_votes import cast_vote
from submissions.domain.ledger import current_entry
from submissions.domain.minutes import close_session
from submissions.domain.rounds import advance_round
from submissions.enums import RoundState, Stage
from submissions.exceptions import StaleWrite, WrongState
from submissions.models import AssessmentRound, CouncilDecision, CouncilMinutes, CouncilMotion, CouncilVote, ScoreEntry
from tests.factories.appraisal import appraisal_round
from tests.factories.council import council, decide, hands, item_on, put
from tests.submissions.test_concurrency import at_once

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def test_two_appraisers_on_one_leaf__one_decides_and_the_other_sees_it():
    this = appraisal_round()
    seen = current_entry(this.plain, "1.1")

    def set_points(points: str):
        return lambda: record_appraisal(
            user=this.appraiser,
            participant=this.plain,
            code="1.1",
            accept=False,
            points=points,
            reason="Chấm lại",
            expected_entry_id=seen.pk,
        )

    results = at_once(*(set_points(points) for points in ("0", "0.5", "0.25", "0.75")))
    assert sorted(type(result).__name__ for result in results) == ["ScoreEntry"] + ["StaleWrite"] * 3
    won = next(result for result in results if isinstance(result, ScoreEntry))
    assert {error.current["points"] for error in results if isinstance(error, StaleWrite)} == {won.points}


def test_the_round_moves_on_while_appraisers_decide__no_decision_after_it():
    this = appraisal_round()
    claims = {code: current_entry(this.plain, code).pk for code in ("1.1", "1.2.1", "1.2.3")}

    def accept(code: str):
        return lambda: record_appraisal(
            user=this.appraiser, participant=this.plain, code=code, accept=True, expected_entry_id=claims[code]
        )

    results = at_once(
        lambda: advance_round(round=this.round, to=RoundState.COUNCIL, user=this.secretary),
        *(accept(code) for code in claims),
    )
    stored = set(ScoreEntry.objects.filter(stage=Stage.APPRAISAL_1).values_list("code", flat=True))
    assert stored == {result.code for result in results if isinstance(result, ScoreEntry)}
    assert AssessmentRound.objects.get(pk=this.round.pk).state == RoundState.COUNCIL
    with pytest.raises(WrongState):
        accept("1.1")()


def test_members_vote_at_once__every_vote_is_kept():
    room = council()
    motion = put(room, item_on(room))
    voters = (room.chair, *room.members[:2])
    at_once(*((lambda user=user: cast_vote(motion=motion, user=user, choice="for")) for user in voters))
    assert set(CouncilVote.objects.values_list("seat__user", "choice")) == {(user.pk, "for") for user in voters}


def test_the_result_is_recorded_twice_at_once__one_decision_and_one_entry():
    room = council()
    motion = put(room, item_on(room))
    hands(room, motion)
    results = at_once(*([lambda: record_result(motion=motion, user=room.this.secretary)] * 3))
    assert sorted(type(result).__name__ for result in results) == ["CouncilDecision", "WrongState", "WrongState"]
    assert (CouncilDecision.objects.count(), ScoreEntry.objects.filter(stage=Stage.COUNCIL).count()) == (1, 1)


def test_two_motions_at_once__one_is_voted_on():
    room = council()
    items = [item_on(room), item_on(room, "1.2.1")]
    results = at_once(lambda: put(room, items[0]), lambda: put(room, items[1], points="1"))
    assert sorted(type(result).__name__ for result in results) == ["CouncilMotion", "WrongState"]
    assert CouncilMotion.objects.count() == 1


def test_close_and_decide_at_once__the_minutes_hold_what_was_decided():
    room = council()
    decide(room, item_on(room))
    motion = put(room, item_on(room, "1.2.1"), points="1")
    hands(room, motion)
    at_once(
        lambda: record_result(motion=motion, user=room.this.secretary),
        lambda: close_session(session=room.session, user=room.this.secretary, number="01"),
    )
    minutes = CouncilMinutes.objects.first() or close_session(
        session=room.session, user=room.this.secretary, number="01"
    )
    assert (
        len([d for item in minutes.content["items"] for d in item["decisions"]]) == CouncilDecision.objects.count() == 2
    )
    assert {item["state"] for item in minutes.content["items"]} == {ItemState.DECIDED}
