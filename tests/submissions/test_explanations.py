"""Explanation rounds: what opens and what stays shut, how requests end, and what counts meanwhile."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

import pytest

from cms import clock
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from submissions.domain import explanations
from submissions.domain.answers import write_answer
from submissions.domain.appraisal import record_appraisal
from submissions.domain.finalise import readiness
from submissions.domain.ledger import current_entry, final_points, trail
from submissions.domain.rounds import advance_round
from submissions.enums import RequestState, RoundState, Stage, SubmissionState
from submissions.exceptions import Locked, SubmissionError, WrongState
from submissions.models import ExplanationRequest, ScoreEntry
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.submissions import EvidenceFactory, OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


def ask(this: OpenRound, code: str = "1.2.2", **fields: object) -> ExplanationRequest:
    given = {
        "user": this.appraiser,
        "question": "Vì sao chưa có quyết định?",
        "due_at": clock.now() + dt.timedelta(days=2),
        **fields,
    }
    return explanations.ask(participant=this.plain, code=code, **given)


def lower(this: OpenRound, code: str = "1.2.2") -> ScoreEntry:
    return decide(this, code, inputs={"numerator": "9", "denominator": "18"}, reason="Thiếu văn bản")


def decide(this: OpenRound, code: str = "1.2.2", **fields: object) -> ScoreEntry:
    seen = current_entry(this.plain, code)
    given = {"accept": False, "expected_entry_id": seen.pk, **fields}
    return record_appraisal(user=this.appraiser, participant=this.plain, code=code, **given)


def answer(this: OpenRound, request: ExplanationRequest, **fields: object) -> ExplanationRequest:
    given = {"user": this.contributor, "text": "Quyết định số 12 đã ban hành.", **fields}
    return explanations.answer(request=request, **given)


def test_only_the_leaf_that_was_asked_opens(this):
    ask(this)
    this.plain.submission.refresh_from_db()
    assert this.plain.submission.state == SubmissionState.EXPLAINING
    for code in ("1.2.2", "1.1"):
        with pytest.raises(PortalError):
            write_answer(
                user=this.contributor,
                submission=this.plain.submission,
                code=code,
                expected_version=1,
                inputs={},
                explanation="",
            )


def test_while_the_unit_may_explain_nobody_decides(this):
    ask(this)
    with pytest.raises(WrongState) as caught:
        lower(this)
    assert caught.value.code == "explanation_open"


def test_an_explanation_that_convinces_is_resolved(this):
    lower(this)
    document = EvidenceFactory(unit=this.plain.unit)
    request = answer(this, ask(this), evidence=[document])
    this.plain.submission.refresh_from_db()
    assert (request.state, this.plain.submission.state) == (RequestState.ANSWERED, SubmissionState.SENT)
    entry = decide(this, accept=True)
    request.refresh_from_db()
    assert (entry.stage, entry.points, request.state) == (Stage.APPRAISAL_2, Decimal("1.666667"), RequestState.RESOLVED)
    assert explanations.may_read_explanation_file(this.appraiser, document.file)
    assert not explanations.may_read_explanation_file(cms.user_with_role(Role.APPRAISER), document.file)


def test_an_explanation_that_does_not_convince_is_upheld(this):
    lower(this)
    request = answer(this, ask(this))
    entry = decide(this, keep=True, reason="Văn bản ban hành sau kỳ đánh giá")
    request.refresh_from_db()
    assert (entry.stage, entry.points, request.state) == (Stage.APPRAISAL_2, Decimal(0), RequestState.UPHELD)


def test_what_the_unit_claims_anew_does_not_count_before_it_is_decided(this):
    lower(this)
    answer(this, ask(this), inputs={"numerator": "18", "denominator": "18"})
    assert final_points(this.round)[this.plain.pk]["1.2.2"].points == 0
    assert [entry.stage for entry in trail(this.plain, "1.2.2")] == [Stage.SELF, Stage.APPRAISAL_1, Stage.EXPLANATION]
    assert decide(this, accept=True).points == 2


def test_a_round_does_not_go_on_while_a_request_stands(this):
    request = ask(this)
    assert readiness(this.round).blockers
    for to in (RoundState.COUNCIL, RoundState.FINALISED):
        with pytest.raises(WrongState):
            advance_round(round=this.round, to=to, user=this.secretary)
    explanations.withdraw(user=this.appraiser, request=request, note="Đã tìm thấy văn bản")
    advance_round(round=this.round, to=RoundState.COUNCIL, user=this.secretary)


def test_after_the_due_time_the_unit_is_refused_and_the_agency_decides(this):
    request = ask(this)
    with clock.at(request.due_at + dt.timedelta(seconds=1)):
        with pytest.raises(Locked):
            answer(this, request)
        entry = lower(this)
    request.refresh_from_db()
    assert (entry.stage, request.state) == (Stage.APPRAISAL_2, RequestState.UPHELD)


def test_the_number_of_explanations_is_limited(this):
    for _ in range(this.round.max_explanations):
        explanations.withdraw(user=this.appraiser, request=ask(this), note="Nhầm")
    with pytest.raises(SubmissionError) as caught:
        ask(this)
    assert caught.value.code == "too_many"


def test_asking_again_after_an_answer_upholds_the_first_request(this):
    first = answer(this, ask(this))
    second = ask(this)
    first.refresh_from_db()
    assert (first.state, second.state, second.number) == (RequestState.UPHELD, RequestState.OPEN, 2)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"question": "  "}, "question_missing"),
        ({"due_at": timezone.now() - dt.timedelta(days=1)}, "in_the_past"),
        ({"due_at": timezone.now() + dt.timedelta(days=90)}, "after_phase"),
        ({"code": "9.9"}, "unknown_code"),
    ],
)
def test_asking_is_refused_with_a_sentence(this, fields, refusal):
    with pytest.raises(PortalError) as caught:
        ask(this, **fields)
    assert caught.value.code == refusal


def test_people_who_may_not(this):
    with pytest.raises(PermissionRefused):
        ask(this, user=cms.user_with_role(Role.APPRAISER))
    request = ask(this)
    with pytest.raises(SubmissionError) as standing:
        ask(this)
    assert standing.value.code == "explanation_open"
    for person in (this.other_contributor, this.appraiser, this.secretary):
        with pytest.raises(PermissionRefused):
            answer(this, request, user=person)
    with pytest.raises(SubmissionError) as foreign:
        answer(this, request, evidence=[EvidenceFactory(unit=this.full.unit)])
    assert foreign.value.code == "foreign_evidence"
    answer(this, request)
    with pytest.raises(WrongState):
        answer(this, request)


def test_over_http_a_refused_question_comes_back_with_its_sentence_at_its_field(this, signed_in):
    client = signed_in(this.appraiser)
    desk = reverse("submissions:explanation_ask", args=[this.round.code, this.plain.pk, "1.2.2"])
    past, soon = (f"{timezone.localtime() + dt.timedelta(days=days):%Y-%m-%dT%H:%M}" for days in (-1, 2))
    for form, field in (
        ({"question": "Vì sao chưa có?", "due_at": past}, "due_at"),
        ({"question": "Vì sao chưa có?", "due_at": ""}, "due_at"),
        ({"question": "", "due_at": soon}, "question"),
    ):
        response = client.post(f"{desk}?thieu=1", form)
        assert (response.status_code, list(response.context["ask_form"].errors)) == (422, [field])
        page = response.content.decode()
        assert all(text in page for text in form.values())
        assert (
            reverse("submissions:appraisal_leaf", args=[this.round.code, this.plain.pk, "1.2.2"]) + "?thieu=1" in page
        )
    with clock.at(timezone.now() + dt.timedelta(days=60)):  # all phases are over: read, not asked, and not lost
        response = client.post(desk, {"question": "Vì sao chưa có?", "due_at": soon})
    assert (response.status_code, "Vì sao chưa có?" in response.content.decode()) == (422, True)
    assert not ExplanationRequest.objects.exists()
    stranger = signed_in(cms.user_with_role(Role.APPRAISER))
    assert [
        stranger.post(desk, form).status_code for form in ({"question": ""}, {"question": "?", "due_at": soon})
    ] == [
        404,
        403,
    ]


def test_over_http_the_agency_asks_and_the_unit_answers(this, signed_in):
    desk = reverse("submissions:explanation_ask", args=[this.round.code, this.plain.pk, "1.2.2"])
    due = (timezone.localtime() + dt.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    signed_in(this.appraiser).post(desk, {"question": "Vì sao?", "due_at": due})
    asked = ExplanationRequest.objects.get()
    page = reverse("submissions:explanation", args=[asked.pk])
    unit = signed_in(this.contributor)
    assert "Vì sao?" in unit.get(page).content.decode()
    assert unit.get(reverse("submissions:explanations")).status_code == 200
    assert signed_in(this.other_contributor).get(page).status_code == 404
    assert signed_in(this.appraiser).get(page).status_code == 404
    form = {"answer": "Đã ban hành.", "in_numerator": "15", "in_denominator": "18"}
    assert unit.post(page, {**form, "in_numerator": "mười"}).status_code == 422
    assert unit.post(page, form).status_code == 302
    asked.refresh_from_db()
    assert asked.state == RequestState.ANSWERED
    leaf = reverse("submissions:appraisal_leaf", args=[this.round.code, this.plain.pk, "1.2.2"])
    assert "Đã ban hành." in signed_in(this.appraiser).get(leaf).content.decode()
