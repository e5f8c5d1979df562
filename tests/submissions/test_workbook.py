"""The unit's workbook: it comes back the same, problems are told per cell, changes of both sides are merged."""

import datetime as dt
import io
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cms.spreadsheets import SpreadsheetError
from submissions.domain.answers import write_answer
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import input_fields
from submissions.domain.workbook import apply_workbook, plan_workbook
from submissions.domain.workbook_export import write_workbook
from submissions.exceptions import Locked
from submissions.models import Answer, PhaseDeadline, Submission
from tests.factories.filling import INPUTS, fill
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def exported(submission: Submission) -> openpyxl.Workbook:
    target = io.BytesIO()
    write_workbook(submission=submission, target=target)
    target.seek(0)
    return openpyxl.load_workbook(target)


def saved(book: openpyxl.Workbook) -> io.BytesIO:
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    return target


def rows_of(book: openpyxl.Workbook) -> dict[str, tuple[object, int]]:
    """Where each input stands: key -> (sheet, row)."""
    return {
        sheet.cell(row, 7).value: (sheet, row)
        for sheet in book.worksheets[1:]
        for row in range(2, sheet.max_row + 1)
        if sheet.cell(row, 7).value
    }


def type_in(book: openpyxl.Workbook, code: str, inputs: dict[str, object], explanation: str | None = None) -> None:
    places = rows_of(book)
    for name, value in inputs.items():
        sheet, row = places[f"{code}|{name}"]
        sheet.cell(row, 5).value = value
    if explanation is not None:
        sheet, row = next(place for key, place in places.items() if key.startswith(f"{code}|"))
        sheet.cell(row, 6).value = explanation


def as_label(this: OpenRound, code: str, inputs: dict[str, str]) -> dict[str, object]:
    """The inputs as a person picks them in Excel: choices by their words."""
    fields = {f.name: f for f in input_fields(definition_for(this.plain).leaf(code))}
    return {name: dict(fields[name].choices).get(value, value) for name, value in inputs.items()}


def test_workbook__filled_by_another_library_equals_filling_the_form():
    this, other = open_round(), open_round()
    book = exported(this.plain.submission)
    for code, inputs in INPUTS.items():
        if code != "2.6.1":
            type_in(book, code, as_label(this, code, inputs), "Đã thực hiện theo kế hoạch.")
    apply_workbook(user=this.contributor, submission=this.plain.submission, source=saved(book))
    fill(other.plain.submission, other.contributor)
    fields = ("code", "inputs", "explanation", "self_points", "self_applicable", "version")
    by_file = list(Answer.objects.filter(submission=this.plain.submission).values(*fields))
    by_form = list(Answer.objects.filter(submission=other.plain.submission).values(*fields))
    assert by_file == by_form


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 50),
    points=st.sampled_from(["0", "0.25", "1.5", "2"]),
    ratio=st.tuples(st.integers(0, 500), st.integers(1, 500)).map(sorted),
    text=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60),
)
def test_workbook__export_fill_import_is_filling(db, count: int, points: str, ratio: list[int], text: str):
    this = open_round()
    submission = this.plain.submission
    book = exported(submission)
    type_in(book, "1.2.3", {"count": count}, text)
    type_in(book, "2.1.2", {"points": float(points)})
    type_in(book, "1.2.2", {"numerator": ratio[0], "denominator": ratio[1] or 1})
    apply_workbook(user=this.contributor, submission=submission, source=saved(book))
    found = {a.code: a for a in Answer.objects.filter(submission=submission)}
    assert found["1.2.3"].inputs == {"count": str(count)}
    assert found["2.1.2"].inputs == {"points": points}
    assert found["1.2.2"].inputs == {"numerator": str(ratio[0]), "denominator": str(ratio[1] or 1)}
    again = exported(submission)
    assert plan_workbook(submission=submission, source=saved(again)).changes == []


@pytest.mark.parametrize("language", ["vi", "en"])
def test_workbook__a_number_of_three_decimals_is_taken_as_it_stands_in_its_cell(language: str):
    this = open_round()
    submission = this.plain.submission
    book = exported(submission)
    type_in(book, "2.1.1", {"a": 1.125, "b": 2.5})
    with translation.override(language):
        apply_workbook(user=this.contributor, submission=submission, source=saved(book))
    assert Answer.objects.get(submission=submission, code="2.1.1").inputs == {"a": "1.125", "b": "2.5"}


def test_plan__problems_name_their_cells():
    this = open_round()
    book = exported(this.plain.submission)
    type_in(book, "1.2.3", {"count": "nhiều"})
    type_in(book, "1.2.1", {"level": "Mức lạ"})
    type_in(book, "1.3.2", {"done": "Có", "date": "31/02/2025"})
    places = rows_of(book)
    plan = plan_workbook(submission=this.plain.submission, source=saved(book))
    expected = {
        (code, f"E{places[f'{code}|{name}'][1]}")
        for code, name in (("1.2.3", "count"), ("1.2.1", "level"), ("1.3.2", "date"))
    }
    assert {(problem.code, problem.cell) for problem in plan.problems} == expected
    with pytest.raises(SpreadsheetError):
        apply_workbook(user=this.contributor, submission=this.plain.submission, source=saved(book))
    assert not Answer.objects.exists()


@pytest.mark.parametrize("value", [True, dt.date(2025, 1, 2), -1, 1e300, "9" * 300, "😀", "1;2"])
def test_plan__a_cell_of_the_wrong_type_is_named(value: object):
    this = open_round()
    book = exported(this.plain.submission)
    type_in(book, "1.2.3", {"count": value})
    plan = plan_workbook(submission=this.plain.submission, source=saved(book))
    row = rows_of(book)["1.2.3|count"][1]
    assert [(problem.code, problem.cell) for problem in plan.problems] == [("1.2.3", f"E{row}")]


def write(this: OpenRound, count: str, version: int) -> None:
    write_answer(
        user=this.leader,
        submission=this.plain.submission,
        code="1.2.3",
        expected_version=version,
        inputs={"count": count},
        explanation="",
    )


def test_apply__leaves_alone_what_the_file_did_not_touch():
    this = open_round()
    write(this, "1", 0)
    book = exported(this.plain.submission)
    write(this, "2", 1)
    type_in(book, "1.1", {"answer": "Có"})
    apply_workbook(user=this.contributor, submission=this.plain.submission, source=saved(book))
    assert Answer.objects.get(code="1.2.3").inputs == {"count": "2"}
    assert Answer.objects.get(code="1.1").inputs == {"answer": "yes"}


@pytest.mark.parametrize(("take_file", "expected"), [(False, "2"), (True, "3")])
def test_apply__changed_on_both_sides(take_file: bool, expected: str):
    this = open_round()
    write(this, "1", 0)
    book = exported(this.plain.submission)
    type_in(book, "1.2.3", {"count": 3})
    write(this, "2", 1)
    source = saved(book)
    assert [c.code for c in plan_workbook(submission=this.plain.submission, source=source).conflicts] == ["1.2.3"]
    apply_workbook(user=this.contributor, submission=this.plain.submission, source=source, take_file=take_file)
    assert Answer.objects.get(code="1.2.3").inputs == {"count": expected}


def test_plan__deleted_rows_are_left_as_they_are():
    this = open_round()
    book = exported(this.plain.submission)
    sheet, row = rows_of(book)["1.2.3|count"]
    sheet.delete_rows(row)
    plan = plan_workbook(submission=this.plain.submission, source=saved(book))
    assert (plan.absent, plan.problems, plan.changes) == (["1.2.3"], [], [])


def test_plan__a_deleted_row_says_nothing_of_what_it_held():
    this = open_round()
    submission = this.plain.submission
    fill(submission, this.contributor)
    before = Answer.objects.get(submission=submission, code="1.2.2")
    book = exported(submission)
    sheet, row = rows_of(book)["1.2.2|numerator"]  # the first of the leaf: explanation, version and mark go with it
    sheet.delete_rows(row)
    plan = plan_workbook(submission=submission, source=saved(book))
    assert (plan.partial, plan.absent, plan.problems, plan.changes) == (["1.2.2"], [], [], [])
    type_in(book, "1.2.2", {"denominator": 20})
    plan = plan_workbook(submission=submission, source=saved(book))
    (change,) = plan.changes
    assert change.after == {**before.inputs, "denominator": "20"}
    assert (change.explanation_after, change.conflict) == (before.explanation, True)


def test_plan__a_formula_is_named_with_its_sheet():
    this = open_round()
    for spoil, where in ((_formula, "1. "), (_formula_in_a_hidden_sheet, "(ẩn)”")):
        book = exported(this.plain.submission)
        spoil(book)
        with translation.override("vi"), pytest.raises(SpreadsheetError) as refused:
            plan_workbook(submission=this.plain.submission, source=saved(book))
        assert "của trang tính “" in refused.value.message
        assert where in refused.value.message


def test_plan__renamed_and_hidden_sheets_are_read():
    this = open_round()
    book = exported(this.plain.submission)
    type_in(book, "1.2.3", {"count": 3})
    book.worksheets[1].title = "Đổi tên"
    book.worksheets[1].sheet_state = "hidden"
    plan = plan_workbook(submission=this.plain.submission, source=saved(book))
    assert [change.code for change in plan.changes] == ["1.2.3"]


def _without_stamp(book: openpyxl.Workbook) -> None:
    del book["Thông tin"]


def _other_edition(book: openpyxl.Workbook) -> None:
    for row in book["Thông tin"].iter_rows():
        if row[0].value == "Ấn bản":
            row[1].value = "0" * 64


def _formula(book: openpyxl.Workbook) -> None:
    type_in(book, "1.2.3", {"count": "=1+1"})


def _formula_in_a_hidden_sheet(book: openpyxl.Workbook) -> None:
    sheet = book.create_sheet("Ẩn")
    sheet["A1"] = "=1+1"
    sheet.sheet_state = "veryHidden"


def _a_million_rows(book: openpyxl.Workbook) -> None:
    book.worksheets[1].cell(1_000_000, 5, "x")


@pytest.mark.parametrize(
    "spoil", [_without_stamp, _other_edition, _formula, _formula_in_a_hidden_sheet, _a_million_rows]
)
def test_plan__foreign_or_unsafe_workbooks_are_refused(spoil):
    this = open_round()
    book = exported(this.plain.submission)
    spoil(book)
    with pytest.raises(SpreadsheetError):
        plan_workbook(submission=this.plain.submission, source=saved(book))


def test_plan__another_units_workbook():
    this = open_round()
    with pytest.raises(SpreadsheetError) as refused:
        plan_workbook(submission=this.plain.submission, source=saved(exported(this.full.submission)))
    assert refused.value.code == "foreign_workbook"
    assert this.full.unit.code in refused.value.message


def test_plan__missing_column():
    this = open_round()
    book = exported(this.plain.submission)
    book.worksheets[1].delete_cols(5)
    plan = plan_workbook(submission=this.plain.submission, source=saved(book))
    assert [(problem.sheet, problem.cell) for problem in plan.problems] == [(book.worksheets[1].title, "")]


def test_plan__no_workbook_at_all(tmp_path: Path):
    this = open_round()
    with pytest.raises(SpreadsheetError):
        plan_workbook(submission=this.plain.submission, source=io.BytesIO(b"%PDF-1.7 no workbook"))


def test_apply__after_the_lock():
    this = open_round()
    book = exported(this.plain.submission)
    type_in(book, "1.2.3", {"count": 3})
    deadline = PhaseDeadline.objects.get(round=this.round)
    PhaseDeadline.objects.filter(pk=deadline.pk).update(
        opens_at=deadline.opens_at.replace(year=2020), closes_at=deadline.opens_at.replace(year=2021)
    )
    with pytest.raises(Locked):
        apply_workbook(user=this.contributor, submission=this.plain.submission, source=saved(book))


def test_screens__upload_preview_take_over(signed_in):
    this = open_round()
    submission = this.plain.submission
    client = signed_in(this.contributor)
    book = exported(submission)
    type_in(book, "1.2.3", {"count": 3}, "theo tệp")
    file = SimpleUploadedFile("da-nhap.xlsx", saved(book).read())
    sent = client.post(reverse("submissions:workbook", args=[submission.pk]), {"file": file})
    assert sent.status_code == 302
    assert not Answer.objects.exists()
    assert "theo tệp" in client.get(sent["Location"]).content.decode()
    assert signed_in(this.leader).get(sent["Location"]).status_code == 404
    assert client.post(sent["Location"]).status_code == 302
    assert Answer.objects.get().explanation == "theo tệp"
    assert client.get(reverse("submissions:workbook_download", args=[submission.pk])).status_code == 200
