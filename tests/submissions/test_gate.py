"""The one write gate: person, participant, leaf, round, workflow state, deadline with extensions."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

import pytest

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused
from submissions.domain import gate
from submissions.domain.sending import reopen
from submissions.enums import ExtensionScope, ParticipantStatus, Phase, RoundState, SubmissionState, WriteAction
from submissions.exceptions import AlreadySent, Locked, SubmissionError, WrongState
from submissions.models import PhaseDeadline
from tests.factories.cms import MembershipFactory, UnitFactory, UserFactory, user_with_role
from tests.factories.filling import fill_sign_send
from tests.factories.submissions import ExtensionFactory, OpenRound, PhaseDeadlineFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def check(this: OpenRound, user: object = None, code: str | None = "1.1", action: str = WriteAction.ANSWER):
    with transaction.atomic():
        return gate.check_write(
            user=user or this.contributor, submission=this.plain.submission, code=code, action=action
        )


def after_the_lock() -> dt.datetime:
    return timezone.now() + dt.timedelta(days=10, minutes=1)


def test_check_write__passes_and_returns_the_locked_submission():
    this = open_round()
    assert check(this) == this.plain.submission


@pytest.mark.django_db(transaction=True)
def test_check_write__refuses_to_work_outside_a_transaction():
    this = open_round()
    with pytest.raises(RuntimeError):
        gate.check_write(user=this.contributor, submission=this.plain.submission, code="1.1", action=WriteAction.ANSWER)


ALLOWED = {
    WriteAction.ANSWER: {Role.CONTRIBUTOR, Role.LEADER},
    WriteAction.EVIDENCE: {Role.CONTRIBUTOR, Role.LEADER},
    WriteAction.REPORT: {Role.CONTRIBUTOR, Role.LEADER},
    WriteAction.SIGN_OFF: {Role.LEADER},
    WriteAction.TAKE_BACK: {Role.LEADER},
    WriteAction.SEND: {Role.CONTRIBUTOR, Role.LEADER},
    WriteAction.SCAN: {Role.CONTRIBUTOR, Role.LEADER},
    WriteAction.EXPLAIN: {Role.CONTRIBUTOR, Role.LEADER},
}
STATE_FOR = {
    WriteAction.SEND: SubmissionState.SIGNED,
    WriteAction.TAKE_BACK: SubmissionState.SIGNED,
    WriteAction.SCAN: SubmissionState.SIGNED,
    WriteAction.EXPLAIN: SubmissionState.EXPLAINING,
}


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("action", WriteAction.values)
def test_check_write__role_by_action(role: str, action: str):
    """Each role of the very unit, and the same role of another unit, against each action."""
    this = open_round(state=RoundState.APPRAISAL if action == WriteAction.EXPLAIN else RoundState.OPEN)
    PhaseDeadlineFactory(round=this.round, phase=Phase.EXPLANATION)
    submission = this.plain.submission
    submission.state = STATE_FOR.get(WriteAction(action), SubmissionState.DRAFT)
    submission.save()
    code = "1.1" if action in {WriteAction.ANSWER, WriteAction.EVIDENCE, WriteAction.EXPLAIN} else None
    own, foreign = user_with_role(role, this.plain.unit), user_with_role(role, this.full.unit)
    if role in ALLOWED[WriteAction(action)]:
        assert check(this, own, code, action) == submission
    else:
        with pytest.raises(PermissionRefused):
            check(this, own, code, action)
    with pytest.raises(PermissionRefused):
        check(this, foreign, code, action)


def test_check_write__superuser_has_no_power_by_itself():
    this = open_round()
    with pytest.raises(PermissionRefused):
        check(this, UserFactory(is_superuser=True))


def test_check_write__closed_account_and_ended_membership():
    this = open_round()
    closed = user_with_role(Role.CONTRIBUTOR, this.plain.unit, is_active=False)
    with pytest.raises(PermissionRefused):
        check(this, closed)
    former = UserFactory()
    MembershipFactory(user=former, unit=this.plain.unit, valid_to=dt.date(2020, 1, 1))
    with pytest.raises(PermissionRefused):
        check(this, former)


def test_check_write__not_assessed():
    this = open_round()
    this.plain.status, this.plain.reason = ParticipantStatus.NOT_ASSESSED, "Sáp nhập"
    this.plain.save()
    with pytest.raises(WrongState) as refused:
        check(this)
    assert refused.value.code == "not_assessed"
    assert "Sáp nhập" in refused.value.message


@pytest.mark.parametrize(
    ("code", "problem"),
    [("9.9", "unknown_leaf"), ("2.6.1", "unknown_leaf"), ("2.2.1", "not_self_scored"), ("2.2.2", "not_self_scored")],
)
def test_check_write__leaf_must_be_asked_of_this_unit_and_scored_by_itself(code: str, problem: str):
    this = open_round()
    with pytest.raises(SubmissionError) as refused:
        check(this, code=code)
    assert refused.value.code == problem
    assert code in refused.value.message


def test_check_write__leaf_of_the_other_unit_is_open_to_it():
    this = open_round()
    with transaction.atomic():
        passed = gate.check_write(
            user=this.other_contributor, submission=this.full.submission, code="2.6.1", action=WriteAction.ANSWER
        )
    assert passed == this.full.submission


@pytest.mark.parametrize("state", [RoundState.DRAFT, RoundState.COUNCIL, RoundState.FINALISED])
def test_check_write__round_state(state: str):
    this = open_round(state=state)
    with pytest.raises(WrongState) as refused:
        check(this)
    assert refused.value.code == "round_state"


def test_check_write__locked_by_the_servers_clock_to_the_second():
    this = open_round()
    deadline = PhaseDeadline.objects.get(round=this.round)
    with clock.at(deadline.closes_at):
        assert check(this) == this.plain.submission
    with clock.at(deadline.closes_at + dt.timedelta(seconds=1)), pytest.raises(Locked) as refused:
        check(this)
    assert timezone.localtime(deadline.closes_at).strftime("%d/%m/%Y %H:%M") in refused.value.message


def test_check_write__not_open_yet_and_no_deadline():
    this = open_round()
    deadline = PhaseDeadline.objects.get(round=this.round)
    with clock.at(deadline.opens_at - dt.timedelta(seconds=1)), pytest.raises(Locked) as refused:
        check(this)
    assert refused.value.code == "not_open_yet"
    deadline.delete()
    with pytest.raises(Locked) as refused:
        check(this)
    assert refused.value.code == "no_deadline"


@pytest.mark.parametrize(
    ("scope", "named", "opened"),
    [
        (ExtensionScope.ALL, "", {"1.1", "1.2.1", "2.1.1", None}),
        (ExtensionScope.DOMAIN, "1", {"1.1", "1.2.1", None}),
        (ExtensionScope.LEAF, "1.2.1", {"1.2.1", None}),
    ],
)
def test_check_write__extension_opens_what_it_names(scope: str, named: str, opened: set[str | None]):
    this = open_round()
    ExtensionFactory(participant=this.plain, scope=scope, code=named, until=after_the_lock() + dt.timedelta(days=3))
    passed = set()
    with clock.at(after_the_lock()):
        for code in ("1.1", "1.2.1", "2.1.1", None):
            action = WriteAction.ANSWER if code else WriteAction.REPORT
            try:
                check(this, code=code, action=action)
            except Locked:
                continue
            passed.add(code)
    assert passed == opened
    with clock.at(after_the_lock() + dt.timedelta(days=4)), pytest.raises(Locked):
        check(this, code="1.2.1")


def test_check_write__extension_of_another_unit_or_phase_opens_nothing():
    this = open_round()
    later = after_the_lock() + dt.timedelta(days=3)
    ExtensionFactory(participant=this.full, until=later)
    ExtensionFactory(participant=this.plain, phase=Phase.EXPLANATION, until=later)
    with clock.at(after_the_lock()), pytest.raises(Locked):
        check(this)


def test_check_write__extended_unit_may_write_while_others_are_appraised():
    this = open_round()
    ExtensionFactory(participant=this.plain, until=timezone.now() + dt.timedelta(days=3))
    this.round.state = RoundState.APPRAISAL
    this.round.save()
    assert check(this) == this.plain.submission
    with transaction.atomic(), pytest.raises(Locked):
        gate.check_write(
            user=this.other_contributor, submission=this.full.submission, code="1.1", action=WriteAction.ANSWER
        )


def test_check_write__sent_form_names_its_receipt():
    this = open_round()
    receipt = fill_sign_send(this)
    for code, action in (("1.1", WriteAction.ANSWER), ("1.1", WriteAction.EVIDENCE), (None, WriteAction.SEND)):
        with pytest.raises(AlreadySent) as refused:
            check(this, code=code, action=action)
        assert refused.value.receipt == receipt
        assert receipt.number in refused.value.message


def test_check_write__reopened_form_opens_only_the_named_leaf():
    this = open_round()
    receipt = fill_sign_send(this)
    reopen(user=this.secretary, submission=this.plain.submission, reason="Thiếu tài liệu")
    with pytest.raises(Locked):
        check(this, code="1.1")
    ExtensionFactory(participant=this.plain, scope=ExtensionScope.LEAF, code="1.2.1", reopens=receipt)
    assert check(this, code="1.2.1") == this.plain.submission
    with pytest.raises(Locked):
        check(this, code="1.1")


def test_refusal_and_open_codes__agree_with_the_gate():
    this = open_round()
    submission = this.plain.submission
    everything = {"1.1", "1.2.1", "1.2.2", "1.2.3", "1.3.1", "1.3.2", "2.1.1", "2.1.2"}
    assert gate.open_codes(submission) == everything
    assert gate.refusal(user=this.contributor, submission=submission, code="1.1", action=WriteAction.ANSWER) is None
    ExtensionFactory(
        participant=this.plain, scope=ExtensionScope.DOMAIN, code="2", until=after_the_lock() + dt.timedelta(days=1)
    )
    with clock.at(after_the_lock()):
        assert gate.open_codes(submission) == {"2.1.1", "2.1.2"}
        refused = gate.refusal(user=this.contributor, submission=submission, code="1.1", action=WriteAction.ANSWER)
        assert isinstance(refused, Locked)
    stranger = user_with_role(Role.CONTRIBUTOR, UnitFactory())
    refused = gate.refusal(user=stranger, submission=submission, code="1.1", action=WriteAction.ANSWER)
    assert refused is not None
    assert refused.code == "not_permitted"
