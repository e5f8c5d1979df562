"""Appeals that units file: when, by whom, what the secretariat answers, and how an admitted one reaches the ledger."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import pytest

from cms import clock
from cms.domain.files import may_read
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import StoredFile, User
from publishing.models import IndexRelease
from submissions.domain import unit_appeals
from submissions.domain.appeals import decide_appeal
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import current_entry
from submissions.domain.unit_appeals import answer_filing, file_appeal, set_appeal_period, withdraw_filing
from submissions.enums import AppealOutcome, FilingState
from submissions.exceptions import Locked, WrongState
from submissions.models import Appeal, AppealPeriod, AssessmentRound, Evidence, FiledAppeal, Notice
from tests.factories.cms import MembershipFactory, UserFactory, user_with_role
from tests.factories.files import pdf_bytes
from tests.factories.publishing import published_release
from tests.factories.submissions import EvidenceFactory, OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> OpenRound:
    """A round whose result is public and whose units may appeal for ten days."""
    this = open_round()
    published_release(this)
    this.plain.round.refresh_from_db()
    this.round.refresh_from_db()
    set_appeal_period(round=this.round, closes_at=timezone.now() + dt.timedelta(days=10), user=this.secretary)
    return this


def lodge(this: OpenRound, **changes: object) -> FiledAppeal:
    given = {"code": "1.1", "asked": "Công nhận kế hoạch", "reason": "Kế hoạch ban hành đúng hạn", **changes}
    return file_appeal(**{"user": this.leader, "participant": this.plain, **given})


def decide(this: OpenRound, filing: FiledAppeal, **changes: object) -> Appeal:
    given = {
        "participant": this.plain,
        "code": filing.code,
        "document": filing.document,
        "asked": filing.asked,
        "outcome": AppealOutcome.GRANTED,
        "points": "1",
        "decision": "15/QĐ, 09/4/2026",
        "reason": "Kế hoạch ban hành đúng hạn",
        "user": this.secretary,
        "expected_entry_id": current_entry(this.plain, filing.code).pk,
        "filing": filing,
    }
    return decide_appeal(**{**given, **changes})


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).values_list("title", flat=True))


def test_an_admitted_appeal_is_decided_and_reaches_the_ledger(this: OpenRound):
    filing = lodge(this)
    assert any(filing.reference in title for title in told(this.secretary))
    with pytest.raises(WrongState) as early:
        decide(this, filing)
    assert (early.value.code, Appeal.objects.count()) == ("filing_state", 0)
    answer_filing(user=this.secretary, filing=filing, admitted=True, answer="")
    appeal = decide(this, filing)
    filing.refresh_from_db()
    assert (filing.state, filing.decision, appeal.entry.points) == (FilingState.DECIDED, appeal, Decimal(1))
    assert filing.document in appeal.entry.public_note
    assert sum(filing.reference in title for title in told(this.leader)) == 2
    with pytest.raises(PortalError) as again:
        lodge(this)
    assert again.value.code == "filed_already"


def test_what_is_not_admitted_says_why_and_may_be_filed_better(this: OpenRound):
    filing = lodge(this)
    with pytest.raises(PortalError) as silent:
        answer_filing(user=this.secretary, filing=filing, admitted=False, answer=" ")
    assert silent.value.code == "reason_missing"
    answer_filing(user=this.secretary, filing=filing, admitted=False, answer="Không nêu căn cứ")
    with pytest.raises(WrongState):
        answer_filing(user=this.secretary, filing=filing, admitted=True, answer="")
    filing.refresh_from_db()
    assert (filing.state, filing.answer) == (FilingState.NOT_ADMITTED, "Không nêu căn cứ")
    assert lodge(this).state == FilingState.FILED


def test_after_the_time_it_is_refused_with_the_time(this: OpenRound):
    period = AppealPeriod.objects.get()
    with clock.at(period.closes_at + dt.timedelta(seconds=1)), pytest.raises(Locked) as late:
        lodge(this)
    assert timezone.localtime(period.closes_at).strftime("%d/%m/%Y %H:%M") in late.value.message
    with clock.at(period.closes_at - dt.timedelta(seconds=1)):
        assert lodge(this).state == FilingState.FILED


def test_not_without_a_time_nor_before_the_result_is_public(this: OpenRound):
    AppealPeriod.objects.all().delete()
    with pytest.raises(Locked) as no_time:
        lodge(this)
    set_appeal_period(round=this.round, closes_at=timezone.now() + dt.timedelta(days=10), user=this.secretary)
    release = IndexRelease.objects.get()
    with clock.at(release.publish_at - dt.timedelta(seconds=1)), pytest.raises(WrongState) as early:
        lodge(this)
    assert (no_time.value.code, early.value.code) == ("no_period", "not_public")


def test_only_the_leader_of_the_unit_files_and_withdraws(this: OpenRound):
    filing = lodge(this)
    strangers = (this.contributor, this.secretary, user_with_role(Role.LEADER, this.full.unit), UserFactory())
    for person in (*strangers, UserFactory(is_superuser=True)):
        with pytest.raises(PermissionRefused):
            lodge(this, user=person, code="1.2.1")
        with pytest.raises(PermissionRefused):
            withdraw_filing(user=person, filing=filing)
    withdraw_filing(user=this.leader, filing=filing)
    with pytest.raises(WrongState):
        withdraw_filing(user=this.leader, filing=filing)
    assert FiledAppeal.objects.get().state == FilingState.WITHDRAWN


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "2.6.1"}, "unknown_code"),
        ({"asked": " "}, "text_missing"),
        ({"reason": "\n"}, "text_missing"),
        ({"reason": "a" * 4001}, "too_long"),
    ],
)
def test_what_cannot_be_filed_is_refused(this: OpenRound, changes: dict[str, object], code: str):
    with pytest.raises(PortalError) as refused:
        lodge(this, **changes)
    assert (refused.value.code, FiledAppeal.objects.count()) == (code, 0)


def test_evidence_is_the_units_own_and_read_by_the_secretariat(this: OpenRound):
    with pytest.raises(PortalError) as foreign:
        lodge(this, evidence=[EvidenceFactory(unit=this.full.unit)])
    assert foreign.value.code == "foreign_evidence"
    own = EvidenceFactory(unit=this.plain.unit)
    assert not may_read(this.secretary, own.file)
    lodge(this, evidence=[own])
    assert may_read(this.secretary, own.file)
    assert not may_read(this.appraiser, own.file)


def test_the_time_is_set_by_the_secretariat_after_the_end_and_only_extended(this: OpenRound):
    later = timezone.now() + dt.timedelta(days=20)
    with pytest.raises(PermissionRefused):
        set_appeal_period(round=this.round, closes_at=later, user=this.approver)
    set_appeal_period(round=this.round, closes_at=later, user=this.secretary)
    refusals = []
    for moment in (later - dt.timedelta(days=1), timezone.now() - dt.timedelta(days=1)):
        with pytest.raises(PortalError) as refused:
            set_appeal_period(round=this.round, closes_at=moment, user=this.secretary)
        refusals.append(refused.value.code)
    AssessmentRound.objects.filter(pk=this.round.pk).update(state="council")
    with pytest.raises(WrongState):
        set_appeal_period(round=this.round, closes_at=later, user=this.secretary)
    assert (refusals, AppealPeriod.objects.get().closes_at) == (["shortened", "in_the_past"], later)


def test_nobody_answers_for_the_own_unit(this: OpenRound):
    filing = lodge(this)
    MembershipFactory(user=this.secretary, unit=this.plain.unit, role=Role.CONTRIBUTOR)
    with pytest.raises(PermissionRefused) as own:
        answer_filing(user=this.secretary, filing=filing, admitted=True, answer="")
    assert own.value.code == "own_unit"


def test_screens__file_answer_decide(this: OpenRound, signed_in):
    leader, page = signed_in(this.leader), reverse("submissions:unit_appeals", args=[this.plain.submission.pk])
    data = {"viec": "nop", "code": "1.1", "asked": "Công nhận kế hoạch", "reason": ""}
    assert "1.1 Tiêu chí 1.1 (0 trên 1)" in leader.get(page).content.decode()
    refused = leader.post(page, data)
    assert (refused.status_code, "Công nhận kế hoạch" in refused.content.decode()) == (422, True)
    upload = SimpleUploadedFile("ke-hoach.pdf", pdf_bytes(), content_type="application/pdf")
    assert leader.post(page, {**data, "reason": "Ban hành đúng hạn", "upload": upload}).status_code == 302
    filing = FiledAppeal.objects.get()
    assert filing.evidence.get() == Evidence.objects.get()
    desk = reverse("submissions:round_appeals", args=[this.round.code])
    secretary = signed_in(this.secretary)
    assert filing.reference in secretary.get(desk).content.decode()
    assert secretary.post(desk, {"viec": "khong-nhan", "muc": "9" * 30}).status_code == 404
    assert secretary.post(desk, {"viec": "nhan", "muc": filing.pk}).status_code == 302
    chosen = f"{desk}?kien-nghi={filing.pk}"
    assert filing.document in secretary.get(chosen).content.decode()
    decision = {
        "document": filing.document,
        "asked": filing.asked,
        "outcome": "granted",
        "points": "1",
        "decision": "15/QĐ",
        "reason": "Đúng hạn",
        "muc": current_entry(this.plain, "1.1").pk,
    }
    assert secretary.post(chosen, decision).status_code == 302
    answered = signed_in(this.contributor).get(page).content.decode()
    assert "15/QĐ" in answered
    assert signed_in(this.other_contributor).get(page).status_code == 403


def test_screen__late_leaves_no_file_behind(this: OpenRound, signed_in):
    AppealPeriod.objects.update(closes_at=timezone.now() - dt.timedelta(minutes=1))
    page = reverse("submissions:unit_appeals", args=[this.plain.submission.pk])
    upload = SimpleUploadedFile("ke-hoach.pdf", pdf_bytes(), content_type="application/pdf")
    data = {"viec": "nop", "code": "1.1", "asked": "Xem lại", "reason": "Đúng hạn", "upload": upload}
    answer = signed_in(this.leader).post(page, data)
    assert (answer.status_code, "Đúng hạn" in answer.content.decode()) == (422, True)
    assert (FiledAppeal.objects.count(), Evidence.objects.count()) == (0, 0)


def test_screen__an_appeal_that_stands_already_leaves_no_file_behind(this: OpenRound, signed_in):
    page = reverse("submissions:unit_appeals", args=[this.plain.submission.pk])
    data = {"viec": "nop", "code": "1.1", "asked": "Xem lại", "reason": "Đúng hạn"}
    leader = signed_in(this.leader)
    assert leader.post(page, data).status_code == 302
    upload = SimpleUploadedFile("ke-hoach.pdf", pdf_bytes(), content_type="application/pdf")
    assert leader.post(page, {**data, "upload": upload}).status_code == 422
    assert (FiledAppeal.objects.count(), Evidence.objects.count()) == (1, 0)


def test_screen__the_later_of_two_at_once_takes_its_document_back(this: OpenRound, signed_in, monkeypatch):
    """The later one was let through by the first look, because the earlier one was not stored yet."""
    look, looks = unit_appeals.check_leaf, []

    def looked_before_the_other_was_stored(participant: object, code: str) -> None:
        looks.append(code)
        if len(looks) > 1:
            look(participant, code)

    lodge(this)
    monkeypatch.setattr(unit_appeals, "check_leaf", looked_before_the_other_was_stored)
    page = reverse("submissions:unit_appeals", args=[this.plain.submission.pk])
    upload = SimpleUploadedFile("ke-hoach.pdf", pdf_bytes(), content_type="application/pdf")
    data = {"viec": "nop", "code": "1.1", "asked": "Xem lại", "reason": "Đúng hạn", "upload": upload}
    answer = signed_in(this.leader).post(page, data)
    assert (answer.status_code, len(looks), answer.context["form"].errors.keys()) == (422, 2, {"code"})
    assert (FiledAppeal.objects.count(), Evidence.objects.count(), StoredFile.objects.count()) == (1, 0, 0)


def test_screen__the_unit_reads_every_step_of_its_points_once_they_are_public(this: OpenRound, signed_in):
    page = reverse("submissions:unit_scores", args=[this.plain.submission.pk])
    shown = signed_in(this.contributor).get(page)
    rows = {row.leaf.code: row for _domain, rows in shown.context["parts"] for row in rows}
    assert set(rows) == {leaf.code for leaf in definition_for(this.plain).leaves}
    entry = rows["1.1"].current
    assert (entry, [told.entry for told in rows["1.1"].told]) == (
        current_entry(this.plain, "1.1"),
        list(this.plain.score_entries.filter(code="1.1").order_by("pk")),
    )
    only = signed_in(this.leader).get(page, {"khac": "1"})
    differing = {row.leaf.code for row in rows.values() if row.differs}
    assert {row.leaf.code for _domain, rows in only.context["parts"] for row in rows} == differing
    assert signed_in(this.other_contributor).get(page).status_code == 403
    release = IndexRelease.objects.get()
    with clock.at(release.publish_at - dt.timedelta(seconds=1)):
        early = signed_in(this.leader).get(page)
    assert (early.context["refusal"].code, early.context["parts"], early.status_code) == ("not_public", [], 200)


def test_screen__the_steps_ask_the_database_the_same_number_of_times(
    this: OpenRound, signed_in, django_assert_max_num_queries
):
    page, client = reverse("submissions:unit_scores", args=[this.plain.submission.pk]), signed_in(this.leader)
    with CaptureQueriesContext(connection) as before:
        client.get(page)
    for code in ("1.1", "1.2.1"):
        filing = lodge(this, code=code)
        answer_filing(user=this.secretary, filing=filing, admitted=True, answer="")
        decide(this, filing, points="0.5")
    with django_assert_max_num_queries(len(before)):
        client.get(page)
