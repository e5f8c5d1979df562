"""The desks over HTTP: every role on every screen and act, refusals by address, what is shown and stored."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from wagtail.models import ModelLogEntry

import pytest
from bs4 import BeautifulSoup

from cms import clock
from cms.enums import Role
from cms.models import JobRun, Membership, User
from submissions.domain.finalise import readiness
from submissions.domain.ledger import current_entry
from submissions.domain.rounds import PHASE_ORDER
from submissions.domain.score_batches import RowDecision, record_appraisals, record_central_many
from submissions.enums import ParticipantStatus, Phase, RoundState, SubmissionState
from submissions.models import (
    Adjustment,
    AppraisalAssignment,
    AssessmentRound,
    EvidenceUse,
    Extension,
    PhaseDeadline,
    ScoreEntry,
)
from tests.factories import cms
from tests.factories.appraisal import add_sent_participant, appraisal_round, sent_round
from tests.factories.submissions import OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SCREENS = (
    "round_page",
    "round_participants",
    "round_progress",
    "round_contacts",
    "round_deadlines",
    "round_assignments",
    "round_central",
    "round_adjustments",
    "round_finalise",
)
READERS = {
    Role.SECRETARIAT,
    Role.COUNCIL_MEMBER,
    Role.APPROVER,
    Role.SURVEY_OFFICER,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
}


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


def url(this: OpenRound, name: str, *args: object) -> str:
    return reverse(f"submissions:{name}", args=[this.round.code, *args])


def leaf_url(this: OpenRound, code: str = "1.1") -> str:
    return url(this, "appraisal_leaf", this.plain.pk, code)


def test_a_round_is_open_to_the_people_of_its_owner_and_hidden_from_others(this, signed_in):
    found = {}
    for role in Role:
        client = signed_in(cms.user_with_role(role, this.round.owner))
        found[role] = {client.get(url(this, screen)).status_code for screen in SCREENS if screen != "round_adjustments"}
    assert found == {role: {200} if role in READERS else {404} for role in Role}


def test_points_before_publication_are_closed_to_the_survey_officer(this, signed_in):
    """The secretariat, the council, the approver and the auditor read and export them; the survey officer does not."""
    screens = (url(this, "round_adjustments"), url(this, "round_participant", this.plain.pk))
    found = {}
    for role in Role:
        client = signed_in(cms.user_with_role(role, this.round.owner))
        answers = [client.get(screen).status_code for screen in screens]
        answers.append(client.post(url(this, "round_export")).status_code)
        found[role] = answers
    readers = {role: [200, 200, 302] for role in READERS} | {Role.SURVEY_OFFICER: [403, 403, 403]}
    assert found == {role: readers.get(role, [404, 404, 404]) for role in Role}
    assert JobRun.objects.filter(task="submissions.export_round_scores").count() == len(READERS) - 1

    page = signed_in(cms.user_with_role(Role.SURVEY_OFFICER, this.round.owner)).get(url(this, "round_page"))
    assert page.context["reads_scores"] is False
    for hidden in ("Points now", url(this, "round_participant", this.plain.pk), url(this, "round_export")):
        assert hidden not in page.content.decode()


def test_a_round_is_hidden_from_the_secretariat_of_another_body(this, signed_in):
    client = signed_in(cms.user_with_role(Role.SECRETARIAT))
    assert {client.get(url(this, screen)).status_code for screen in SCREENS} == {404}
    assert this.round.name not in client.get(reverse("submissions:round_list")).content.decode()


def test_anonymous_people_are_sent_to_the_sign_in(this, client):
    for screen in (*SCREENS, "appraisal_queue"):
        assert reverse("cms:login") in client.get(url(this, screen)).headers["Location"]


def acts(this: OpenRound) -> dict[str, tuple[str, dict[str, str]]]:
    """Every act of the secretariat's desk: its address and a sound form."""
    soon = timezone.localtime() + dt.timedelta(days=40)
    at = soon.strftime("%Y-%m-%dT%H:%M")
    return {
        "step": (url(this, "round_step"), {"buoc": RoundState.COUNCIL}),
        "participants": (url(this, "round_participants"), {"codes": cms.UnitFactory().code}),
        "deadline": (
            url(this, "round_deadlines"),
            {
                f"{Phase.COUNCIL}-opens_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
                f"{Phase.COUNCIL}-closes_at": at,
            },
        ),
        "assign": (url(this, "round_assignments"), {"viec": "giao", "code": "1.1", "agency": this.agency.code}),
        "defaults": (url(this, "round_assignments"), {"viec": "mac-dinh"}),
        "unassign": (url(this, "round_assignments"), {"viec": "bo", "code": "1"}),
        "extend": (
            url(this, "round_extend", this.plain.pk),
            {"phase": Phase.APPRAISAL_1, "part": "all:", "until": at, "reason": "Bão lũ"},
        ),
        "status": (
            url(this, "round_status", this.plain.pk),
            {"status": ParticipantStatus.NOT_RANKED, "reason": "Mới thành lập"},
        ),
        "central": (f"{url(this, 'round_central')}?tieu-chi=2.2.2", {f"diem-{this.plain.pk}": "1,5"}),
        "adjust": (
            url(this, "round_adjustments"),
            {"participant": str(this.plain.pk), "kind": "bonus", "points": "1", "reason": "Giải thưởng"},
        ),
        "end_phase": (
            url(this, "round_deadlines"),
            {"viec": "ket-thuc", "pha": Phase.APPRAISAL_1, "ly-do": "Đã thẩm định xong"},
        ),
        "finalise": (url(this, "round_finalise"), {"xac-nhan": readiness(this.round).digest}),
    }


ACT_NAMES = (
    "step",
    "deadline",
    "assign",
    "defaults",
    "unassign",
    "extend",
    "status",
    "central",
    "adjust",
    "end_phase",
    "finalise",
)


def after_all_phases() -> dt.datetime:
    """A moment at which the calendar of the round is over."""
    return timezone.now() + dt.timedelta(days=90)


def footprint(this: OpenRound) -> tuple[object, ...]:
    """What any act of the desk would change."""
    return (
        AssessmentRound.objects.values_list("state", flat=True).get(pk=this.round.pk),
        list(this.round.participants.values_list("unit_id", "status")),
        list(PhaseDeadline.objects.filter(round=this.round).values_list("phase", "closes_at")),
        list(AppraisalAssignment.objects.filter(round=this.round).values_list("code", "agency_id")),
        Extension.objects.count(),
        ScoreEntry.objects.count(),
        Adjustment.objects.count(),
    )


def test_only_the_secretariat_acts_on_the_desk(this, signed_in):
    """role x act: whoever may look may still change nothing; others do not even find the round."""
    before = footprint(this)
    wanted = acts(this)
    for role in set(Role) - {Role.SECRETARIAT}:
        client = signed_in(cms.user_with_role(role, this.round.owner))
        found = {name: client.post(*wanted[name]).status_code for name in ACT_NAMES}
        expected = {403} if role in READERS else {404}
        if role == Role.SURVEY_OFFICER:
            found.pop("central")  # a survey officer enters survey leaves and sees no other
        assert set(found.values()) == expected, (role, found)
    assert footprint(this) == before


@pytest.mark.parametrize("act", ACT_NAMES)
def test_the_secretariat_does_each_act(this, act, signed_in):
    before = footprint(this)
    address, data = acts(this)[act]
    with clock.at(after_all_phases() if act == "finalise" else timezone.now()):
        response = signed_in(this.secretary).post(address, data)
    assert response.status_code == 302, response.content.decode()
    if act != "defaults":  # the tiny set names no agency
        assert footprint(this) != before


@pytest.mark.parametrize("act", ACT_NAMES)
def test_nothing_is_changed_in_a_finalised_round(this, act, signed_in):
    address, data = acts(this)[act]
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.FINALISED)
    before = footprint(this)
    signed_in(this.secretary).post(address, data)
    if act != "status":  # a note on ranking is not a score; releases are frozen copies
        assert footprint(this) == before


def test_a_new_round_is_offered_exactly_the_units_the_secretariat_runs(signed_in):
    owner = cms.UnitFactory(name="Bộ Nội vụ")
    cms.UnitFactory(name="Bộ khác")
    user = cms.user_with_role(Role.SECRETARIAT, owner)
    form = signed_in(user).get(reverse("submissions:round_create")).context["form"]
    assert list(form.fields["owner"].choices) == [(owner.pk, "Bộ Nội vụ")]
    assert form["owner"].value() == owner.pk

    ended = cms.UnitFactory(name="Bộ cũ", valid_to=dt.date(2025, 2, 28))
    Membership.objects.create(user=user, unit=ended, role=Role.SECRETARIAT)
    form = signed_in(user).get(reverse("submissions:round_create")).context["form"]
    offered = [(value, "28/02/2025" in label) for value, label in form.fields["owner"].choices][1:]
    assert offered == [(owner.pk, False), (ended.pk, True)]
    assert form["owner"].value() == owner.pk


def test_a_whole_round_is_set_up_from_the_desk(signed_in):
    from tests.factories.criteria import EditionFactory

    owner, edition = cms.UnitFactory(), EditionFactory()
    units = [cms.UnitFactory(parent=owner) for _ in range(2)]
    client = signed_in(cms.user_with_role(Role.SECRETARIAT, owner))
    made = client.post(
        reverse("submissions:round_create"),
        {
            "name": "Đợt đánh giá các sở",
            "year": "2026",
            "edition": edition.pk,
            "owner": owner.pk,
            "period_from": "2026-01-01",
            "period_to": "2026-12-31",
        },
    )
    round_ = AssessmentRound.objects.get(owner=owner)
    assert made.headers["Location"] == reverse("submissions:round_participants", args=[round_.code])
    assert round_.code == "dot-danh-gia-cac-so-2026"
    client.post(made.headers["Location"], {"tiers": [units[0].tier.pk], "below_owner": "on"})
    assert set(round_.participants.values_list("unit", flat=True)) == {unit.pk for unit in units}
    now = timezone.localtime()
    client.post(
        reverse("submissions:round_deadlines", args=[round_.code]),
        {
            "self_assessment-opens_at": now.strftime("%Y-%m-%dT%H:%M"),
            "self_assessment-closes_at": (now + dt.timedelta(days=9)).strftime("%Y-%m-%dT%H:%M"),
        },
    )
    client.post(reverse("submissions:round_step", args=[round_.code]), {"buoc": "open"})
    round_.refresh_from_db()
    assert round_.state == RoundState.OPEN


def test_an_agency_is_assigned_by_its_name_or_the_units_that_may_be_meant_are_named(this, signed_in):
    client = signed_in(this.secretary)
    meant = cms.UnitFactory(name="Sở Nội vụ thử", parent=this.round.owner)
    other = cms.UnitFactory(name="Sở Nội vụ thử")
    form = {"viec": "giao", "code": "1.1"}
    assert client.post(url(this, "round_assignments"), {**form, "agency": " Sở Nội vụ thử "}).status_code == 302
    assert this.round.assignments.get(code="1.1").agency == meant
    for typed, named in (("nội vụ thử", {meant.code, other.code}), ("không có ở đâu", set())):
        response = client.post(url(this, "round_assignments"), {**form, "agency": typed})
        (error,) = response.context["assign_form"].errors["agency"]
        assert response.status_code == 422
        assert {code for code in (meant.code, other.code) if code in error} == named


def test_single_units_are_added_by_name_or_code(this, signed_in):
    """A comma parts units or stands in a name; capitals and spaces do not matter; the owner's own unit is meant."""
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.OPEN)
    client, tier = signed_in(this.secretary), this.plain.unit.tier
    culture = cms.UnitFactory(name="Sở Văn hóa, Thể thao thử", tier=tier)
    own, _other, coded = (
        cms.UnitFactory(name="Đơn vị thử", tier=tier, parent=p) for p in (this.round.owner, None, None)
    )
    typed = f"sở  văn hóa, thể thao thử\nĐƠN VỊ THỬ, {coded.code},"
    assert client.post(url(this, "round_participants"), {"codes": typed}).status_code == 302
    units = [this.plain.unit, this.full.unit, culture, own, coded]
    assert set(this.round.participants.values_list("unit", flat=True)) == {unit.pk for unit in units}


def test_a_name_that_several_units_bear_is_answered_with_their_codes_and_nothing_is_added(this, signed_in):
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.OPEN)
    twins = [cms.UnitFactory(name="Phòng thử, tổng hợp") for _ in range(2)]
    for typed in ("Phòng thử, tổng hợp", f"{twins[0].code}, phòng thử"):
        response = signed_in(this.secretary).post(url(this, "round_participants"), {"codes": typed})
        (error,) = response.context["form"].errors["codes"]
        assert (response.status_code, [twin.code in error for twin in twins]) == (422, [True, True])
        assert typed in response.content.decode()
    assert this.round.participants.count() == 2


def test_unknown_unit_codes_are_named(this, signed_in):
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.OPEN)
    response = signed_in(this.secretary).post(url(this, "round_participants"), {"codes": "khong-co, cung-khong"})
    assert response.status_code == 422
    assert "khong-co, cung-khong" in response.content.decode()


def test_the_step_to_appraisal_names_who_did_not_send(signed_in):
    this = sent_round(both=False)
    response = signed_in(this.secretary).post(url(this, "round_step"), {"buoc": RoundState.APPRAISAL}, follow=True)
    assert any("Tỉnh B" in str(message) for message in response.context["messages"])


def test_an_extension_reopens_a_sent_form_only_where_that_is_said(this, signed_in):
    client = signed_in(this.secretary)
    until = (timezone.localtime() + dt.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    form = {"phase": Phase.SELF_ASSESSMENT, "part": "leaf:1.1", "until": until, "reason": "Bổ sung"}
    assert client.post(url(this, "round_extend", this.plain.pk), form).status_code == 422
    assert client.post(url(this, "round_extend", this.plain.pk), {**form, "reopen": "on"}).status_code == 302
    granted = Extension.objects.get()
    assert (granted.code, granted.reopens) == ("1.1", this.plain.submission.receipts.get())
    this.plain.submission.refresh_from_db()
    assert this.plain.submission.state == SubmissionState.DRAFT


def test_an_extension_that_ends_before_the_common_lock_is_refused(this, signed_in):
    """More time that is not more: the sentence names the lock that everybody has, and nothing is stored or told."""
    lock = this.round.deadlines.get(phase=Phase.APPRAISAL_1).closes_at
    form = {"phase": Phase.APPRAISAL_1, "part": "domain:1", "reason": "Bổ sung"}
    local = timezone.localtime(lock)
    for until, status in ((local, 422), (local + dt.timedelta(minutes=1), 302)):
        fields = {**form, "until": until.strftime("%Y-%m-%dT%H:%M")}
        response = signed_in(this.secretary).post(url(this, "round_extend", this.plain.pk), fields)
        assert response.status_code == status
        if status == 422:
            assert f"{local:%d/%m/%Y %H:%M}" in str(response.context["extension_form"].non_field_errors())
            assert not Extension.objects.exists()
    assert str(Extension.objects.get()).startswith("Thẩm định lần 1, lĩnh vực 1 → ")


def test_finalising_names_the_phases_that_have_not_ended(this, signed_in):
    client = signed_in(this.secretary)
    decide_all(this)
    page = client.post(url(this, "round_finalise"), {"xac-nhan": ""})
    assert page.status_code == 422
    standing = [row.phase for row in page.context["open_phases"]]
    assert standing == list(PHASE_ORDER)
    named = [blocker.split("”")[0].removeprefix("“") for blocker in page.context["readiness"].blockers]
    assert named == [str(Phase(phase).label) for phase in standing]

    for phase in standing:
        client.post(url(this, "round_deadlines"), {"viec": "ket-thuc", "pha": phase, "ly-do": "Đã thẩm định xong"})
    assert client.post(url(this, "round_finalise"), {"xac-nhan": ""}).status_code == 302
    this.round.refresh_from_db()
    assert this.round.state == RoundState.FINALISED


def deadline_fields(client: Client, this: OpenRound) -> dict[str, str]:
    """Return what a browser would send of the one form of all phases."""
    page = BeautifulSoup(client.get(url(this, "round_deadlines")).content, "html.parser")
    fields = page.select("form#deadlines input[name]:not([form])")
    return {field["name"]: field.get("value", "") for field in fields if field["name"] != "csrfmiddlewaretoken"}


def deadline_audits(this: OpenRound) -> list[str]:
    rows = ModelLogEntry.objects.for_instance(this.round).filter(action="submissions.deadline").order_by("pk")
    return [row.data["after"]["phase"] for row in rows]


def test_the_deadlines_of_all_phases_are_one_form_stored_and_audited_by_phase(this, signed_in):
    client = signed_in(this.secretary)
    PhaseDeadline.objects.filter(round=this.round, phase=Phase.COUNCIL).delete()
    before = dict(this.round.deadlines.values_list("phase", "closes_at"))
    fields = deadline_fields(client, this)
    assert client.post(url(this, "round_deadlines"), fields).status_code == 302
    assert deadline_audits(this) == []  # nothing was touched
    later = (timezone.localtime() + dt.timedelta(days=50)).replace(second=0, microsecond=0)
    fields |= {f"{Phase.COUNCIL}-opens_at": f"{later - dt.timedelta(days=9):%Y-%m-%dT%H:%M}"}
    fields |= {f"{phase}-closes_at": f"{later:%Y-%m-%dT%H:%M}" for phase in (Phase.APPRAISAL_2, Phase.COUNCIL)}
    # Meanwhile a colleague sets a phase that this form shows as it was.
    moved = before[Phase.EXPLANATION] + dt.timedelta(days=1)
    PhaseDeadline.objects.filter(round=this.round, phase=Phase.EXPLANATION).update(closes_at=moved)
    assert client.post(url(this, "round_deadlines"), fields).status_code == 302
    assert dict(this.round.deadlines.values_list("phase", "closes_at")) == {
        **before,
        Phase.EXPLANATION: moved,
        Phase.APPRAISAL_2: later,
        Phase.COUNCIL: later,
    }
    assert deadline_audits(this) == [Phase.APPRAISAL_2, Phase.COUNCIL]


def test_one_wrong_deadline_stores_none_and_everything_typed_comes_back(this, signed_in):
    client = signed_in(this.secretary)
    before = dict(this.round.deadlines.values_list("phase", "closes_at"))
    typed = {
        f"{Phase.SELF_ASSESSMENT}-closes_at": f"{timezone.localtime() + dt.timedelta(days=45):%Y-%m-%dT%H:%M}",
        f"{Phase.APPRAISAL_1}-closes_at": f"{timezone.localtime() + dt.timedelta(days=1):%Y-%m-%dT%H:%M}",
        f"{Phase.EXPLANATION}-closes_at": "2001-01-01T08:00",
        f"{Phase.APPRAISAL_2}-closes_at": "",
    }
    fields = deadline_fields(client, this) | typed
    wrong = {Phase.APPRAISAL_2: ["closes_at"]}
    for mended in ({}, {f"{Phase.APPRAISAL_2}-closes_at": fields[f"initial-{Phase.APPRAISAL_2}-closes_at"]}):
        # What the form alone sees comes first, what the domain refuses once that is mended.
        wrong = {Phase.APPRAISAL_1: ["reason"], Phase.EXPLANATION: ["closes_at"]} if mended else wrong
        response = client.post(url(this, "round_deadlines"), fields | mended)
        lines = response.context["lines"]
        assert response.status_code == 422
        assert {line["phase"]: list(line["form"].errors) for line in lines if line["form"].errors} == wrong
        page = BeautifulSoup(response.content, "html.parser")
        for name, value in (typed | mended).items():
            assert page.select_one(f"input[name='{name}']").get("value", "") == value
    assert dict(this.round.deadlines.values_list("phase", "closes_at")) == before
    assert deadline_audits(this) == []


def test_ending_a_phase_asks_for_the_reason(this, signed_in):
    form = {"viec": "ket-thuc", "pha": Phase.APPRAISAL_1, "ly-do": " "}
    page = signed_in(this.secretary).post(url(this, "round_deadlines"), form, follow=True)
    assert ["“Thẩm định lần 1”" in str(message) for message in page.context["messages"]] == [True]
    assert PhaseDeadline.objects.get(round=this.round, phase=Phase.APPRAISAL_1).closes_at > timezone.now()


def test_finalising_refuses_gaps_that_were_not_confirmed(this, signed_in):
    with clock.at(after_all_phases()):
        answer = signed_in(this.secretary).post(url(this, "round_finalise"), {"xac-nhan": ""})
    assert (answer.status_code, len(answer.context["gaps"])) == (422, 2)


def test_finalising_asks_for_the_gaps_it_showed(this, signed_in):
    client = signed_in(this.secretary)
    shown = readiness(this.round)
    decide_all(this)
    with clock.at(after_all_phases()):
        assert client.post(url(this, "round_finalise"), {"xac-nhan": shown.digest}).status_code == 422
        assert readiness(this.round).is_complete
        assert client.post(url(this, "round_finalise"), {"xac-nhan": ""}).status_code == 302
    this.round.refresh_from_db()
    assert this.round.state == RoundState.FINALISED
    assert this.round.seals.get().entries == ScoreEntry.objects.count()


def decide_all(this: OpenRound) -> None:
    """Accept everything and enter all central points."""
    both = (this.plain, this.full)
    codes = [code for p in both for code in p.score_entries.filter(stage="self").values_list("code", flat=True)]
    decisions = [RowDecision(p, code) for p in both for code in sorted(set(codes)) if p == this.full or code != "2.6.1"]
    record_appraisals(user=this.appraiser, round=this.round, decisions=decisions)
    record_central_many(
        user=this.secretary,
        round=this.round,
        rows=[RowDecision(p, code, Decimal(1)) for p in both for code in ("2.2.1", "2.2.2")],
    )


# --- the appraiser ----------------------------------------------------------------------------------------------------
def test_the_queue_is_there_for_the_agency_alone(this, signed_in):
    mine = signed_in(this.appraiser).get(url(this, "appraisal_queue"))
    assert (mine.status_code, len(mine.context["rows"])) == (200, 17)
    for role in Role:
        if role != Role.APPRAISER:
            client = signed_in(cms.user_with_role(role, this.agency))
            assert client.get(url(this, "appraisal_queue")).status_code == 404
    stranger = signed_in(cms.user_with_role(Role.APPRAISER))
    assert stranger.get(url(this, "appraisal_queue")).status_code == 404


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("linh-vuc=2", 5),
        ("tieu-chi=1.1", 2),
        ("trang-thai=cho", 17),
        ("trang-thai=giu", 0),
        ("tim=tinh+b", 9),
        ("thieu=1", 17),
        ("don-vi=khong-phai-so", 17),
        ("trang=99", 17),
    ],
)
def test_the_queue_filters_by_its_address(this, query, rows, signed_in):
    response = signed_in(this.appraiser).get(f"{url(this, 'appraisal_queue')}?{query}")
    assert len(response.context["rows"]) == rows


@pytest.mark.parametrize("units", [1, 3])
def test_the_queue_asks_the_same_number_of_queries_for_more_units(units, signed_in, django_assert_max_num_queries):
    this = sent_round(both=False)
    for _ in range(units - 1):
        add_sent_participant(this, cms.UnitFactory(tier=this.plain.unit.tier))
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.APPRAISAL)
    appraiser, secretary = signed_in(this.appraiser), signed_in(this.secretary)
    with django_assert_max_num_queries(35):
        assert appraiser.get(url(this, "appraisal_queue")).status_code == 200
    with django_assert_max_num_queries(35):
        assert secretary.get(url(this, "round_page")).status_code == 200


def test_a_leaf_shows_what_it_is_judged_by(this, signed_in):
    page = signed_in(this.appraiser).get(leaf_url(this, "1.2.2")).content.decode()
    assert "15/18" in page
    assert "Đã thực hiện theo kế hoạch." in page
    assert "Tỉnh B" in page  # the same criterion at the other unit


def decision(this: OpenRound, code: str = "1.1", **fields: str) -> dict[str, str]:
    return {"expected_entry_id": str(current_entry(this.plain, code).pk), "viec": "cho-diem", **fields}


def test_accepting_goes_on_to_the_next_leaf(this, signed_in):
    response = signed_in(this.appraiser).post(leaf_url(this), decision(this, viec="chap-nhan"))
    assert response.headers["Location"] == leaf_url(this, "1.2.1")
    assert current_entry(this.plain, "1.1").actor == this.appraiser


@pytest.mark.parametrize(
    ("code", "form", "field"),
    [
        ("1.1", {"in_answer": "no", "reason": ""}, "reason"),
        ("1.1", {"points": "1,5", "in_answer": "yes", "reason": "Cộng"}, "points"),
        ("1.2.2", {"points": "1.234", "in_numerator": "15", "in_denominator": "18", "reason": "x"}, "points"),
        ("2.1.2", {"in_points": "1,3", "reason": "Chấm lại"}, "in_points"),
        ("1.2.2", {"in_numerator": "20", "in_denominator": "18", "reason": "x"}, "in_numerator"),
        ("1.2.2", {"in_numerator": "mười", "in_denominator": "18", "reason": "x"}, "in_numerator"),
    ],
)
def test_a_bad_decision_stays_on_the_form_with_its_sentence(this, code, form, field, signed_in):
    before = ScoreEntry.objects.count()
    response = signed_in(this.appraiser).post(leaf_url(this, code), decision(this, code, **form))
    assert (response.status_code, ScoreEntry.objects.count()) == (422, before)
    assert field in response.context["form"].errors
    for name, value in form.items():
        assert response.context["form"][name].value() == value


@pytest.mark.parametrize(
    ("language", "code", "form", "points"),
    [
        ("vi", "1.2.2", {"points": "1.500", "in_numerator": "15", "in_denominator": "18"}, "1,5"),
        ("en", "1.2.2", {"points": "1,500", "in_numerator": "15", "in_denominator": "18"}, "1.5"),
        ("vi", "2.1.2", {"in_points": "1.250"}, "1,25"),
    ],
)
def test_points_below_a_thousand_are_read_as_decimals_and_told(this, language, code, form, points, signed_in):
    with translation.override(language):
        address = leaf_url(this, code)
    posted = decision(this, code, reason="Chấm lại", **form)
    answer = signed_in(this.appraiser).post(address, posted, follow=True)
    assert current_entry(this.plain, code).points == Decimal(points.replace(",", "."))
    assert f"{code} " in answer.content.decode()
    assert f": {points} " in answer.content.decode()


def test_two_appraisers_the_second_sees_the_first_and_keeps_what_was_typed(this, signed_in):
    seen = decision(this, reason="Chưa đủ văn bản", in_answer="no")
    other = cms.user_with_role(Role.APPRAISER, this.agency)
    signed_in(other).post(leaf_url(this), decision(this, viec="chap-nhan"))
    response = signed_in(this.appraiser).post(leaf_url(this), seen)
    assert response.status_code == 409
    assert response.context["form"]["reason"].value() == "Chưa đủ văn bản"
    assert current_entry(this.plain, "1.1").actor == other
    again = {**seen, "expected_entry_id": response.context["form"]["expected_entry_id"].value()}
    assert signed_in(this.appraiser).post(leaf_url(this), again).status_code == 302
    assert current_entry(this.plain, "1.1").points == 0


def wrong_people(this: OpenRound) -> dict[str, User]:
    """People who must not decide on unit A, by why."""
    own = cms.user_with_role(Role.APPRAISER, this.agency)
    cms.MembershipFactory(user=own, unit=this.plain.unit, role=Role.CONTRIBUTOR)
    elsewhere = cms.UnitFactory()
    AppraisalAssignment.objects.create(round=this.round, code="2", agency=elsewhere)
    return {"own unit": own, "other domain": cms.user_with_role(Role.APPRAISER, elsewhere)}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("why", ["own unit", "other domain"])
def test_the_wrong_appraiser_is_refused_by_address(this, why, method, signed_in):
    AppraisalAssignment.objects.filter(code="2").delete()
    person = wrong_people(this)[why]
    before = ScoreEntry.objects.count()
    client: Client = signed_in(person)
    answer = getattr(client, method)(leaf_url(this), decision(this, viec="chap-nhan"))
    assert (answer.status_code, ScoreEntry.objects.count()) == (403, before)
    client.post(url(this, "appraisal_accept"), {"muc": f"{this.plain.pk}:1.1:{current_entry(this.plain, '1.1').pk}"})
    assert ScoreEntry.objects.count() == before


def test_accept_many_takes_what_was_chosen(this, signed_in):
    chosen = [f"{this.plain.pk}:{code}:{current_entry(this.plain, code).pk}" for code in ("1.1", "1.2.1")]
    broken = ["", "x:y:z", f"{this.plain.pk}:1.1", f"999999:1.1:{1}"]
    signed_in(this.appraiser).post(url(this, "appraisal_accept"), {"muc": chosen + broken})
    assert ScoreEntry.objects.filter(stage="appraisal_1").count() == 2


def test_accepting_many_says_how_many_and_how_many_have_no_evidence(this, signed_in):
    """Before it each box knows and the button asks with the number; after it the answer counts, browser or not."""
    client = signed_in(this.appraiser)
    EvidenceUse.objects.filter(answer__submission=this.plain.submission, answer__code="1.1").delete()
    page = BeautifulSoup(
        client.get(f"{url(this, 'appraisal_queue')}?don-vi={this.plain.unit_id}").content, "html.parser"
    )
    boxes = page.select("input[name=muc]")
    bare = [box["value"] for box in boxes if box.has_attr("data-bare")]
    button = page.select_one("button[data-counts=muc]")
    assert "{chosen}" in button["data-confirm-counted"]
    assert ["{chosen}" in button["data-confirm-bare"], "{bare}" in button["data-confirm-bare"]] == [True, True]
    shown = EvidenceUse.objects.filter(answer__submission=this.plain.submission).values_list("answer__code", flat=True)
    assert {value.split(":")[1] for value in bare} == {box["value"].split(":")[1] for box in boxes} - set(shown)
    assert f"{this.plain.pk}:1.1:{current_entry(this.plain, '1.1').pk}" in bare
    response = client.post(url(this, "appraisal_accept"), {"muc": [box["value"] for box in boxes]}, follow=True)
    (told,) = [str(message) for message in response.context["messages"]]
    assert [int(word) for word in told.split() if word.isdigit()] == [len(boxes), len(bare)]


def test_after_the_deadline_the_desk_shows_why_and_refuses(this, signed_in):
    late = PhaseDeadline.objects.get(round=this.round, phase=Phase.APPRAISAL_1).closes_at + dt.timedelta(seconds=1)
    client, form = signed_in(this.appraiser), decision(this, viec="chap-nhan")
    with clock.at(late):
        assert client.get(leaf_url(this)).context["refusal"].code == "locked"
        assert client.post(leaf_url(this), form).status_code == 422
        client.post(url(this, "appraisal_accept"), {"muc": f"{this.plain.pk}:1.1:{form['expected_entry_id']}"})
    assert not ScoreEntry.objects.filter(stage="appraisal_1").exists()
