"""Rounds: who may, what opening pins, dates that cannot be right, the transition table."""

import datetime as dt

from django.utils import timezone

from wagtail.models import ModelLogEntry

import pytest

from cms.dates import DateError
from cms.enums import Role
from cms.exceptions import PermissionRefused
from submissions.domain import rounds
from submissions.domain.definitions import definition_for
from submissions.enums import ROUND_TRANSITIONS, ParticipantStatus, Phase, RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, Participant, PhaseDeadline, Submission
from tests.factories.cms import UnitAttributeFactory, UnitFactory, user_with_role
from tests.factories.criteria import ATTRIBUTE, EditionFactory
from tests.factories.submissions import PhaseDeadlineFactory, RoundFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def at(day: int, month: int = 1, year: int = 2026) -> dt.datetime:
    return timezone.make_aware(dt.datetime(year, month, day, 17, 0))  # noqa: DTZ001 -- made aware here


def test_create_round__secretariat_of_the_owner_only():
    owner = UnitFactory()
    fields = {
        "code": "par-2025",
        "name": "Chỉ số 2025",
        "year": 2025,
        "edition": EditionFactory(),
        "owner": owner,
        "period_from": dt.date(2025, 1, 1),
        "period_to": dt.date(2025, 12, 31),
    }
    with pytest.raises(PermissionRefused):
        rounds.create_round(user=user_with_role(Role.SECRETARIAT), **fields)
    secretary = user_with_role(Role.SECRETARIAT, owner)
    round = rounds.create_round(user=secretary, **fields)
    assert (round.state, round.owner) == (RoundState.DRAFT, owner)
    with pytest.raises(SubmissionError, match="par-2025"):
        rounds.create_round(user=secretary, **fields)


def test_create_round__period_backwards():
    owner = UnitFactory()
    with pytest.raises(SubmissionError) as refused:
        rounds.create_round(
            user=user_with_role(Role.SECRETARIAT, owner),
            code="x",
            name="x",
            year=2025,
            edition=EditionFactory(),
            owner=owner,
            period_from=dt.date(2025, 12, 31),
            period_to=dt.date(2025, 1, 1),
        )
    assert refused.value.code == "period_order"


def test_open_round__pins_facts_and_creates_forms():
    round = RoundFactory()
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    attribute = UnitAttributeFactory(code=ATTRIBUTE)
    unit = UnitFactory(name="Sở Tư pháp", attributes=[attribute])
    rounds.add_participants(round=round, units=[unit, unit], user=secretary)
    PhaseDeadlineFactory(round=round)
    rounds.open_round(round=round, user=secretary)
    participant = Participant.objects.get(round=round)
    unit.name = "Sở Tư pháp (mới)"
    unit.save()
    unit.attributes.clear()
    participant = Participant.objects.get(pk=participant.pk)
    assert round.state == RoundState.OPEN
    assert participant.unit_name == "Sở Tư pháp"
    assert participant.facts == {
        "code": unit.code,
        "tier": unit.tier.code,
        "groups": [],
        "attributes": [ATTRIBUTE],
    }
    assert definition_for(participant).has_leaf("2.6.1")
    assert Submission.objects.filter(participant=participant).count() == 1


def test_open_round__refuses_without_participants_or_deadline():
    round = RoundFactory()
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    with pytest.raises(SubmissionError) as refused:
        rounds.open_round(round=round, user=secretary)
    assert refused.value.code == "no_participants"
    rounds.add_participants(round=round, units=[UnitFactory()], user=secretary)
    with pytest.raises(SubmissionError) as refused:
        rounds.open_round(round=round, user=secretary)
    assert refused.value.code == "no_deadline"
    assert AssessmentRound.objects.get(pk=round.pk).state == RoundState.DRAFT


def test_add_participants__late_unit_gets_its_form_at_once():
    round = RoundFactory(state=RoundState.OPEN)
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    [participant] = rounds.add_participants(round=round, units=[UnitFactory()], user=secretary)
    assert participant.facts["code"] == participant.unit.code
    assert Submission.objects.get(participant=participant).state == "draft"


def test_set_participant_status__needs_a_reason():
    round = RoundFactory()
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    [participant] = rounds.add_participants(round=round, units=[UnitFactory()], user=secretary)
    with pytest.raises(SubmissionError) as refused:
        rounds.set_participant_status(
            participant=participant, status=ParticipantStatus.NOT_RANKED, reason=" ", user=secretary
        )
    assert refused.value.code == "reason_missing"


def test_set_deadline__closes_before_it_opens():
    round = RoundFactory()
    with pytest.raises(SubmissionError) as refused:
        rounds.set_deadline(
            round=round,
            phase=Phase.SELF_ASSESSMENT,
            opens_at=at(25),
            closes_at=at(5),
            user=user_with_role(Role.SECRETARIAT, round.owner),
        )
    assert refused.value.code == "deadline_order"
    assert "05/01/2026" in refused.value.message


def test_set_deadline__a_year_that_cannot_be_meant():
    round = RoundFactory()
    with pytest.raises(DateError, match="31/12/9999"):
        rounds.set_deadline(
            round=round,
            phase=Phase.SELF_ASSESSMENT,
            opens_at=at(1),
            closes_at=dt.datetime(9999, 12, 31, 10, tzinfo=dt.UTC),
            user=user_with_role(Role.SECRETARIAT, round.owner),
        )


def test_set_deadline__earlier_than_announced_needs_a_reason():
    round = RoundFactory(state=RoundState.OPEN)
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    times = {"round": round, "phase": Phase.APPRAISAL_1, "opens_at": at(1), "user": secretary}
    rounds.set_deadline(**times, closes_at=at(20))
    rounds.set_deadline(**times, closes_at=at(25))
    with pytest.raises(SubmissionError) as refused:
        rounds.set_deadline(**times, closes_at=at(24))
    assert (refused.value.code, "25/01/2026" in refused.value.message) == ("reason_missing", True)
    rounds.set_deadline(**times, closes_at=at(24), reason="Các cơ quan đã thẩm định xong")
    last = ModelLogEntry.objects.for_instance(round).filter(action="submissions.deadline").latest("pk")
    assert last.data["reason"] == "Các cơ quan đã thẩm định xong"
    assert PhaseDeadline.objects.get(round=round).closes_at == at(24)


def test_set_deadline__earlier_while_the_round_is_prepared():
    round = RoundFactory()
    times = {"round": round, "phase": Phase.COUNCIL, "user": user_with_role(Role.SECRETARIAT, round.owner)}
    rounds.set_deadline(**times, opens_at=at(1), closes_at=at(20))
    rounds.set_deadline(**times, opens_at=at(1), closes_at=at(10))
    assert PhaseDeadline.objects.get(round=round).closes_at == at(10)


def test_end_phase__locks_what_has_begun_and_takes_out_what_has_not():
    round = RoundFactory(state=RoundState.APPRAISAL)
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    soon = timezone.now() + dt.timedelta(days=20)
    PhaseDeadlineFactory(round=round, phase=Phase.APPRAISAL_1)
    PhaseDeadlineFactory(round=round, phase=Phase.COUNCIL, opens_at=soon, closes_at=soon + dt.timedelta(days=1))
    assert [row.phase for row in rounds.open_phases(round)] == [Phase.APPRAISAL_1, Phase.COUNCIL]
    for phase in (Phase.APPRAISAL_1, Phase.COUNCIL):
        rounds.end_phase(round=round, phase=phase, reason="Hội đồng đã họp sớm", user=secretary)
    [left] = PhaseDeadline.objects.filter(round=round)
    assert (left.phase, left.closes_at <= timezone.now(), rounds.open_phases(round)) == (Phase.APPRAISAL_1, True, [])
    entries = ModelLogEntry.objects.for_instance(round).filter(action="submissions.deadline")
    assert {entry.data["reason"] for entry in entries} == {"Hội đồng đã họp sớm"}
    with pytest.raises(SubmissionError, match="“Thẩm định lần 1”"):
        rounds.end_phase(round=round, phase=Phase.APPRAISAL_1, reason="Lần nữa", user=secretary)


@pytest.mark.parametrize(
    ("state", "reason", "error"),
    [
        (RoundState.DRAFT, "Sớm", WrongState),
        (RoundState.FINALISED, "Sớm", WrongState),
        (RoundState.OPEN, " ", SubmissionError),
    ],
)
def test_end_phase__refused(state, reason, error):
    round = RoundFactory(state=state)
    row = PhaseDeadlineFactory(round=round)
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    with pytest.raises(error):
        rounds.end_phase(round=round, phase=row.phase, reason=reason, user=secretary)
    with pytest.raises(PermissionRefused):
        rounds.end_phase(round=round, phase=row.phase, reason="Sớm", user=user_with_role(Role.SECRETARIAT))
    assert PhaseDeadline.objects.get(round=round).closes_at == row.closes_at


def test_set_deadline__superior_round_may_not_lock_before_its_children():
    parent = RoundFactory()
    child = RoundFactory(parent=parent)
    above = user_with_role(Role.SECRETARIAT, parent.owner)
    below = user_with_role(Role.SECRETARIAT, child.owner)
    phase = Phase.SELF_ASSESSMENT
    rounds.set_deadline(round=child, phase=phase, opens_at=at(1), closes_at=at(20), user=below)
    with pytest.raises(SubmissionError) as refused:
        rounds.set_deadline(round=parent, phase=phase, opens_at=at(1), closes_at=at(19), user=above)
    assert refused.value.code == "before_child"
    rounds.set_deadline(round=parent, phase=phase, opens_at=at(1), closes_at=at(25), user=above)
    with pytest.raises(SubmissionError) as refused:
        rounds.set_deadline(round=child, phase=phase, opens_at=at(1), closes_at=at(26), user=below)
    assert refused.value.code == "after_parent"
    assert PhaseDeadline.objects.get(round=child, phase=phase).closes_at == at(20)


def test_open_round__children_in_order_is_checked_again():
    parent = RoundFactory()
    child = RoundFactory(parent=parent)
    secretary = user_with_role(Role.SECRETARIAT, child.owner)
    PhaseDeadlineFactory(round=parent, opens_at=at(1), closes_at=at(10))
    PhaseDeadlineFactory(round=child, opens_at=at(1), closes_at=at(11))
    rounds.add_participants(round=child, units=[UnitFactory()], user=secretary)
    with pytest.raises(SubmissionError) as refused:
        rounds.open_round(round=child, user=secretary)
    assert refused.value.code == "after_parent"


def test_date_warnings__phases_out_of_order_and_lock_inside_the_period():
    round = RoundFactory(year=2025, period_from=dt.date(2025, 1, 1), period_to=dt.date(2025, 12, 31))
    PhaseDeadlineFactory(round=round, opens_at=at(1, 11, 2025), closes_at=at(18, 12, 2025))
    PhaseDeadlineFactory(round=round, phase=Phase.APPRAISAL_1, opens_at=at(1, 11, 2025), closes_at=at(5, 12, 2025))
    warnings = rounds.date_warnings(round)
    assert len(warnings) == 2
    assert "05/12/2025 17:00" in warnings[0]
    assert "31/12/2025" in warnings[1]


def test_date_warnings__none_where_all_is_well():
    round = RoundFactory()
    PhaseDeadlineFactory(round=round, opens_at=at(1), closes_at=at(25))
    PhaseDeadlineFactory(round=round, phase=Phase.APPRAISAL_1, opens_at=at(26), closes_at=at(28, 2))
    assert rounds.date_warnings(round) == []


@pytest.mark.parametrize("before", RoundState.values)
@pytest.mark.parametrize("after", RoundState.values)
def test_advance_round__by_the_table(before: str, after: str):
    round = RoundFactory(state=before)
    secretary = user_with_role(Role.SECRETARIAT, round.owner)
    if (before, after) == (RoundState.DRAFT, RoundState.OPEN):
        PhaseDeadlineFactory(round=round)
        rounds.add_participants(round=round, units=[UnitFactory()], user=secretary)
    if after in ROUND_TRANSITIONS[before]:
        rounds.advance_round(round=round, to=after, user=secretary)
        assert AssessmentRound.objects.get(pk=round.pk).state == after
    else:
        with pytest.raises(WrongState):
            rounds.advance_round(round=round, to=after, user=secretary)
        assert AssessmentRound.objects.get(pk=round.pk).state == before


def test_advance_round__only_the_secretariat():
    round = RoundFactory(state=RoundState.OPEN)
    with pytest.raises(PermissionRefused):
        rounds.advance_round(round=round, to=RoundState.APPRAISAL, user=user_with_role(Role.CONTRIBUTOR))
