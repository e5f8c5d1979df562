"""The secretariat's view of all units: what it shows, filters in the address, acts on several units, the workbook."""

from __future__ import annotations

import datetime as dt
import io

from django.urls import reverse
from django.utils import timezone

import openpyxl
import pytest
from bs4 import BeautifulSoup

from cms import clock
from cms.enums import Role
from submissions.domain.answers import write_answer
from submissions.domain.round_progress import export_round_progress, participants_in, unit_lines
from submissions.enums import ParticipantStatus, RoundState
from submissions.models import Extension, Notice
from tests.factories.cms import UnitFactory, user_with_role
from tests.factories.filling import fill, fill_sign_send, sign
from tests.factories.submissions import OpenRound, ParticipantFactory, SubmissionFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def this() -> OpenRound:
    return open_round()


def url(this: OpenRound, name: str) -> str:
    return reverse(f"submissions:{name}", args=[this.round.code])


def names(this: OpenRound, **cut: str) -> list[str]:
    return [row.unit.name for row in participants_in(this.round, **cut)]


def begin(this: OpenRound) -> None:
    """Let Tỉnh A answer one of its criteria."""
    write_answer(
        user=this.contributor,
        submission=this.plain.submission,
        code="1.2.3",
        expected_version=0,
        inputs={"count": "3"},
        explanation="Đã làm.",
    )


def until(days: int = 20) -> str:
    return timezone.localtime(timezone.now() + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def test_filters__each_state_as_the_form_goes_its_way(this):
    aside = ParticipantFactory(round=this.round, unit=UnitFactory(name="Tỉnh C", tier=this.plain.unit.tier))
    SubmissionFactory(participant=aside)
    type(aside).objects.filter(pk=aside.pk).update(status=ParticipantStatus.NOT_ASSESSED, reason="Mới lập")

    def states() -> dict[str, list[str]]:
        found = ("chua-gui", "chua-bat-dau", "dang-nhap", "da-ky", "mo-lai", "da-gui", "khong-danh-gia")
        return {state: rows for state in found if (rows := names(this, state=state))}

    other = {"khong-danh-gia": ["Tỉnh C"]}
    assert states() == {"chua-gui": ["Tỉnh A", "Tỉnh B"], "chua-bat-dau": ["Tỉnh A", "Tỉnh B"], **other}
    begin(this)
    assert states() == {
        "chua-gui": ["Tỉnh A", "Tỉnh B"],
        "chua-bat-dau": ["Tỉnh B"],
        "dang-nhap": ["Tỉnh A"],
        **other,
    }
    fill(this.plain.submission, this.contributor)
    sign(this.plain.submission, this.leader)
    assert states()["da-ky"] == ["Tỉnh A"]
    assert names(this, text="tinh b") == ["Tỉnh B"]
    assert names(this, tier=this.plain.unit.tier.code) == ["Tỉnh A", "Tỉnh B", "Tỉnh C"]
    assert names(this, tier="khong-co") == []


def test_lines__progress_by_domain_and_who_sent(this):
    begin(this)
    plain, full = unit_lines(this.round, participants_in(this.round))
    assert [(part.code, part.done, part.total) for part in plain.domains if part] == [("1", 1, 6), ("2", 0, 2)]
    assert (plain.progress.done, full.progress.done) == (1, 0)
    assert (plain.changed_at is not None, full.changed_at) == (True, None)
    assert (plain.is_sent, plain.is_reopened, plain.sent_at) == (False, False, None)
    assert plain.closes_at == this.round.deadlines.get().closes_at


def test_screens__readers_look_and_only_the_secretariat_is_offered_acts(this, signed_in):
    begin(this)
    for role, offered in ((Role.SECRETARIAT, True), (Role.AUDITOR, False)):
        client = signed_in(user_with_role(role, this.round.owner))
        page = BeautifulSoup(client.get(url(this, "round_progress")).content, "html.parser")
        assert [row.text for row in page.select("#live tbody th a")] == ["Tỉnh A", "Tỉnh B"]
        assert bool(page.select_one("form#bulk")) is offered
        assert len(page.select("input[name=don-vi]")) == (2 if offered else 0)
    stranger = signed_in(this.contributor)
    assert {stranger.get(url(this, name)).status_code for name in ("round_progress", "round_contacts")} == {404}
    auditor = signed_in(user_with_role(Role.AUDITOR, this.round.owner))
    data = {"viec": "nhac", "don-vi": [this.plain.pk]}
    assert auditor.post(url(this, "round_progress_act"), data).status_code == 403
    assert Notice.objects.count() == 0


def test_heat_map__a_table_with_the_number_in_the_cell(this, signed_in):
    begin(this)
    page = BeautifulSoup(
        signed_in(this.secretary).get(url(this, "round_progress"), {"xem": "ban-do-nhiet"}).content, "html.parser"
    )
    heads = [head.text.split()[0] for head in page.select(".heat-table thead th")[1:-1]]
    cells = [cell.get_text(" ", strip=True) for cell in page.select(".heat-table tbody tr")[0].select("td")]
    assert heads == ["1", "2"]
    assert cells == ["17 1/6", "0 0/2", "13"]
    by_points = signed_in(this.secretary).get(url(this, "round_progress"), {"xem": "ban-do-nhiet", "so": "diem"})
    cells = BeautifulSoup(by_points.content, "html.parser").select(".heat-table tbody tr")[1].select("td")
    assert {cell["class"][-1] for cell in cells} == {"heat--none"}
    officer = signed_in(user_with_role(Role.SURVEY_OFFICER, this.round.owner))
    seen = officer.get(url(this, "round_progress"), {"xem": "ban-do-nhiet", "so": "diem"}).content.decode()
    assert "17<span" in seen  # how much is done; points are not theirs to read before they are published


def test_list__asks_the_database_as_often_for_many(this, signed_in, django_assert_max_num_queries):
    client, address = signed_in(this.secretary), url(this, "round_progress")
    client.get(address)
    with django_assert_max_num_queries(60) as few:
        client.get(address)
    for number in range(6):
        unit = UnitFactory(name=f"Tỉnh thêm {number}", tier=this.plain.unit.tier)
        SubmissionFactory(participant=ParticipantFactory(round=this.round, unit=unit))
    with django_assert_max_num_queries(len(few.captured_queries)):
        client.get(address)


def test_remind__the_ticked_units_once_and_the_others_with_the_reason(this, signed_in):
    client = signed_in(this.secretary)
    lonely = ParticipantFactory(round=this.round, unit=UnitFactory(name="Tỉnh C", tier=this.plain.unit.tier))
    SubmissionFactory(participant=lonely)
    data = {"viec": "nhac", "don-vi": [this.plain.pk, lonely.pk], "loi-nhan": "Gửi trước 16 giờ 😀."}
    address = f"{url(this, 'round_progress_act')}?tinh-trang=chua-gui"
    answer = client.post(address, data)
    assert answer["Location"] == f"{url(this, 'round_progress')}?tinh-trang=chua-gui"
    told = Notice.objects.order_by("user")
    assert sorted(notice.user_id for notice in told) == sorted([this.contributor.pk, this.leader.pk])
    assert told[0].text.startswith("Gửi trước 16 giờ 😀.")
    assert told[0].url == reverse("submissions:overview", args=[this.plain.submission.pk])
    shown = client.get(answer["Location"]).content.decode()
    assert "Tỉnh C" in shown
    assert "chưa ai có tài khoản" in shown
    client.post(address, data)  # pressed twice
    assert Notice.objects.count() == 2
    with clock.at(timezone.now() + dt.timedelta(hours=1)):
        client.post(address, {**data, "tat-ca": "1"})
    assert Notice.objects.count() == 5  # the other unit's contributor is told too: all that match


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"viec": "nhac"}, "Hãy chọn đơn vị trước"),
        ({"viec": "nhac", "don-vi": ["x", "999999999999999999999"]}, "Hãy chọn đơn vị trước"),
        ({"viec": "nhac", "don-vi": "first", "loi-nhan": "a" * 1001}, "1001 ký tự"),
        ({"viec": "gia-han", "don-vi": "first", "part": "all:", "until": "2020-01-01T00:00", "reason": "x"}, "đã qua"),
        ({"viec": "gia-han", "don-vi": "first", "part": "leaf:9.9", "until": "", "reason": ""}, "9.9"),
    ],
)
def test_act__bad_input_keeps_what_was_ticked_and_changes_nothing(this, signed_in, data, sentence):
    if data.get("don-vi") == "first":
        data = {**data, "don-vi": [this.plain.pk]}
    answer = signed_in(this.secretary).post(url(this, "round_progress_act"), data)
    assert answer.status_code == 422
    page = BeautifulSoup(answer.content, "html.parser")
    assert sentence in page.text
    ticked = [box["value"] for box in page.select("input[name=don-vi][checked]")]
    assert ticked == ([str(this.plain.pk)] if data.get("don-vi") == [this.plain.pk] else [])
    assert (Notice.objects.count(), Extension.objects.count()) == (0, 0)


def test_extend_and_reopen__each_unit_by_itself(this, signed_in):
    fill_sign_send(this)
    client, address = signed_in(this.secretary), url(this, "round_progress_act")
    both = {"viec": "gia-han", "don-vi": [this.plain.pk, this.full.pk], "part": "domain:1", "reason": "Bão số 9"}
    shown = client.post(address, {**both, "until": until()}, follow=True).content.decode()
    assert [row.participant_id for row in Extension.objects.all()] == [this.full.pk]
    assert "Tỉnh A" in shown
    assert "mở lại" in shown.lower()
    data = {**both, "don-vi": [this.plain.pk], "until": until(), "reopen": "on"}
    assert client.post(address, data).status_code == 302
    extension = Extension.objects.get(participant=this.plain)
    assert (extension.scope, extension.code, extension.reopens.submission_id) == (
        "domain",
        "1",
        this.plain.submission.pk,
    )
    assert names(this, state="mo-lai") == ["Tỉnh A"]
    assert Notice.objects.filter(user=this.leader, key=f"extension:{extension.pk}").count() == 1


def test_acts_end_with_the_round(this, signed_in):
    this.round.state = RoundState.COUNCIL
    this.round.save()
    client = signed_in(this.secretary)
    assert 'id="bulk"' not in client.get(url(this, "round_progress")).content.decode()
    data = {"viec": "nhac", "don-vi": [this.plain.pk]}
    assert client.post(url(this, "round_progress_act"), data).status_code == 422
    assert Notice.objects.count() == 0


def test_contacts__whom_to_ask_and_who_has_nobody(this, signed_in):
    this.leader.job_title = "Phó Chủ tịch"
    this.leader.save()
    lonely = ParticipantFactory(round=this.round, unit=UnitFactory(name="Tỉnh C", tier=this.plain.unit.tier))
    page = BeautifulSoup(signed_in(this.secretary).get(url(this, "round_contacts")).content, "html.parser")
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in page.select("tbody tr")]
    leader, contributor = str(this.leader), str(this.contributor)
    assert rows[:2] == [
        ["Tỉnh A", "Lãnh đạo đơn vị", leader, "Phó Chủ tịch", this.leader.email],
        ["Tỉnh A", rows[1][1], contributor, "—", this.contributor.email],
    ]
    assert rows[-1][0] == lonely.unit.name
    assert "chưa ai có tài khoản" in rows[-1][1]


def test_export__as_a_job_cut_as_the_address_says(this, signed_in):
    begin(this)
    this.round.illustrative = True
    this.round.save()
    answer = signed_in(this.secretary).post(f"{url(this, 'round_progress_export')}?tinh-trang=dang-nhap")
    assert reverse("cms:jobs") in answer["Location"]
    target = io.BytesIO()
    export_round_progress(this.round, target, only={this.plain.pk})
    book = openpyxl.load_workbook(target)
    rows = [[cell for cell in row if cell is not None] for row in book.worksheets[0].iter_rows(values_only=True)]
    line = next(row for row in rows if row and row[0] == this.plain.unit.code)
    assert [line[1], line[4], line[5], line[6], *line[-2:]] == ["Tỉnh A", 1, 8, 12, "1/6", "0/2"]
    assert not any(this.full.unit.code in row for row in rows)
    assert any("minh họa" in str(row) for row in rows)
    people = [row for row in book.worksheets[1].iter_rows(values_only=True) if row[0] == this.plain.unit.code]
    assert [row[3] for row in people] == [str(this.leader), str(this.contributor)]
