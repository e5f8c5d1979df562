"""The survey through HTTP: a unit's list, the officer's desk, the respondent's pages."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from decimal import Decimal

from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from wagtail.models import ModelLogEntry

import docx
import openpyxl
import pypdf
import pytest
from bs4 import BeautifulSoup

from cms.enums import JobStatus
from cms.jobs import runner
from cms.models import JobRun, User
from submissions.domain.survey import answering, lists, mixing, receipts, selection, watch
from submissions.domain.survey.guessing import LIMIT
from submissions.domain.survey.tokens import token_of
from submissions.domain.survey.workbook import HEADERS
from submissions.models import Invitation, RespondentList, ScoreEntry, SealedAnswer, SurveyResponse, SurveyText
from submissions.survey_enums import ListState, SurveyState
from submissions.survey_navigation import officer_todos
from tests.factories.survey import OpenSurvey, open_survey
from tests.submissions.test_survey import enter, invite, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[..., Client]


def workbook(rows: list[tuple[str, ...]], headers: tuple[str, ...] = HEADERS) -> SimpleUploadedFile:
    """Return an uploaded workbook written by another library than ours."""
    book = openpyxl.Workbook()
    book.active.append(headers)
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return SimpleUploadedFile("danh-sach.xlsx", target.getvalue())


def list_url(case: OpenSurvey, name: str = "survey_list") -> str:
    """Return an address of the first unit's list."""
    return reverse(f"submissions:{name}", kwargs={"pk": case.list_of(case.around.plain).pk})


def test_a_unit_enters_uploads_and_sends_its_list(signed_in: SignIn) -> None:
    case = open_survey()
    client = signed_in(case.around.contributor)
    person = {"name": "Người Một", "position": "Trưởng phòng", "organisation": "Sở A", "mail": "", "group": "dai-bieu"}
    assert client.post(list_url(case, "survey_add_person"), person).status_code == 302
    assert [r.name for r in lists.rows_of(case.list_of(case.around.plain))] == ["Người Một"]
    rows = [(f"Người {n}", "Phó phòng", "Sở A", f"p{n}@example.vn", "Trưởng phòng", "") for n in range(6)]
    answer = client.post(list_url(case, "survey_upload"), {"file": workbook(rows)}, follow=True)
    assert answer.status_code == 200
    stored = lists.rows_of(case.list_of(case.around.plain))
    assert [(r.name, r.group) for r in stored] == [(f"Người {n}", "truong-phong") for n in range(6)]
    client.post(list_url(case, "survey_send_list"))
    assert case.list_of(case.around.plain).state == ListState.SENT
    assert client.post(list_url(case, "survey_add_person"), person).status_code == 409


def test_the_template_opens_in_another_reader_and_comes_back_unchanged(signed_in: SignIn) -> None:
    case = open_survey()
    client = signed_in(case.around.contributor)
    one = case.list_of(case.around.plain)
    lists.replace_rows(
        user=case.around.contributor, respondent_list=one, expected_version=0, rows=people(3, "dai-bieu")
    )
    before = lists.rows_of(one)
    content = client.get(list_url(case, "survey_template")).content
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert tuple(cell.value for cell in sheet[1]) == HEADERS
    client.post(list_url(case, "survey_upload"), {"file": SimpleUploadedFile("x.xlsx", content)})
    assert lists.rows_of(case.list_of(case.around.plain)) == before


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (lambda: workbook([("A", "B")], ("Họ và tên", "Chức vụ")), "Thiếu các cột"),
        (lambda: workbook([], (*HEADERS, "Cột lạ")), "Cột lạ"),
        (lambda: workbook([("A", "B", "C", "không phải thư", "dai-bieu", "")]), "không phải địa chỉ thư"),
        (lambda: SimpleUploadedFile("x.xlsx", b"khong phai xlsx"), "danh sách"),
    ],
)
def test_a_bad_workbook_changes_nothing_and_says_where(
    signed_in: SignIn, file: Callable[[], SimpleUploadedFile], words: str
) -> None:
    case = open_survey()
    one = case.list_of(case.around.plain)
    lists.replace_rows(
        user=case.around.contributor, respondent_list=one, expected_version=0, rows=people(2, "dai-bieu")
    )
    answer = signed_in(case.around.contributor).post(list_url(case, "survey_upload"), {"file": file()})
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert len(lists.rows_of(case.list_of(case.around.plain))) == 2


def test_other_units_lists_and_desks_do_not_exist_for_strangers(signed_in: SignIn) -> None:
    case = open_survey()
    stranger = signed_in(case.around.other_contributor)
    assert stranger.get(list_url(case)).status_code == 404
    assert stranger.post(list_url(case, "survey_send_list")).status_code == 404
    assert stranger.get(reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})).status_code == 404
    assert stranger.get(reverse("submissions:surveys")).status_code == 404
    assert Client().get(list_url(case)).status_code == 302


def test_the_officer_runs_a_survey_from_lists_to_the_index(signed_in: SignIn) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"), accept=False)
    desk = signed_in(case.officer)
    place = {"pk": case.survey.pk}
    one = RespondentList.objects.get(state=ListState.SENT)
    decide = reverse("submissions:survey_review_list", kwargs={**place, "list_pk": one.pk})
    desk.post(decide, {"decision": "return", "reason": ""})
    one.refresh_from_db()
    assert one.state == ListState.SENT
    desk.post(decide, {"decision": "accept"})
    step = reverse("submissions:survey_step", kwargs=place)
    for name in ("select", "invite", "mail"):
        assert desk.post(step, {"step": name}).status_code == 302
    assert len(mail.outbox) == 6
    for invitation in Invitation.objects.all():
        address = reverse("survey:answer", kwargs={"token": token_of(invitation)})
        data = {"q-q1": "A", "q-q2": "B", "q-y": "", "action": "send", "opened": ""}
        assert Client().post(address, data).status_code == 302
    desk.post(step, {"step": "close"})
    desk.post(step, {"step": "results"})
    case.survey.refresh_from_db()
    assert case.survey.state == SurveyState.RESULTS
    assert ScoreEntry.objects.get(stage="survey").inputs["mean"] == "80.0000000000"
    shown = desk.get(reverse("submissions:survey_desk", kwargs=place)).content.decode()
    assert "80,00" in shown


def test_a_respondent_keeps_reviews_and_sends_without_scripts(client: Client) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    address = reverse("survey:answer", kwargs={"token": token})
    start = client.post(reverse("survey:enter_code"), {"code": token.lower().replace("-", " ")})
    assert start["Location"] == address
    page = client.get(address)
    assert (page.status_code, page["Referrer-Policy"]) == (200, "strict-origin")
    kept = client.post(address, {"q-q1": "B", "action": "keep", "opened": ""})
    assert kept.status_code == 200
    kept_page = client.get(address).content.decode()
    assert re.findall(r'name="q-q1" value="(\w)"[^>]*checked', kept_page) == ["B"]
    review = client.post(address, {"q-q1": "B", "action": "review", "opened": ""})
    assert "Còn 1 câu hỏi chưa trả lời." in review.content.decode()
    refused = client.post(address, {"q-q1": "B", "action": "send", "opened": ""})
    assert refused.status_code == 409
    sent = client.post(address, {"q-q1": "B", "q-q2": "C", "action": "send", "opened": ""})
    place, _mark, number = sent["Location"].partition("?so=")
    assert place == reverse("survey:thanks")
    assert number in client.get(sent["Location"]).content.decode()
    assert (SealedAnswer.objects.count(), SurveyResponse.objects.count()) == (1, 0)
    again = client.get(address)
    assert again.status_code == 404
    assert set(client.cookies) <= {"csrftoken"}


def test_guessing_codes_is_slowed_down_with_the_same_answer_for_all(client: Client) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    used, *others = invite(case)
    answering.send_answers(token=used, answers={"q1": "A", "q2": "A"}, seconds=60, address="")
    bodies = set()
    for n in range(LIMIT - 1):
        response = client.get(reverse("survey:answer", kwargs={"token": f"AAAA-BBBB-CCCC-DDDD-EEEE-F{n:03}"}))
        assert response.status_code == 404
        bodies.add(main_of(response))
    for n in range(3):  # a code that was used or has been replaced is no guess, however often it is opened again
        assert client.get(reverse("survey:answer", kwargs={"token": used})).status_code == 404, n
    bodies.add(main_of(client.get(reverse("survey:answer", kwargs={"token": used}))))
    bodies.add(main_of(client.get(reverse("survey:answer", kwargs={"token": "AAAA"}))))
    assert len(bodies) == 1
    assert client.get(reverse("survey:answer", kwargs={"token": "AAAA"})).status_code == 429
    assert client.post(reverse("survey:enter_code"), {"code": "AAAA"}).status_code == 429
    # Behind the same address those who have a code get in all the same.
    assert client.get(reverse("survey:answer", kwargs={"token": others[0]})).status_code == 200
    assert client.post(reverse("survey:enter_code"), {"code": others[1]}).status_code == 302


def main_of(response: HttpResponse) -> str:
    """Return what the page says, up to the form's own secret."""
    return response.content.decode().split("<main")[1].split("csrfmiddlewaretoken")[0]


def test_a_receipt_proves_itself_and_another_is_refused(client: Client) -> None:
    case = open_survey()
    number = receipts.issue(case.survey)
    address = reverse("survey:thanks")
    shown = client.get(address, {"so": number.lower().replace("-", " ")}).content.decode()
    assert case.survey.round.name in shown
    for wrong in (number[:-1] + ("A" if number[-1] != "A" else "B"), "AAAA", "ÄÖÜ", "x" * 60):
        page = client.get(address, {"so": wrong}).content.decode()
        assert "data-survey-done" not in page
        assert "field__error" in page


def test_newer_answers_from_elsewhere_are_not_overwritten_unseen(client: Client) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    address = reverse("survey:answer", kwargs={"token": token})
    edition = str(case.first.edition_id)
    stale = {"q-q1": "A", "action": "keep", "edition": edition, "version": "0", "opened": ""}
    assert client.post(address, {**stale, "q-q1": "B"}, headers={"Accept": "application/json"}).json()["version"] == 1
    json = client.post(address, stale, headers={"Accept": "application/json"})
    assert (json.status_code, answering.read_draft(token=token).answers) == (409, {"q1": "B"})
    page = client.post(address, stale)
    assert page.status_code == 409
    assert re.findall(r'name="q-q1" value="(\w)"[^>]*checked', page.content.decode()) == ["A"]
    assert 'name="version" value="1"' in page.content.decode()
    assert client.post(address, {**stale, "version": "1"}).status_code == 200
    assert answering.read_draft(token=token).answers == {"q1": "A"}


def test_unknown_questions_in_the_post_are_refused_and_typed_answers_come_back(client: Client) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    address = reverse("survey:answer", kwargs={"token": token})
    tampered = {"q-q1": "B", "q-q99": "A", "q-q2": "C", "action": "send", "opened": ""}
    page = client.post(address, tampered)
    assert (page.status_code, SealedAnswer.objects.count()) == (409, 0)
    assert "q99" in page.content.decode()
    assert re.findall(r'name="q-q[12]" value="(\w)"[^>]*checked', page.content.decode()) == ["B", "C"]


def test_answering_in_english_sets_no_other_cookie(client: Client) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    page = client.get(f"/en/khao-sat/phieu/{token}/")
    assert '<html lang="en">' in page.content.decode()
    assert "Review and send" in page.content.decode()
    assert set(client.cookies) == {"csrftoken"}


def test_autosave_answers_in_json_and_refuses_tampered_choices(client: Client) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    address = reverse("survey:answer", kwargs={"token": invite(case)[0]})
    kept = client.post(address, {"q-q1": "A", "action": "keep"}, headers={"Accept": "application/json"})
    assert kept.json() == {"saved": True, "version": 1}
    bad = client.post(address, {"q-q1": "Z", "action": "keep"}, headers={"Accept": "application/json"})
    assert (bad.status_code, bad.json()["saved"]) == (409, False)


def test_selection_can_be_repeated_from_its_seed() -> None:
    case = open_survey()
    enter(case, people(30, "dai-bieu"))
    case.first.rule, case.first.error_margin = "sample", Decimal("0.2")
    case.first.save()
    first = selection.select_respondents(user=case.officer, survey=case.survey, seed=11)
    asked = case.list_of(case.around.plain).respondents.filter(state="asked").values_list("pk", flat=True)
    drawn = set(asked.all())
    second = selection.select_respondents(user=case.officer, survey=case.survey, seed=11)
    assert first == second
    assert drawn == set(asked.all())
    assert first["asked"] == 14


def test_the_report_holds_aggregates_in_three_formats_and_only_after_closing(signed_in: SignIn) -> None:
    case = open_survey()
    enter(case, [*people(6, "dai-bieu"), *people(3, "truong-phong", start=50)])
    tokens = invite(case)
    for token in tokens[:6]:
        answering.send_answers(token=token, answers={"q1": "A", "q2": "B", "y": "riêng"}, seconds=90, address="")
    desk = signed_in(case.officer)

    def get(kind: str) -> HttpResponse:
        return desk.get(reverse("submissions:survey_report", kwargs={"pk": case.survey.pk, "kind": kind}))

    assert get("csv").status_code == 400
    mixing.close_survey(survey=case.survey, user=case.officer)
    pdf = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(get("pdf").content)).pages)
    word = docx.Document(io.BytesIO(get("docx").content))
    cells = [[cell.text for cell in row.cells] for table in word.tables for row in table.rows]
    assert ["Tỉnh A", "2.2.1", "6", "80,00", "1,60"] in cells
    assert ["Đại biểu", "2.2.1", "6", "80,00"] in cells
    assert ["80,00" in pdf, "66,67" in pdf, "riêng" in pdf] == [True, True, False]
    lines = get("csv").content.decode("utf-8-sig").splitlines()
    code = case.around.plain.unit.code
    assert lines[1:] == [f"2025,{code},Tỉnh A,2.2.1,dai-bieu,6,12,80,"]
    assert get("exe").status_code == 404
    assert signed_in(case.around.contributor).get(get("csv").request["PATH_INFO"]).status_code == 404


def test_the_officer_reads_a_list_before_accepting_it_and_cannot_change_it(signed_in: SignIn) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"), accept=False)
    officer = signed_in(case.officer)
    page = officer.get(list_url(case))
    assert page.status_code == 200
    assert "Người dai-bieu 4" in page.content.decode()
    assert officer.post(list_url(case, "survey_send_list"), follow=True).status_code == 200
    assert officer.post(list_url(case, "survey_upload"), {"file": workbook([])}).status_code == 409
    assert len(lists.rows_of(case.list_of(case.around.plain))) == 5


def test_free_texts_are_the_officers_alone_and_can_be_blacked_out_for_good(signed_in: SignIn) -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    for n, token in enumerate(invite(case)):
        words = f"Ông Nguyễn Mẫu {n} chậm, ÔNG NGUYỄN MẪU {n} ký muộn"
        answering.send_answers(token=token, answers={"q1": "A", "q2": "B", "y": words}, seconds=90, address="")
    mixing.close_survey(survey=case.survey, user=case.officer)
    place = reverse("submissions:survey_texts", kwargs={"pk": case.survey.pk})
    for stranger in (case.around.contributor, case.around.secretary, case.around.approver):
        assert signed_in(stranger).get(place).status_code == 403
    officer = signed_in(case.officer)
    assert officer.get(place).content.decode().count("Nguyễn Mẫu") == 6
    first, second, third = SurveyText.objects.all()[:3]

    def change(row: SurveyText, **data: str) -> SurveyText:
        address = reverse("submissions:survey_text", kwargs={"pk": case.survey.pk, "text": row.pk})
        assert officer.post(address, data).status_code == 302
        row.refresh_from_db()
        return row

    name = first.text.split(" chậm")[0]
    assert change(first, action="redact", passage=name).text == f"{'█' * len(name)} chậm, {'█' * len(name)} ký muộn"
    assert first.state == "redacted"
    before = second.text
    assert (change(second, action="redact", passage="không có").text, second.state) == (before, "new")
    assert (change(second, action="read").state, change(third, action="hide").state) == ("read", "hidden")
    logged = list(ModelLogEntry.objects.filter(action="submissions.survey_text"))
    assert len(logged) == 3
    assert not any("Mẫu" in str(entry.data) for entry in logged)
    address = reverse("submissions:survey_text", kwargs={"pk": case.survey.pk, "text": second.pk})
    assert signed_in(case.around.secretary).post(address, {"action": "hide"}).status_code == 403


def test_problems_of_a_file_are_told_by_its_own_rows_and_columns(signed_in: SignIn) -> None:
    case = open_survey()
    rows = [
        ("Người A", "Trưởng phòng", "Sở A", "a@example.vn", "Trưởng phòng", ""),
        (None,) * 6,
        ("Người B", "", "Sở A", "b@example.vn", "Phòng lạ", ""),
    ]
    answer = signed_in(case.around.contributor).post(list_url(case, "survey_upload"), {"file": workbook(rows)})
    page = BeautifulSoup(answer.content, "html.parser")
    table = page.select_one("section[aria-labelledby=upload] table")
    told = [[cell.get_text(strip=True) for cell in row.select("td")] for row in table.select("tbody tr")]
    assert told == [
        ["4", "Nhóm: “Phòng lạ” không phải nhóm của cuộc điều tra này. Các nhóm: Đại biểu; Trưởng phòng."],
        ["4", "Chức vụ: Còn thiếu."],
    ]
    assert len(page.select("section[aria-labelledby=upload] .field__error")) == 1


def test_the_template_offers_the_groups_by_name(signed_in: SignIn) -> None:
    case = open_survey()
    content = signed_in(case.around.contributor).get(list_url(case, "survey_template")).content
    book = openpyxl.load_workbook(io.BytesIO(content))
    (rule,) = book.worksheets[0].data_validations.dataValidation
    assert (rule.type, rule.formula1, str(rule.sqref)) == ("list", "'Nhom doi tuong'!$B$2:$B$3", "E2:E20001")
    assert [cell.value for cell in book.worksheets[1]["B"]] == ["Tên nhóm", "Đại biểu", "Trưởng phòng"]


def test_an_officer_reads_the_questionnaire_and_is_reminded_of_what_waits(signed_in: SignIn) -> None:
    case = open_survey()
    place = {"pk": case.survey.pk, "group": case.first.pk}
    read = reverse("submissions:survey_questionnaire", kwargs=place)
    page = signed_in(case.officer).get(read).content.decode()
    assert [words in page for words in ("Câu hỏi 1", "tính 60 trên 100", "Chấm tiêu chí 2.2.1.")] == [True] * 3
    assert signed_in(case.around.contributor).get(read).status_code == 404

    def waiting(user: User) -> list[str]:
        return [todo.title.split(":")[0] for todo in officer_todos(user)]

    assert waiting(case.officer) == []
    enter(case, people(6, "dai-bieu"), accept=False)
    assert waiting(case.officer) == ["Chấp nhận hoặc trả lại danh sách đối tượng điều tra"]
    lists.accept_list(user=case.officer, respondent_list=case.list_of(case.around.plain))
    for token in invite(case):
        answering.send_answers(token=token, answers={"q1": "A", "q2": "A"}, seconds=1, address="")
    (flag,) = watch.scan(survey=case.survey)
    watch.review(user=case.officer, incident=flag, cancel=True, reason="Sáu phiếu trong một giây.")
    confirm = "Xác nhận hoặc bác bỏ dấu hiệu can thiệp"
    assert (waiting(case.officer), waiting(case.second_officer)) == ([], [confirm])
    desk = reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})
    offers = [
        'value="cancel"' in signed_in(user).get(desk).content.decode() for user in (case.officer, case.second_officer)
    ]
    assert offers == [False, True]
    mixing.close_survey(survey=case.survey, user=case.officer)
    assert waiting(case.officer) == ["Đưa điểm điều tra vào chỉ số"]


def test_closing_is_a_job_that_the_desk_shows_until_it_is_done(signed_in, monkeypatch) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    invite(case)
    desk = signed_in(case.officer)
    place = {"pk": case.survey.pk}
    step, address = reverse("submissions:survey_step", kwargs=place), reverse("submissions:survey_desk", kwargs=place)
    # The worker has not taken it yet: ordered twice, it is one job.
    monkeypatch.setattr("cms.jobs.queue.is_synchronous", lambda: False)
    for _press in range(2):
        desk.post(step, {"step": "close"})
    run = JobRun.objects.get(task="submissions.survey_close")
    assert f'hx-get="{reverse("cms:job", args=[run.pk])}"' in desk.get(address).content.decode()
    runner.run(run.pk)
    case.survey.refresh_from_db()
    assert (case.survey.state, JobRun.objects.get(pk=run.pk).status) == (SurveyState.CLOSED, JobStatus.SUCCEEDED)
    assert 'id="job"' not in desk.get(address).content.decode()
    # Closed, it cannot be closed again, and no job is ordered for it.
    desk.post(step, {"step": "close"})
    assert JobRun.objects.filter(task="submissions.survey_close").count() == 1
