"""Second readings: a sample drawn once and drawn again alike, read blind, settled before the appraisal ends."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from wagtail.models import ModelLogEntry

import pytest

from cms.domain.files import may_read
from cms.enums import FileKind, Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import User
from submissions.council_enums import DiscrepancyKind, DiscrepancyState, ItemState
from submissions.domain.agenda import add_item, draw_agenda, put_off
from submissions.domain.appraisal import record_appraisal
from submissions.domain.appraisal_gate import GateFacts
from submissions.domain.appraisal_queue import QueueFilters, queue
from submissions.domain.conflicts import declare_conflict
from submissions.domain.council_sessions import plan_session
from submissions.domain.discrepancies import clear_discrepancies, find_discrepancies
from submissions.domain.leaf_story import leaf_story
from submissions.domain.ledger import current_entry, final_points
from submissions.domain.rounds import advance_round
from submissions.domain.second_reader import record_reading
from submissions.domain.second_readings import (
    draw_again,
    draw_sample,
    drawn,
    move_readings,
    readings_of,
    readings_waiting,
    withdraw_readings,
)
from submissions.enums import Basis, ReadingState, RoundState, Stage
from submissions.exceptions import StaleWrite, SubmissionError, WrongState
from submissions.models import Discrepancy, Notice, ScoreEntry, SecondReading, SecondReadingSample
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.submissions import EvidenceFactory, EvidenceUseFactory, OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round()


@pytest.fixture
def colleague(this) -> User:
    return cms.user_with_role(Role.APPRAISER, this.agency)


def decide(this: OpenRound, code: str, user: User | None = None, **fields: object) -> ScoreEntry:
    participant = fields.pop("participant", this.plain)
    seen = current_entry(participant, code)
    given = {"accept": not fields, "expected_entry_id": seen.pk if seen else None, **fields}
    return record_appraisal(user=user or this.appraiser, participant=participant, code=code, **given)


def draw(this: OpenRound, *, share: int = 100, **fields: object) -> SecondReadingSample:
    given = {"round": this.round, "agency": this.agency, "reading_agency": this.agency, "user": this.secretary}
    return draw_sample(share=share, **{**given, **fields})


def read(reading: SecondReading, **fields: object) -> SecondReading:
    claim = leaf_story(reading.participant, reading.code).claim
    given = {"accept": not fields, "expected_claim_id": claim.entry.pk, "user": reading.reader, **fields}
    return record_reading(reading=reading, **given)


def url(this: OpenRound, name: str, *args: object) -> str:
    return reverse(f"submissions:{name}", args=[this.round.code, *args])


# --- the draw ---------------------------------------------------------------------------------------------------------
def test_draw__gives_the_share_of_the_decided_leaves_to_somebody_who_did_not_decide_them(this, colleague):
    for code in ("1.1", "1.2.2", "1.2.3"):
        decide(this, code)
    decide(this, "2.1.1", user=colleague)
    sample = draw(this, share=100, seed="s")
    found = {row.code: row.reader for row in sample.readings.all()}
    assert found == {"1.1": colleague, "1.2.2": colleague, "1.2.3": colleague, "2.1.1": this.appraiser}
    assert (sample.population, sample.drawn, sample.last_entry) == (4, 4, ScoreEntry.objects.latest("pk").pk)
    entry = ModelLogEntry.objects.get(action="submissions.second_sample")
    assert (entry.user, entry.data["after"]["seed"], entry.data["after"]["drawn"]) == (this.secretary, "s", 4)
    assert set(Notice.objects.values_list("user", flat=True)) >= {colleague.pk, this.appraiser.pk}


def test_draw__share_is_rounded_up_and_the_same_seed_draws_the_same(this, colleague):
    entries = [decide(this, code) for code in ("1.1", "1.2.1", "1.2.2", "1.2.3", "2.1.1")]
    sample = draw(this, share=21)
    assert sample.drawn == 2
    kept = set(sample.readings.values_list("code", flat=True))
    decide(this, "2.1.2")
    decide(this, next(code for code in kept), reason="Xem lại", accept=False, points="0.5")
    assert {row.code for row in draw_again(sample)} == kept
    samples = {frozenset(row.code for row in drawn(entries, share=21, seed=str(seed))) for seed in range(20)}
    assert len(samples) > 1


def test_draw__happens_once_by_the_secretariat_within_the_appraisal(this, colleague):
    refusals = []
    for fields in ({"share": 0}, {"share": 101}, {"user": colleague}, {}):
        with pytest.raises(PortalError) as caught:
            draw(this, **fields)
        refusals.append(caught.value.code)
    assert refusals == ["share", "share", "not_permitted", "nothing_decided"]
    decide(this, "1.1")
    draw(this)
    with pytest.raises(SubmissionError) as caught:
        draw(this)
    assert (caught.value.code, SecondReading.objects.count()) == ("drawn_already", 1)
    first = SecondReadingSample.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        SecondReadingSample.objects.create(
            round=this.round, agency=this.agency, reading_agency=this.agency, share=5, seed="x", last_entry=1,
            population=1, drawn=1, drawn_by=this.secretary, drawn_at=first.drawn_at,
        )  # fmt: skip
    SecondReading.objects.all().delete()
    first.delete()
    this.round.state = RoundState.COUNCIL
    this.round.save()
    with pytest.raises(WrongState):
        draw(this)


def test_draw__nobody_reads_the_own_decision_a_conflict_or_what_he_reads_anyway(this, colleague):
    decide(this, "1.1")
    decide(this, "1.1", participant=this.full)
    declare_conflict(round=this.round, person=colleague, unit=this.full.unit, reason="Người nhà", user=colleague)
    insider = cms.user_with_role(Role.APPRAISER, this.agency)
    cms.MembershipFactory(user=insider, unit=this.round.owner, role=Role.COUNCIL_MEMBER)
    with pytest.raises(SubmissionError) as caught:
        draw(this)
    assert (caught.value.code, "Tỉnh B" in caught.value.message) == ("no_reader", True)
    assert not SecondReadingSample.objects.exists()
    other = cms.UnitFactory(name="Cơ quan khác")
    outsider = cms.user_with_role(Role.APPRAISER, other)
    sample = draw(this, reading_agency=other)
    assert {(row.reader, row.agency) for row in sample.readings.all()} == {(outsider, other)}


# --- reading blind ----------------------------------------------------------------------------------------------------
def test_reader__sees_nothing_of_the_decision_until_the_reading_is_given(this, colleague, signed_in):
    decide(this, "1.2.2", accept=False, points="0.25", reason="Bí mật thẩm định")
    decide(this, "1.1")
    reading = draw(this).readings.get(code="1.2.2")
    client = signed_in(colleague)
    leaf = url(this, "appraisal_leaf", this.plain.pk, "1.2.2")
    pages = {
        "queue": client.get(url(this, "appraisal_queue")),
        "by_leaf": client.get(url(this, "appraisal_by_leaf", "1.2.2")),
        "list": client.get(url(this, "second_readings")),
        "reading": client.get(url(this, "second_reading", reading.pk)),
        "neighbour": client.get(url(this, "appraisal_leaf", this.full.pk, "1.2.2")),
    }
    for name, page in pages.items():
        assert (name, page.status_code) == (name, 200)
        text = page.content.decode()
        assert ("Bí mật" in text, "0,25" in text) == (False, False), name
    assert {row.code for row in queue(user=colleague, round=this.round) if row.participant == this.plain}.isdisjoint(
        {"1.1", "1.2.2"}
    )
    seen = current_entry(this.plain, "1.2.2").pk
    refused = [
        client.get(leaf).status_code,
        client.post(leaf, {"viec": "chap-nhan", "expected_entry_id": seen}).status_code,
        client.post(url(this, "explanation_ask", this.plain.pk, "1.2.2"), {"question": "?"}).status_code,
    ]
    assert refused[:2] == [403, 403]
    assert current_entry(this.plain, "1.2.2").pk == seen

    answer = client.post(
        url(this, "second_reading", reading.pk),
        {"viec": "chap-nhan", "expected_entry_id": leaf_story(this.plain, "1.2.2").claim.entry.pk},
    )
    assert answer.status_code == 302
    assert "Bí mật thẩm định" in client.get(url(this, "second_reading", reading.pk)).content.decode()


def test_reader__alone_opens_the_reading_and_its_evidence(this, signed_in):
    decide(this, "1.2.2")
    other = cms.UnitFactory()
    outsider, stranger = (cms.user_with_role(Role.APPRAISER, unit) for unit in (other, cms.UnitFactory()))
    answer = this.plain.submission.answers.get(code="1.2.2")
    stored = cms.StoredFileFactory(kind=FileKind.EVIDENCE, owner_unit=this.plain.unit)
    EvidenceUseFactory(answer=answer, evidence=EvidenceFactory(unit=this.plain.unit, file=stored))
    assert not may_read(outsider, stored)
    reading = draw(this, reading_agency=other).readings.get()
    assert (may_read(outsider, stored), may_read(stranger, stored)) == (True, False)
    address = url(this, "second_reading", reading.pk)
    found = {person: signed_in(person).get(address).status_code for person in (outsider, stranger, this.appraiser)}
    assert found == {outsider: 200, stranger: 404, this.appraiser: 404}
    with pytest.raises(PermissionRefused):
        read(reading, user=this.appraiser)
    declare_conflict(round=this.round, person=outsider, unit=this.plain.unit, reason="Người nhà", user=outsider)
    assert (signed_in(outsider).get(address).status_code, may_read(outsider, stored)) == (403, False)
    with pytest.raises(PermissionRefused):
        read(reading)


def test_reading__changes_no_score_and_is_given_once(this, colleague):
    decide(this, "1.2.2")
    reading = draw(this).readings.get()
    before = (ScoreEntry.objects.count(), final_points(this.round)[this.plain.pk]["1.2.2"])
    given = read(reading, points="0.5", reason="Thiếu minh chứng")
    assert (given.state, given.points, given.basis, given.differs) == (
        ReadingState.READ, Decimal("0.5"), Basis.SET, True,
    )  # fmt: skip
    assert (ScoreEntry.objects.count(), final_points(this.round)[this.plain.pk]["1.2.2"]) == before
    with pytest.raises(WrongState):
        read(reading)
    for fields, refusal in (
        ({"points": "0.5"}, "reason_missing"),
        ({"points": "9", "reason": "x"}, "points_out_of_range"),
    ):
        SecondReading.objects.update(state=ReadingState.OPEN)
        with pytest.raises(SubmissionError) as caught:
            read(reading, **fields)
        assert caught.value.code == refusal
    with pytest.raises(StaleWrite):
        read(reading, expected_claim_id=1, accept=True)


def test_reading__refused_input_comes_back_at_its_field(this, colleague, signed_in):
    decide(this, "1.2.2")
    reading = draw(this).readings.get()
    claim = leaf_story(this.plain, "1.2.2").claim.entry.pk
    page = signed_in(colleague).post(
        url(this, "second_reading", reading.pk),
        {"viec": "cho-diem", "points": "99", "reason": "Vì sao", "expected_entry_id": claim},
    )
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["points"])
    assert "Vì sao" in page.content.decode()


# --- settling ---------------------------------------------------------------------------------------------------------
def differing(this: OpenRound, code: str = "1.2.2") -> SecondReading:
    decide(this, code)
    return read(draw(this).readings.get(code=code), points="0.5", reason="Thiếu minh chứng")


def advance(this: OpenRound, to: str = RoundState.COUNCIL) -> None:
    advance_round(round=this.round, to=to, user=this.secretary)


def test_round__does_not_go_on_before_the_sample_is_read_and_what_differs_is_settled(this, colleague):
    decide(this, "1.2.2")
    reading = draw(this).readings.get()
    for to in (RoundState.COUNCIL, RoundState.FINALISED):
        with pytest.raises(WrongState) as caught:
            advance(this, to)
        assert (caught.value.code, str(colleague) in caught.value.message) == ("second_readings", True)
    read(reading, points="0.5", reason="Thiếu minh chứng")
    with pytest.raises(WrongState) as caught:
        advance(this)
    assert (caught.value.code, "1.2.2" in caught.value.message) == ("second_readings", True)
    decide(this, "1.2.2", accept=False, points="0.5", reason="Theo người chấm thứ hai")
    advance(this)
    assert this.round.state == RoundState.COUNCIL


def test_difference__stands_in_the_queue_at_once_and_is_the_same_after_a_search(this, colleague, signed_in):
    differing(this)
    for _search in range(2):
        row = Discrepancy.objects.get(kind=DiscrepancyKind.SECOND_READER)
        assert (row.state, row.size, row.entry) == (
            DiscrepancyState.OPEN, Decimal("1.166667"), current_entry(this.plain, "1.2.2"),
        )  # fmt: skip
        find_discrepancies(round=this.round, user=this.secretary)
    page = signed_in(this.secretary).get(url(this, "round_discrepancies"), {"loai": "second_reader"})
    assert [line.sentence for line in page.context["lines"]] == [
        "Cơ quan thẩm định cho 1,666667, người chấm kiểm tra: 0,5."
    ]


def test_difference__cleared_by_the_secretariat_with_a_reason_lets_the_round_go_on(this, colleague):
    differing(this)
    row = Discrepancy.objects.get()
    clear_discrepancies(rows=[row], reason="Đã đối chiếu hồ sơ gốc", user=this.secretary)
    assert leaf_story(this.plain, "1.2.2").readings[0].outcome.endswith("Đã đối chiếu hồ sơ gốc")
    advance(this)
    find_discrepancies(round=this.round, user=this.secretary)
    row.refresh_from_db()
    assert row.state == DiscrepancyState.CLEARED


def test_difference__on_the_agenda_waits_for_the_council_and_no_longer(this, colleague):
    differing(this)
    Discrepancy.objects.update(state=DiscrepancyState.AGENDA)
    with pytest.raises(WrongState):
        advance(this, RoundState.FINALISED)
    advance(this)
    with pytest.raises(WrongState) as caught:
        advance(this, RoundState.FINALISED)
    assert caught.value.code == "second_readings"


def test_difference__is_settled_by_another_with_a_reason_never_by_the_second_reader(this, colleague, signed_in):
    differing(this)
    with pytest.raises(PermissionRefused) as caught:
        decide(this, "1.2.2", user=colleague)
    assert caught.value.code == "second_reader"
    filters = QueueFilters(status="disputed")
    assert [row.code for row in queue(user=this.appraiser, round=this.round, filters=filters)] == ["1.2.2"]
    with pytest.raises(SubmissionError) as caught:
        decide(this, "1.2.2")
    assert caught.value.code == "reason_missing"
    page = signed_in(this.appraiser).get(url(this, "appraisal_leaf", this.plain.pk, "1.2.2")).content.decode()
    assert ("Thiếu minh chứng" in page, "giu-nguyen" in page) == (True, True)
    decide(this, "1.2.2", accept=False, keep=True, reason="Minh chứng đủ, trang 4")
    assert Discrepancy.objects.get().state == DiscrepancyState.GONE
    assert list(queue(user=this.appraiser, round=this.round, filters=filters)) == []
    story = leaf_story(this.plain, "1.2.2")
    told = story.readings[0]
    assert (told.reading.points, told.reading.reader, story.current.entry.points) == (
        Decimal("0.5"), colleague, Decimal("1.666667"),
    )  # fmt: skip
    assert told.outcome == "Khác quyết định của cơ quan thẩm định; đã giải quyết bằng quyết định mới hơn."
    decide(this, "1.2.2", user=colleague)


def test_agreement__is_told_and_asks_for_nothing(this, colleague):
    decide(this, "1.2.2")
    given = read(draw(this).readings.get())
    assert (given.differs, Discrepancy.objects.count()) == (False, 0)
    assert leaf_story(this.plain, "1.2.2").readings[0].outcome == "Trùng với quyết định của cơ quan thẩm định."
    advance(this)


# --- changing readers -------------------------------------------------------------------------------------------------
def test_secretariat__gives_readings_to_others_and_takes_them_out_with_a_reason(this, colleague):
    decide(this, "1.1")
    decide(this, "1.2.2")
    third = cms.user_with_role(Role.APPRAISER, this.agency)
    rows = list(draw(this).readings.order_by("code"))
    SecondReading.objects.update(reader=colleague)
    tries = [
        (this.secretary, third, " ", "reason_missing"),
        (this.appraiser, third, "Nghỉ", "not_permitted"),
        (this.secretary, this.appraiser, "Nghỉ", "no_reader"),
        (this.secretary, cms.user_with_role(Role.APPRAISER), "Nghỉ", "other_agency"),
    ]
    for user, reader, reason, code in tries:
        with pytest.raises(PortalError) as caught:
            move_readings(round=this.round, rows=rows, reader=reader, reason=reason, user=user)
        assert caught.value.code == code
    move_readings(round=this.round, rows=rows[:1], reader=third, reason="Nghỉ phép", user=this.secretary)
    assert [row.reader for row in SecondReading.objects.order_by("code")] == [third, colleague]
    with pytest.raises(SubmissionError):
        withdraw_readings(round=this.round, rows=rows, reason="", user=this.secretary)
    withdraw_readings(round=this.round, rows=rows, reason="Không còn ai", user=this.secretary)
    assert set(SecondReading.objects.values_list("state", flat=True)) == {ReadingState.WITHDRAWN}
    assert [entry.action for entry in ModelLogEntry.objects.filter(action__contains="second_reading_")] == [
        "submissions.second_reading_withdrawn", "submissions.second_reading_withdrawn",
        "submissions.second_reading_moved",
    ]  # fmt: skip
    assert readings_of(third, this.round).count() == 0
    advance(this)


def test_over_http_the_secretariat_draws_changes_and_sees_who_has_read_what(this, colleague, signed_in):
    decide(this, "1.1")
    decide(this, "1.2.2")
    client, page = signed_in(this.secretary), url(this, "round_second_readings")
    form = f"mau-{this.agency.pk}"
    data = {"viec": "rut-mau", "co-quan": this.agency.pk, f"{form}-reading_agency": this.agency.pk}
    assert client.post(page, data | {f"{form}-share": "0"}).status_code == 422
    assert client.post(page, data | {f"{form}-share": "50"}).status_code == 302
    row = SecondReading.objects.get()
    assert row.reader == colleague
    loads = client.get(url(this, "round_appraisers")).context["parts"][0]["readings"]
    assert [(person, work.done, work.total) for person, work in loads] == [(colleague, 0, 1)]
    read(row)
    shown = client.get(page).context["parts"][0]
    assert (shown["work"].done, [line["row"] for line in shown["lines"]]) == (1, [row])
    assert readings_waiting(colleague, this.round).waiting == 0
    client.post(page, {"viec": "rut", "muc": row.pk, "ly-do": "x"})
    row.refresh_from_db()
    assert row.state == ReadingState.READ


def test_gate_facts__hold_only_what_concerns_the_person(this, colleague, django_assert_num_queries):
    for code in ("1.1", "1.2.2", "1.2.3"):
        decide(this, code)
    rows = list(draw(this).readings.all())
    assert len(GateFacts(colleague, this.round).reads_blind()) == 3
    assert GateFacts(this.appraiser, this.round).readings == {}
    read(rows[0], points="0.5" if rows[0].code != "1.1" else "0", reason="Khác")
    assert list(GateFacts(this.appraiser, this.round).readings.values()) == [rows[0]]
    assert ScoreEntry.objects.filter(stage=Stage.APPRAISAL_1).count() == 3


@pytest.mark.parametrize("by", ["role", "conflict"])
def test_secretariat__leaves_readings_and_differences_of_the_own_unit_to_somebody_else(this, colleague, signed_in, by):
    third = cms.user_with_role(Role.APPRAISER, this.agency)
    for participant in (this.plain, this.full):
        decide(this, "1.2.2", participant=participant)
        decide(this, "1.1", participant=participant)
    insider = cms.user_with_role(Role.SECRETARIAT, this.round.owner)
    if by == "role":
        cms.MembershipFactory(user=insider, unit=this.plain.unit, role=Role.LEADER)
    else:
        declare_conflict(round=this.round, person=insider, unit=this.plain.unit, reason="Người nhà", user=insider)
    rows = draw(this, user=insider).readings.all()
    assert rows.count() == 4
    for participant in (this.plain, this.full):
        read(rows.get(participant=participant, code="1.2.2"), points="0.5", reason="Khác")
    client, page = signed_in(insider), url(this, "round_second_readings")
    found = {}
    for participant in (this.plain, this.full):
        pk = rows.get(participant=participant, code="1.1").pk
        reader = third if rows.get(pk=pk).reader != third else colleague
        move = {"viec": "chuyen", "muc": pk, "nguoi": reader.pk, "ly-do": "Nghỉ"}
        found[participant] = [
            client.post(page, move).status_code,
            client.post(page, {"viec": "rut", "muc": pk, "ly-do": "Nghỉ"}).status_code,
        ]
    assert found == {this.plain: [403, 403], this.full: [302, 302]}
    assert set(rows.filter(code="1.1").values_list("participant", "state")) == {
        (this.plain.pk, ReadingState.OPEN), (this.full.pk, ReadingState.WITHDRAWN),
    }  # fmt: skip
    session = plan_session(
        round=this.round, user=this.secretary, title="Phiên", held_at=timezone.now() + dt.timedelta(days=1)
    )
    queue_page = url(this, "round_discrepancies")
    acts = ({"viec": "bo-qua", "ly-do": "Được"}, {"viec": "chuong-trinh", "phien": session.pk})
    mine = Discrepancy.objects.get(participant=this.plain)
    assert [client.post(queue_page, {**act, "muc": mine.pk}).status_code for act in acts] == [403, 403]
    with pytest.raises(PermissionRefused) as caught:
        clear_discrepancies(rows=Discrepancy.objects.all(), reason="Được", user=insider)
    assert caught.value.code == "own_unit"
    assert set(Discrepancy.objects.values_list("state", flat=True)) == {DiscrepancyState.OPEN}
    with pytest.raises(PermissionRefused) as caught:
        add_item(session=session, user=insider, participant=this.plain, subject="score", topic="x", code="1.1")
    assert caught.value.code == "own_unit"
    items = draw_agenda(session=session, user=insider)
    assert {item.participant for item in items} == {this.full}
    rows_left = draw_agenda(session=session, user=this.secretary)
    left = next(item for item in rows_left if item.participant == this.plain)
    with pytest.raises(PermissionRefused) as caught:
        put_off(item=left, user=insider, reason="Chờ", take_off=True)
    assert (caught.value.code, left.state) == ("own_unit", ItemState.OPEN)


def test_reader__who_reads_points_by_now_or_had_it_before_does_not_read_blind(this, colleague, signed_in):
    third = cms.user_with_role(Role.APPRAISER, this.agency)
    decide(this, "1.1")
    SecondReading.objects.filter(pk=draw(this).readings.get().pk).update(reader=colleague)

    def give(reader: User) -> None:
        rows = SecondReading.objects.all()
        move_readings(round=this.round, rows=rows, reader=reader, reason="Nghỉ", user=this.secretary)

    give(third)
    with pytest.raises(SubmissionError) as caught:
        give(colleague)
    assert (caught.value.code, SecondReading.objects.get().reader) == ("former_reader", third)
    reading = SecondReading.objects.get()
    seat = cms.MembershipFactory(user=third, unit=this.round.owner, role=Role.COUNCIL_MEMBER)
    with pytest.raises(PermissionRefused) as caught:
        read(reading)
    assert caught.value.code == "reads_scores"
    shown = signed_in(third).get(url(this, "second_reading", reading.pk))
    assert (shown.status_code, shown.context["refusal"].code) == (200, "reads_scores")
    seat.delete()
    assert read(SecondReading.objects.get()).state == ReadingState.READ
