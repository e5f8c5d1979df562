"""Tables as offices write them: merged cells, Roman numbers, levels as lines; bad ones are told at their cell."""

from __future__ import annotations

import io
import subprocess
import zipfile
from decimal import Decimal

from django.urls import reverse

import openpyxl
import pytest

from cms.enums import Role
from cms.roles import sync_groups, sync_members
from cms.spreadsheets import SpreadsheetError
from criteria_pages.domain.appendix_nodes import GUESSED, OPEN, WRONG
from criteria_pages.domain.appendix_reading import read_appendix
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.domain.publishing_gate import page_problems
from criteria_pages.models import CriteriaEdition, CriteriaSetPage
from tests.conftest import soffice_path
from tests.factories import criteria
from tests.factories.cms import UnitFactory, home_page, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db, pytest.mark.once]

#: An appendix as decisions print it; a LibreOffice document made of HTML keeps its merged cells.
TABLE = """<html><head><meta charset="utf-8"></head><body><table border="1">
<tr><td colspan="6"><b>PHỤ LỤC: BỘ CHỈ SỐ CẢI CÁCH HÀNH CHÍNH (số liệu thử)</b></td></tr>
<tr><td rowspan="2">STT</td><td rowspan="2">Lĩnh vực/Tiêu chí/Tiêu chí thành phần</td><td rowspan="2">Điểm tối đa</td>
<td colspan="2">Chấm điểm</td><td rowspan="2">Cơ quan thẩm định</td></tr>
<tr><td>Hình thức đánh giá</td><td>Tài liệu kiểm chứng</td></tr>
<tr><td>I</td><td>Công tác chỉ đạo, điều hành</td><td>6</td><td></td><td></td><td>Sở Nội vụ</td></tr>
<tr><td>1</td><td>Kế hoạch cải cách hành chính</td><td>3,5</td><td></td><td></td><td></td></tr>
<tr><td rowspan="3">1.1</td><td>Ban hành kế hoạch</td><td rowspan="3">1,5</td>
<td>Tự đánh giá</td><td rowspan="3">Kế hoạch</td><td></td></tr>
<tr><td>Ban hành kịp thời: 1,5</td><td></td><td></td></tr>
<tr><td>Ban hành chậm: 0,75</td><td></td><td></td></tr>
<tr><td>1.2</td><td>Mức độ hoàn thành kế hoạch</td><td>2</td><td></td><td>Báo cáo</td><td></td></tr>
<tr><td></td><td>Hoàn thành 100%: 2</td><td></td><td></td><td></td><td></td></tr>
<tr><td></td><td>Từ 80% đến dưới 100%: 1</td><td></td><td></td><td></td><td></td></tr>
<tr><td></td><td>Dưới 80%: 0</td><td></td><td></td><td></td><td></td></tr>
<tr><td>2</td><td>Sáng kiến</td><td>2,5</td><td>Điều tra xã hội học</td><td></td><td></td></tr>
<tr><td>II</td><td>Cải cách thể chế</td><td>0,25</td><td></td><td></td><td></td></tr>
<tr><td>1</td><td>Báo cáo theo chuyên đề</td><td>0,25</td><td></td><td></td><td>Cơ quan không có</td></tr>
<tr><td></td><td>Cách chấm khó tả bằng lời</td><td></td><td></td><td></td><td></td></tr>
<tr><td></td><td>Tổng cộng</td><td>6,25</td><td></td><td></td><td></td></tr>
</table></body></html>"""


@pytest.fixture
def libreoffice_table(tmp_path):
    """The appendix, written as .xlsx by LibreOffice."""
    (tmp_path / "phu-luc.html").write_text(TABLE, encoding="utf-8")
    subprocess.run(
        [
            soffice_path(),
            f"-env:UserInstallation=file://{tmp_path}/profile",
            "--headless",
            "--infilter=HTML (StarCalc)",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(tmp_path),
            str(tmp_path / "phu-luc.html"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return tmp_path / "phu-luc.xlsx"


def workbook(*rows, merges=(), header=("STT", "Tiêu chí", "Điểm tối đa", "Thang điểm", "Tài liệu kiểm chứng")):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    for area in merges:
        sheet.merge_cells(area)
    target = io.BytesIO()
    book.save(target)
    target.seek(0)
    return target


def notes(read, *kinds):
    return [(note.cell, note.text) for note in read.notes if note.kind in kinds]


@pytest.mark.soffice
def test_an_appendix_from_libreoffice_becomes_a_draft_and_each_guess_is_named(libreoffice_table, signed_in):
    UnitFactory(code="so-noi-vu", name="Sở Nội vụ")
    sync_groups()
    editor = user_with_role(Role.EDITOR)
    sync_members(editor)
    home_page()
    client = signed_in(editor, **{"accept-language": "en"})
    with libreoffice_table.open("rb") as file:
        sent = client.post(reverse("criteria_appendix"), {"file": file})
    shown = client.get(sent["Location"])
    guessed = {(note.code, note.cell) for note in shown.context_data["appendix"].notes if note.kind == GUESSED}
    assert {code for code, _cell in guessed} >= {"1", "2", "1.1", "1.2", "1.1.1", "1.1.2", "2.1"}
    assert CriteriaSetPage.objects.count() == 0
    made = client.post(sent["Location"], {"title": "Bộ chỉ số thử 2026"})
    page = CriteriaSetPage.objects.get()
    assert made["Location"] == reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert (page.live, page.editions.count(), CriteriaEdition.objects.count()) == (False, 0, 0)
    definition = definition_from_page(page)
    assert [(leaf.code, str(leaf.maximum), leaf.rule.kind) for leaf in definition.leaves] == [
        ("1.1.1", "1.5", "levels"),
        ("1.1.2", "2", "ratio"),
        ("1.2", "2.5", "survey"),
        ("2.1", "0.25", ""),
    ]
    assert [level["points"] for level in definition.leaf("1.1.1").rule.params["levels"]] == ["1.5", "0.75"]
    assert [band["from"] for band in definition.leaf("1.1.2").rule.params["bands"]] == ["0", "80", "100"]
    assert definition.domains[0].agency == "so-noi-vu"
    assert "Cách chấm khó tả" in definition.leaf("2.1").note
    assert "Cơ quan không có" in definition.leaf("2.1").note
    assert (definition.leaf("1.1.1").evidence, definition.total) == ("Kế hoạch", Decimal("6.25"))
    assert [problem.code for problem in page_problems(page)] == ["2.1"]


def test_totals_that_do_not_add_up_are_told_at_their_cell():
    read = read_appendix(
        source=workbook(("1", "Lĩnh vực", 10), ("1.1", "Tiêu chí", 4, "Có: 4\nKhông: 0"), (None, "Tổng cộng", 11))
    )
    assert notes(read, WRONG) == [
        ("C2", "10 points are declared, but the parts add up to 4."),
        ("C4", "The total says 11 points, but the domains add up to 10."),
    ]


def test_two_rows_of_one_code_and_a_criterion_before_its_domain():
    read = read_appendix(
        source=workbook(
            ("2.1", "Trước lĩnh vực", 1, "Có: 1\nKhông: 0"),
            ("1", "Lĩnh vực", 2),
            ("1.1", "Một", 1, "Có: 1\nKhông: 0"),
            ("1.1", "Hai", 1, "Có: 1\nKhông: 0"),
        )
    )
    assert [text for cell, text in notes(read, WRONG) if cell in {"A2", "A5"}] == [
        "2.1 stands before its domain 2. A domain without a name was made; write its row above.",
        "The code 1.1 stands twice. Both rows were taken; give one another code.",
    ]
    assert [leaf.name for leaf in read.definition.leaves] == ["Trước lĩnh vực", "Một", "Hai"]


def test_five_thousand_rows_are_refused_with_a_sentence():
    with pytest.raises(SpreadsheetError, match="more than 4000 rows"):
        read_appendix(source=workbook(*(("1", "x", 1) for _n in range(5000))))


def test_a_workbook_with_macros_or_external_links_is_refused():
    for part in ("xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml"):
        source = workbook(("1", "x", 1))
        with zipfile.ZipFile(source, "a") as archive:
            archive.writestr(part, b"x")
        with pytest.raises(SpreadsheetError, match="macros, embedded objects or links"):
            read_appendix(source=source)


def test_formulas_are_told_at_their_cells_and_hostile_ones_are_not_read():
    read = read_appendix(
        source=workbook(
            ("1", '=HYPERLINK("http://example.vn","Lĩnh vực")', "=SUM(C3:C3)"),
            ("1.1", "Một", "=cmd|'/c calc'!A1", "Có: 1\nKhông: 0"),
        )
    )
    told = {cell: text for cell, text in notes(read, WRONG, OPEN) if "formula" in text}
    assert set(told) == {"B2", "C2", "C3"}
    assert "plain arithmetic" in told["B2"]
    assert "plain arithmetic" in told["C3"]
    assert "no stored value" in told["C2"]


@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        (["1", "1.1", "1.2"], ["1.1", "1.2"]),
        ([1, 1.1, 1.2], ["1.1", "1.2"]),
        (["I", "1", "2"], ["1.1", "1.2"]),
        (["I", "1.1", "1.2"], ["1.1", "1.2"]),
        (["1.", "1,1.", "1.2)"], ["1.1", "1.2"]),
        ([1, "1.9", 1.1], ["1.9", "1.10"]),
    ],
)
def test_numbers_as_offices_write_them(numbers, codes):
    head, *rest = numbers
    rows = [(head, "Lĩnh vực", 2), *((number, "Tiêu chí", 1, "Có: 1\nKhông: 0") for number in rest)]
    if codes[0] == "1.9":
        rows.insert(1, ("1.1", "Tiêu chí", 1, "Có: 1\nKhông: 0"))
        codes = ["1.1", *codes]
    assert [leaf.code for leaf in read_appendix(source=workbook(*rows)).definition.leaves] == codes


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Có: 2\nKhông: 0", "yes_no"),
        ("- Ban hành kịp thời: 2 điểm\n- Ban hành chậm: 1 điểm\n- Không ban hành: 0 điểm", "levels"),
        ("Đạt 100%: 2; Từ 80% đến dưới 100%: 1; Dưới 80%: 0", "ratio"),
        (
            "Tính theo công thức (b/a) x điểm tối đa. Trong đó: a là số phải làm; b là số đã làm. Dưới 80% thì 0",
            "ratio",
        ),
        ("Mỗi sáng kiến được 0,5 điểm, tối đa 2 điểm", "count"),
        ("0,5 điểm/sáng kiến, tối đa 2", "count"),
        ("Trừ 0,25 điểm cho mỗi lần chậm", "deduction"),
        ("Đầy đủ: 2 điểm\nThiếu mỗi báo cáo trừ 0,5 điểm", "deduction"),
        ("Trước ngày 31/12/2025: 2; chậm đến 10 ngày: 1; sau đó: 0", "deadline"),
        ("Đánh giá theo bước 0,25", "manual"),
        ("Điều tra xã hội học", "survey"),
        ("Chấm tập trung; nguồn: Bộ Thông tin", "central"),
        ("Theo hướng dẫn riêng", ""),
    ],
)
def test_ways_of_writing_a_rule(words, kind):
    read = read_appendix(source=workbook(("1", "Lĩnh vực", 2), ("1.1", "Tiêu chí", 2, words)))
    assert read.definition.leaf("1.1").rule.kind == kind
    if not kind:
        assert words in read.definition.leaf("1.1").note
        assert [cell for cell, _text in notes(read, OPEN)] == ["D3"]


def test_columns_for_each_level_with_cells_merged_down():
    read = read_appendix(
        source=workbook(
            ("1. Chỉ đạo", "1.1. Kế hoạch", "1.1.1. Ban hành", 1, "Có: 1\nKhông: 0"),
            (None, None, "1.1.2. Hoàn thành", 1, "Có: 1\nKhông: 0"),
            (None, "1.2. Báo cáo", None, 1, "Có: 1\nKhông: 0"),
            header=("Lĩnh vực", "Tiêu chí", "Tiêu chí thành phần", "Điểm tối đa", "Thang điểm"),
            merges=("A2:A4", "B2:B3"),
        )
    )
    assert [(leaf.code, leaf.name) for leaf in read.definition.leaves] == [
        ("1.1.1", "Ban hành"),
        ("1.1.2", "Hoàn thành"),
        ("1.2", "Báo cáo"),
    ]
    assert read.definition.total == 3


def test_a_workbook_without_such_a_table_is_refused():
    with pytest.raises(SpreadsheetError, match="No sheet has a table"):
        read_appendix(source=workbook(("x",), header=("Họ tên", "Ngày sinh")))


def test_a_set_goes_out_and_into_a_new_revision_without_publishing(signed_in):
    sync_groups()
    editor = user_with_role(Role.EDITOR)
    sync_members(editor)
    page = criteria.CriteriaSetPageFactory()
    page.save_revision()
    client = signed_in(editor, **{"accept-language": "en"})
    sent = client.get(reverse("criteria_appendix_export", args=[page.pk]))
    file = io.BytesIO(b"".join(sent.streaming_content))
    file.name = "phu-luc.xlsx"
    answer = client.post(reverse("criteria_appendix"), {"file": file})
    page.refresh_from_db()
    fields = {"set": str(page.pk), f"revision-{page.pk}": str(page.latest_revision_id)}
    stale = client.post(answer["Location"], fields | {f"revision-{page.pk}": "1000000"})
    assert stale.status_code == 422
    assert client.post(answer["Location"], fields).status_code == 302
    stored = CriteriaSetPage.objects.get(pk=page.pk)
    assert stored.latest_revision_id != page.latest_revision_id
    draft = stored.get_latest_revision_as_object()
    assert definition_from_page(draft).canonical() == definition_from_page(page).canonical()
    assert stored.editions.count() == 0


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.AUDITOR, Role.APPRAISER])
def test_others_import_nothing(signed_in, role):
    sync_groups()
    user = user_with_role(role)
    sync_members(user)
    criteria.CriteriaSetPageFactory()
    assert signed_in(user).get(reverse("criteria_appendix")).status_code in {302, 403}
