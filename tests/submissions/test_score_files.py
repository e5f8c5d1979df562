"""Scores in workbooks: out, in, refused cell by cell, and through the same gate as the desk."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import threading
from decimal import Decimal
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections
from django.urls import reverse

import openpyxl
import pytest

from cms import clock
from cms.enums import JobStatus, Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import JobRun, User
from cms.spreadsheets.imports import apply_source, check_source, get_import, require_permission
from submissions.domain.appraisal import record_appraisal
from submissions.domain.ledger import current_entry, final_points, tampered_entries
from submissions.domain.round_scores import export_round_scores
from submissions.enums import Phase
from submissions.exceptions import StaleWrite
from submissions.models import PhaseDeadline, ScoreEntry
from tests.conftest import soffice_path
from tests.factories import cms
from tests.factories.appraisal import appraisal_round
from tests.factories.submissions import OpenRound

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
HEADERS = ["Unit code", "Criterion code", "Points", "Reason"]


@pytest.fixture
def this() -> OpenRound:
    return appraisal_round(illustrative=True)


def workbook(rows: list[list[object]], headers: list[str] = HEADERS) -> io.BytesIO:
    book = openpyxl.Workbook()
    book.active.append(headers)
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    return target


def check(this: OpenRound, rows: list[list[object]], *, kind: str = "appraised_scores", user: User | None = None):
    source = workbook(rows)
    return check_source(get_import(kind), source, user=user or this.appraiser, context={"round": this.round.code})


def apply(this: OpenRound, rows: list[list[object]], *, kind: str = "appraised_scores", user: User | None = None):
    return apply_source(
        get_import(kind), workbook(rows), user=user or this.appraiser, context={"round": this.round.code}
    )


def written(this: OpenRound, tmp_path: Path) -> Path:
    target = tmp_path / "diem.xlsx"
    call_command("export_round_scores", this.round.code, str(target), stdout=io.StringIO())
    return target


def test_export__numbers_are_numbers_codes_are_text_and_the_figures_say_they_are_illustrative(this, tmp_path):
    book = openpyxl.load_workbook(written(this, tmp_path))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    start = next(i for i, row in enumerate(rows) if row[0] == this.round.code)
    first = rows[start]
    assert [type(cell) for cell in (first[3], first[5], first[7])] == [str, int, int]
    assert first[3] == "1.1"
    assert len(rows) - start == 21  # ten leaves of A, eleven of B
    assert any("minh" in str(row[0]).lower() or "illustrative" in str(row[0]).lower() for row in rows[:start])
    totals = list(book.worksheets[1].iter_rows(values_only=True))
    assert [row[3] for row in totals if row[0] == this.plain.unit.code] == [pytest.approx(11.716667)]


@pytest.mark.soffice
def test_export__libreoffice_reads_it(this, tmp_path):
    source = written(this, tmp_path)
    subprocess.run(
        [
            soffice_path(),
            "--headless",
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76",
            "--outdir",
            str(tmp_path),
            str(source),
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    text = (tmp_path / "diem.csv").read_text(encoding="utf-8")
    assert "1.2.2" in text
    assert "Tỉnh A" in text


@pytest.mark.parametrize("entries", [1, 3])
def test_export__asks_the_same_queries_however_many_entries(this, entries, django_assert_max_num_queries):
    for code in ("1.1", "1.2.1", "1.2.3")[:entries]:
        apply(this, [[this.plain.unit.code, code, "0", "Thiếu"]])
    this.round.refresh_from_db()
    with django_assert_max_num_queries(10):
        export_round_scores(this.round, io.BytesIO())


def test_export__as_a_job_for_those_who_may_see_the_round(this, signed_in):
    address = reverse("submissions:round_export", args=[this.round.code])
    assert signed_in(this.contributor).post(address).status_code == 404
    signed_in(this.secretary).post(address)
    run = JobRun.objects.get(task="submissions.export_round_scores")
    assert (run.status, run.result_file.original_name) == (JobStatus.SUCCEEDED, f"diem-{this.round.code}.xlsx")


def test_import__accepts_sets_and_leaves_alone_what_counts_already(this):
    a, b = this.plain.unit.code, this.full.unit.code
    rows = [[a, "1.1", "1", ""], [a, "1.2.2", "1,5", "Thiếu một báo cáo"], [b, "2.6.1", 0, "Chưa thực hiện"]]
    outcome = apply(this, rows)
    assert (outcome.new, outcome.problems) == (3, [])
    points = final_points(this.round)
    assert points[this.plain.pk]["1.2.2"].points == Decimal("1.5")
    assert current_entry(this.plain, "1.1").basis == "accepted"
    assert tampered_entries(this.round) == []
    again = check(this, rows)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 3)


def test_import__a_check_stores_nothing(this):
    before = ScoreEntry.objects.count()
    assert check(this, [[this.plain.unit.code, "1.1", "1", ""]])["new"] == 1
    assert ScoreEntry.objects.count() == before


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (["{unit}", "1.1", "0", ""], "reason"),
        (["{unit}", "1.1", "1,5", "Cộng"], "points"),
        (["{unit}", "2.1.2", "1,3", "Lệch bước"], "points"),
        (["{unit}", "1.1", "một", "Chữ"], "points"),
        (["{unit}", "1.1", "1.000,5", "Phân cách nghìn"], "points"),
        (["{unit}", "1.1", "", "Trống"], "points"),
        (["{unit}", "9.9", "1", "Mã lạ"], "code"),
        (["{unit}", 1.1, "1", "Mã là số"], "code"),
        (["{unit}", "2.2.1", "1", "Điều tra"], "code"),
        (["{unit}", "2.6.1", "1", "Không áp dụng"], "code"),
        (["khong-co", "1.1", "1", "Đơn vị lạ"], "unit"),
    ],
)
def test_import__names_the_cell_that_is_wrong_and_stores_nothing(this, row, column):
    rows = [
        [this.full.unit.code, "1.1", "1", ""],
        [str(c).format(unit=this.plain.unit.code) if isinstance(c, str) else c for c in row],
    ]
    before = ScoreEntry.objects.count()
    report = check(this, rows)
    assert [(p["row"], p["column"]) for p in report["problems"]] == [(3, column)]
    assert report["problems"][0]["cell"]
    with pytest.raises(PortalError):
        apply(this, rows)
    assert ScoreEntry.objects.count() == before


def test_import__the_same_leaf_twice_missing_and_extra_columns(this):
    row = [this.plain.unit.code, "1.1", "1", ""]
    assert check(this, [row, row])["problems"][0]["row"] == 3
    kind = get_import("appraised_scores")
    for headers in (HEADERS[:2], [*HEADERS, "Extra"]):
        report = check_source(
            kind, workbook([row[: len(headers)]], headers), user=this.appraiser, context={"round": this.round.code}
        )
        assert report["file_problem"]


def test_import__after_the_deadline_every_row_is_refused(this):
    late = PhaseDeadline.objects.get(round=this.round, phase=Phase.APPRAISAL_1).closes_at + dt.timedelta(seconds=1)
    with clock.at(late):
        assert len(check(this, [[this.plain.unit.code, "1.1", "1", ""]])["problems"]) == 1
        with pytest.raises(PortalError):
            apply(this, [[this.plain.unit.code, "1.1", "1", ""]])
    assert not ScoreEntry.objects.filter(stage="appraisal_1").exists()


def test_import__nobody_imports_for_another_agency_or_the_own_unit(this):
    kind, context = get_import("appraised_scores"), {"round": this.round.code}
    for person in (this.secretary, this.contributor, cms.user_with_role(Role.APPRAISER)):
        with pytest.raises(PermissionRefused):
            require_permission(kind, person, context)
    cms.MembershipFactory(user=this.appraiser, unit=this.plain.unit, role=Role.LEADER)
    report = check(this, [[this.plain.unit.code, "1.1", "1", ""], [this.full.unit.code, "1.1", "1", ""]])
    assert [problem["row"] for problem in report["problems"]] == [2]


def test_import__central_points(this):
    rows = [[this.plain.unit.code, "2.2.1", "1,2", ""], [this.plain.unit.code, "2.2.2", "2", ""]]
    assert apply(this, rows, kind="central_scores", user=this.secretary).new == 2
    assert final_points(this.round)[this.plain.pk]["2.2.1"].points == Decimal("1.2")
    changed = [[this.plain.unit.code, "2.2.1", "1,4", ""]]
    assert check(this, changed, kind="central_scores", user=this.secretary)["problems"][0]["column"] == "reason"
    officer = cms.user_with_role(Role.SURVEY_OFFICER, this.round.owner)
    assert (
        len(check(this, [[this.full.unit.code, "2.2.2", "1", ""]], kind="central_scores", user=officer)["problems"])
        == 1
    )


@pytest.mark.django_db(transaction=True)
def test_two_appraisers_at_once_one_decision_is_stored_and_none_is_lost():
    this = appraisal_round()
    people = [this.appraiser, cms.user_with_role(Role.APPRAISER, this.agency)]
    seen = current_entry(this.plain, "1.1").pk
    start, results = threading.Barrier(2), []

    def act(person: User, points: str) -> None:
        try:
            start.wait(10)
            record_appraisal(
                user=person,
                participant=this.plain,
                code="1.1",
                accept=False,
                points=points,
                reason="Cùng lúc",
                expected_entry_id=seen,
            )
            results.append("stored")
        except StaleWrite as stale:
            results.append("stale" if stale.current["reason"] == "Cùng lúc" else "?")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=pair) for pair in zip(people, ("0", "0,5"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["stale", "stored"]
    assert ScoreEntry.objects.filter(stage="appraisal_1").count() == 1
    assert connection.is_usable()
