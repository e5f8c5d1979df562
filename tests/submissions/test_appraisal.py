"""Decisions of the agencies: accept, set with a reason, refusals of the gate, two at once, many with one act."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.utils import timezone

import pytest

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import User
from criteria_pages.exceptions import InputError
from submissions.domain.appraisal import BatchItem, accept_many, record_appraisal
from submissions.domain.assignment import AssignmentMap, assign, assign_defaults, set_substitute, unassign
from submissions.domain.conflicts import declare_conflict, lift_conflict
from submissions.domain.ledger import current_entry, final_points
from submissions.domain.rounds import advance_round, set_participant_status
from submissions.enums import Basis, ParticipantStatus, Phase, RoundState, Stage
from submissions.exceptions import Locked, StaleWrite, SubmissionError, WrongState
from submissions.models import Participant, PhaseDeadline, ScoreEntry
from tests.factories import cms
from tests.factories.appraisal import add_sent_participant, appraisal_round, sent_round
from tests.factories.submissions import ExtensionFactory, OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


def decide(this: OpenRound, code: str = "1.1", **fields: object) -> ScoreEntry:
    """Decide on a leaf of the unit A, as the appraiser who sees the newest entry."""
    participant = fields.pop("participant", this.plain)
    seen = current_entry(participant, code)
    given = {"user": this.appraiser, "accept": False, "expected_entry_id": seen.pk if seen else None, **fields}
    return record_appraisal(participant=participant, code=code, **given)


def test_accept__takes_over_the_units_score_and_inputs(this):
    entry = decide(this, "1.2.2", accept=True)
    assert (entry.points, entry.basis, entry.stage) == (Decimal("1.666667"), Basis.ACCEPTED, Stage.APPRAISAL_1)
    assert (entry.inputs, entry.agency) == ({"numerator": "15", "denominator": "18"}, this.agency)


def test_set__corrected_inputs_are_scored_by_the_rule(this):
    entry = decide(this, "1.2.2", inputs={"numerator": "9", "denominator": "18"}, reason="Ba báo cáo không có số")
    assert (entry.points, entry.basis) == (Decimal(0), Basis.SET)
    assert entry.inputs == {"numerator": "9", "denominator": "18"}


def test_set__points_by_hand_where_the_rule_does_not_decide(this):
    entry = decide(this, "1.2.2", points="1,25", reason="Minh chứng chưa đủ")
    assert (entry.points, entry.inputs) == (Decimal("1.25"), {})
    assert final_points(this.round)[this.plain.pk]["1.2.2"].points == Decimal("1.25")


def test_set__not_applicable_by_corrected_inputs_leaves_the_maximum(this):
    entry = decide(this, "1.1", inputs={"answer": "na"}, reason="Không thuộc phạm vi")
    assert (entry.points, entry.basis) == (None, Basis.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("code", "fields", "refusal"),
    [
        ("1.1", {"points": "1.5", "reason": "Cộng thêm"}, "points_out_of_range"),
        ("1.1", {"points": "-1", "reason": "Trừ"}, "points_out_of_range"),
        ("2.1.2", {"points": "1.3", "reason": "Chấm lại"}, "off_step"),
        ("1.2.2", {"points": "1.255", "reason": "Chấm lại"}, "off_step"),
        ("1.1", {"points": "0", "reason": ""}, "reason_missing"),
        ("1.1", {"points": "0", "reason": "   "}, "reason_missing"),
        ("1.1", {"points": "", "reason": "Chấm lại"}, "points_missing"),
        ("1.1", {"points": "", "reason": ""}, "points_missing"),
        ("1.1", {"points": "không", "reason": "Chấm lại"}, "not_a_number"),
        ("1.2.2", {"inputs": {"numerator": "9"}, "reason": "Chấm lại"}, "inputs_missing"),
        ("2.2.1", {"points": "1", "reason": "Chấm lại"}, "not_appraised"),
        ("2.6.1", {"points": "1", "reason": "Chấm lại"}, "unknown_code"),
        ("7.7", {"points": "1", "reason": "Chấm lại"}, "unknown_code"),
    ],
)
def test_set__refuses_with_a_sentence_and_stores_nothing(this, code, fields, refusal):
    before = ScoreEntry.objects.count()
    with pytest.raises(PortalError) as caught:
        decide(this, code, **fields)
    assert (caught.value.code, ScoreEntry.objects.count()) == (refusal, before)
    assert caught.value.message


def test_set__refuses_a_numerator_above_the_denominator(this):
    with pytest.raises(InputError):
        decide(this, "1.2.2", inputs={"numerator": "19", "denominator": "18"}, reason="Chấm lại")


def appraiser_of(agency) -> User:
    return cms.user_with_role(Role.APPRAISER, agency)


def test_gate__refuses_the_appraiser_of_another_agency(this):
    other = appraiser_of(cms.UnitFactory())
    with pytest.raises(PermissionRefused) as caught:
        decide(this, user=other, accept=True)
    assert caught.value.code == "other_agency"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.APPRAISER])
def test_gate__refuses_every_other_role_even_of_the_agency(this, role):
    with pytest.raises(PermissionRefused):
        decide(this, user=cms.user_with_role(role, this.agency), accept=True)


def test_gate__refuses_the_administrator_and_superuser(this):
    with pytest.raises(PermissionRefused):
        decide(this, user=cms.UserFactory(is_superuser=True), accept=True)


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.LEADER, Role.SECRETARIAT, Role.COUNCIL_MEMBER])
def test_gate__nobody_appraises_the_own_unit(this, role):
    cms.MembershipFactory(user=this.appraiser, unit=this.plain.unit, role=role)
    with pytest.raises(PermissionRefused) as caught:
        decide(this, accept=True)
    assert caught.value.code == "own_unit"


def test_gate__an_agencys_own_submission_goes_to_its_substitute():
    this = sent_round()
    own = add_sent_participant(this, this.agency)
    advance_round(round=this.round, to=RoundState.APPRAISAL, user=this.secretary)
    own.refresh_from_db()
    with pytest.raises(PermissionRefused):
        decide(this, participant=own, accept=True)
    other = cms.UnitFactory()
    substitute = appraiser_of(other)
    with pytest.raises(PermissionRefused):
        decide(this, participant=own, accept=True, user=substitute)
    assert AssignmentMap(this.round).own_without_substitute() == [this.agency]
    set_substitute(round=this.round, agency=this.agency, substitute=other, user=this.secretary)
    entry = decide(this, participant=own, accept=True, user=substitute)
    assert entry.agency == other
    assert AssignmentMap(this.round).own_without_substitute() == []


def test_gate__refuses_a_declared_conflict_until_it_is_lifted(this):
    declared = declare_conflict(
        round=this.round, person=this.appraiser, unit=this.plain.unit, reason="Vợ công tác tại đây", user=this.appraiser
    )
    with pytest.raises(PermissionRefused) as caught:
        decide(this, accept=True)
    assert caught.value.code == "own_unit"
    lift_conflict(conflict=declared, reason="Đã chuyển công tác", user=this.secretary)
    assert decide(this, accept=True).points == 1


def test_gate__refuses_superiors_where_the_round_says_so(this):
    this.agency.parent = this.plain.unit
    this.agency.save()
    assert decide(this, accept=True).points == 1
    this.round.exclude_superiors = True
    this.round.save()
    with pytest.raises(PermissionRefused):
        decide(this, "1.2.1", accept=True, participant=Participant.objects.get(pk=this.plain.pk))


def test_gate__only_what_was_sent_is_appraised():
    this = appraisal_round(both=False)
    with pytest.raises(WrongState) as caught:
        decide(this, participant=this.full, points="0", reason="Không gửi")
    assert caught.value.code == "not_sent"


def test_gate__refuses_a_unit_that_is_not_assessed(this):
    set_participant_status(
        participant=this.plain, status=ParticipantStatus.NOT_ASSESSED, reason="Sáp nhập", user=this.secretary
    )
    with pytest.raises(WrongState):
        decide(this, accept=True)


@pytest.mark.parametrize("state", [s for s in RoundState if s != RoundState.APPRAISAL])
def test_gate__refuses_outside_appraisal(this, state):
    type(this.round).objects.filter(pk=this.round.pk).update(state=state)
    with pytest.raises(WrongState):
        decide(this, accept=True)


def test_gate__refuses_before_and_after_the_phase_and_lets_an_extension_pass(this):
    deadline = PhaseDeadline.objects.get(round=this.round, phase=Phase.APPRAISAL_1)
    with clock.at(deadline.opens_at - dt.timedelta(seconds=1)), pytest.raises(Locked) as early:
        decide(this, accept=True)
    with clock.at(deadline.closes_at + dt.timedelta(seconds=1)):
        with pytest.raises(Locked) as late:
            decide(this, accept=True)
        ExtensionFactory(
            participant=this.plain, phase=Phase.APPRAISAL_1, until=deadline.closes_at + dt.timedelta(days=1)
        )
        assert decide(this, accept=True).points == 1
    assert (early.value.code, late.value.code) == ("not_open_yet", "locked")


def test_gate__refuses_without_a_deadline(this):
    PhaseDeadline.objects.filter(phase=Phase.APPRAISAL_1).delete()
    with pytest.raises(Locked) as caught:
        decide(this, accept=True)
    assert caught.value.code == "no_deadline"


def test_stale__the_second_of_two_appraisers_sees_what_the_first_decided(this):
    seen = current_entry(this.plain, "1.1")
    decide(this, points="0", reason="Không có văn bản")
    with pytest.raises(StaleWrite) as caught:
        decide(this, accept=True, expected_entry_id=seen.pk, user=appraiser_of(this.agency))
    assert caught.value.current["points"] == 0
    assert caught.value.current["reason"] == "Không có văn bản"
    assert current_entry(this.plain, "1.1").points == 0


def test_accept_many__stores_what_passes_and_names_what_does_not(this):
    seen = current_entry(this.plain, "1.1")
    decide(this, points="0", reason="Không có văn bản")
    items = [
        BatchItem(this.plain, "1.1", seen.pk),
        BatchItem(this.plain, "1.2.1", current_entry(this.plain, "1.2.1").pk),
        BatchItem(this.full, "2.6.1", current_entry(this.full, "2.6.1").pk),
    ]
    result = accept_many(user=this.appraiser, items=items)
    assert [entry.code for entry in result.accepted] == ["1.2.1", "2.6.1"]
    assert [item.code for item, _sentence in result.refused] == ["1.1"]


def test_leafs_own_assignment_goes_before_the_domains(this):
    other = cms.UnitFactory()
    assign(round=this.round, code="1.3.1", agency=other, user=this.secretary)
    with pytest.raises(PermissionRefused):
        decide(this, "1.3.1", accept=True)
    assert decide(this, "1.3.1", accept=True, user=appraiser_of(other)).agency == other
    unassign(round=this.round, code="1.3.1", user=this.secretary)
    assert AssignmentMap(this.round).agency_for("1.3.1") == this.agency


def test_assign__refuses_unknown_codes_dead_units_and_strangers(this):
    dead = cms.UnitFactory(valid_to=timezone.now().date() - dt.timedelta(days=1))
    with pytest.raises(SubmissionError):
        assign(round=this.round, code="8", agency=this.agency, user=this.secretary)
    with pytest.raises(SubmissionError):
        assign(round=this.round, code="1", agency=dead, user=this.secretary)
    with pytest.raises(PermissionRefused):
        assign(round=this.round, code="1", agency=this.agency, user=this.appraiser)


def test_assign_defaults__takes_the_sets_agencies_and_reports_unknown_ones():
    from tests.factories.criteria import EditionFactory, definition, domain, leaf_criterion
    from tests.factories.submissions import RoundFactory

    home, gone = cms.UnitFactory(code="so-noi-vu"), cms.UnitFactory(code="so-khong-co")
    this = RoundFactory(
        edition=EditionFactory(
            definition=definition(
                domain("1", leaf_criterion("1.1", "yes_no"), agency="so-noi-vu"),
                domain("2", leaf_criterion("2.1", "yes_no"), agency="so-khong-co"),
                domain("3", leaf_criterion("3.1", "yes_no", agency="so-noi-vu"), leaf_criterion("3.2", "yes_no")),
            )
        )
    )
    gone.valid_to = timezone.now().date() - dt.timedelta(days=1)
    gone.save()
    result = assign_defaults(round=this, user=cms.user_with_role(Role.SECRETARIAT, this.owner))
    assert [(row.code, row.agency) for row in result.assigned] == [("1", home), ("3.1", home)]
    assert (result.unknown, result.without_agency) == ((("2", "so-khong-co"),), ("2.1", "3.2"))
