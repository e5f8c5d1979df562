"""Imports in two steps, on the units of the foundation: good files, bad files, and the same bytes."""

import io
import zipfile
from decimal import Decimal

from django.urls import reverse

import openpyxl
import pytest

from cms.enums import JobStatus, Role
from cms.exceptions import PermissionRefused, PortalError
from cms.models import JobRun, Unit
from cms.spreadsheets import Sheet, SpreadsheetError, get_import, read_table, write_xlsx
from cms.spreadsheets.imports import check_source, start_apply, start_check
from tests.factories.cms import UnitAttributeFactory, UnitFactory, UnitGroupFactory, UnitTierFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
HEADERS = ["Mã đơn vị", "Tên", "Mã cấp", "Đơn vị cấp trên", "Groups", "Order"]


@pytest.fixture
def secretary():
    return user_with_role(Role.SECRETARIAT)


@pytest.fixture(autouse=True)
def _tier():
    UnitTierFactory(code="so")


def workbook(rows, headers=("code", "name", "tier"), **options):
    buffer = io.BytesIO()
    write_xlsx(buffer, sheets=[Sheet(name="Data", headers=headers, rows=rows, **options)])
    buffer.seek(0)
    return buffer


def check(rows, headers=("code", "name", "tier"), user=None):
    return check_source(get_import("units"), workbook(rows, headers), user=user, context={})


def test_a_file_is_checked_confirmed_and_applied_once(secretary):
    content = workbook([["so-noi-vu", "Sở Nội vụ", "so"], ["so-y-te", "Sở Y tế", "so"]])
    checked = start_check(kind=get_import("units"), content=content, name="đơn vị.xlsx", context={}, user=secretary)
    assert (checked.status, checked.report["new"], checked.report["problems"]) == (JobStatus.SUCCEEDED, 2, [])
    assert not Unit.objects.filter(code="so-noi-vu").exists()
    first = start_apply(check=checked, user=secretary)
    second = start_apply(check=checked, user=secretary)
    assert (first.pk, first.status, first.error) == (second.pk, JobStatus.SUCCEEDED, "")
    assert list(
        Unit.objects.filter(code__startswith="so-").values_list("code", "name", "name_folded").order_by("code")
    ) == [
        ("so-noi-vu", "Sở Nội vụ", "so noi vu"),
        ("so-y-te", "Sở Y tế", "so y te"),
    ]


def test_the_same_file_again_changes_nothing(secretary):
    rows = [["so-noi-vu", "Sở Nội vụ", "so"]]
    start_apply(
        check=start_check(kind=get_import("units"), content=workbook(rows), name="a.xlsx", context={}, user=secretary),
        user=secretary,
    )
    report = check(rows, user=secretary)
    assert (report["new"], report["changed"], report["unchanged"]) == (0, 0, 1)


def test_superior_units_groups_and_attributes_come_with_the_file(secretary):
    UnitGroupFactory(code="vung-1"), UnitAttributeFactory(code="co-tthc")
    headers = ["code", "name", "tier", "parent", "groups", "attributes"]
    rows = [["phong-a", "Phòng A", "so", "so-a", "vung-1", "co-tthc"], ["so-a", "Sở A", "so", None, None, None]]
    checked = start_check(
        kind=get_import("units"), content=workbook(rows, headers), name="a.xlsx", context={}, user=secretary
    )
    assert start_apply(check=checked, user=secretary).error == ""
    unit = Unit.objects.get(code="phong-a")
    assert unit.parent.code == "so-a"
    assert [group.code for group in unit.groups.all()] == ["vung-1"]
    assert [attribute.code for attribute in unit.attributes.all()] == ["co-tthc"]


def test_a_change_shows_what_was_before():
    UnitFactory(code="so-a", name="Sở Cũ", tier=UnitTierFactory(code="so"))
    report = check([["so-a", "Sở Mới", "so"]])
    assert (report["changed"], report["new"]) == (1, 0)
    assert (report["sample"][0]["before"]["name"], report["sample"][0]["values"]["name"]) == ("Sở Cũ", "Sở Mới")


def test_headers_are_read_without_accents_in_either_language():
    report = check([["so-a", "Sở A", "so"]], headers=("UNIT CODE", "name", "Code of the tier"))
    assert (report["file_problem"], report["new"]) == ("", 1)


@pytest.mark.parametrize(
    ("rows", "cell", "column"),
    [
        ([["so-a", "Sở A", "khong-co"]], "C2", "tier"),
        ([["so-a", None, "so"]], "B2", "name"),
        ([["Sở A", "Sở A", "so"]], "A2", "code"),
        ([[Decimal("1.1"), "Sở A", "so"]], "A2", "code"),
        ([["so-a", "x" * 300, "so"]], "B2", "name"),
        ([["so-a", "Sở A", "so"], [None, None, None], ["so-a", "Sở B", "so"]], "A4", "code"),
    ],
)
def test_a_problem_names_its_cell(rows, cell, column):
    report = check(rows)
    assert [(p["cell"], p["column"]) for p in report["problems"]] == [(cell, column)]
    assert report["problems"][0]["message"]


@pytest.mark.parametrize(
    ("typed", "good"), [("1", True), ("1,5", False), ("1.234,5", False), ("ba", False), ("1 000", False), (7, True)]
)
def test_numbers_are_read_strictly(typed, good):
    report = check([["so-a", "Sở A", "so", typed]], headers=("code", "name", "tier", "order"))
    assert [p["cell"] for p in report["problems"]] == ([] if good else ["D2"])


def test_dates_are_read_as_written_here():
    report = check([["so-a", "Sở A", "so", "05/01/2024"]], headers=("code", "name", "tier", "valid_from"))
    assert report["problems"] == []
    report = check([["so-a", "Sở A", "so", "2024-13-01"]], headers=("code", "name", "tier", "valid_from"))
    assert [p["cell"] for p in report["problems"]] == ["D2"]


def test_one_bad_row_stops_all(secretary):
    rows = [["so-a", "Sở A", "so"], ["so-b", "Sở B", "khong-co"]]
    checked = start_check(kind=get_import("units"), content=workbook(rows), name="a.xlsx", context={}, user=secretary)
    with pytest.raises(PortalError):
        start_apply(check=checked, user=secretary)
    assert not Unit.objects.filter(code="so-a").exists()


def test_what_changed_between_check_and_confirmation_is_seen(secretary):
    checked = start_check(
        kind=get_import("units"), content=workbook([["so-a", "Sở A", "so"]]), name="a.xlsx", context={}, user=secretary
    )
    Unit.objects.all().exclude(pk__in=Unit.objects.filter(memberships__isnull=False)).delete()
    type(UnitTierFactory(code="so")).objects.filter(code="so").update(code="so-khac")
    applied = start_apply(check=checked, user=secretary)
    assert (applied.status, Unit.objects.filter(code="so-a").count()) == (JobStatus.FAILED, 0)
    assert "C2" in applied.error


def test_other_bytes_are_refused(secretary):
    checked = start_check(
        kind=get_import("units"), content=workbook([["so-a", "Sở A", "so"]]), name="a.xlsx", context={}, user=secretary
    )
    stored = checked.source_file
    path = stored.file.storage.path(stored.file.name)
    with open(path, "ab") as target:
        target.write(b"more")
    assert start_apply(check=checked, user=secretary).status == JobStatus.FAILED


def test_only_the_uploader_confirms_and_only_while_permitted(secretary):
    checked = start_check(
        kind=get_import("units"), content=workbook([["so-a", "Sở A", "so"]]), name="a.xlsx", context={}, user=secretary
    )
    with pytest.raises(PermissionRefused):
        start_apply(check=checked, user=user_with_role(Role.SECRETARIAT))
    secretary.memberships.all().delete()
    with pytest.raises(PermissionRefused):
        start_apply(check=checked, user=secretary)
    with pytest.raises(PermissionRefused):
        start_check(kind=get_import("units"), content=io.BytesIO(b"x"), name="a", context={}, user=secretary)


# --- files that are not what they should be ---------------------------------------------------------------------------
def refusal(content, **options):
    with pytest.raises(SpreadsheetError) as refused:
        read_table(content, **options)
    assert refused.value.message
    return refused.value.code


def with_part(name, data):
    buffer = workbook([["a", "b", "c"]])
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    buffer.seek(0)
    return buffer


def test_missing_unknown_and_doubled_columns_are_named():
    assert "Tên" in check([["a", "so"]], headers=("code", "tier"))["file_problem"]
    assert "Thừa" in check([["a", "b", "so", 1]], headers=("code", "name", "tier", "Thừa"))["file_problem"]
    assert "name" in check([["a", "b", "so", 1]], headers=("code", "name", "tier", "NAME"))["file_problem"].lower()


def test_formulas_are_refused_with_their_cell():
    book = openpyxl.Workbook()
    book.active.append(["code", "name", "tier"])
    book.active.append(["so-a", "=1+1", "so"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert refusal(buffer) == "formula"
    report = check_source(get_import("units"), buffer, user=None, context={})
    assert "B2" in report["file_problem"]
    assert read_table(buffer, allow_formulas=True).headers == ["code", "name", "tier"]


@pytest.mark.parametrize(
    "part", ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml", "xl/embeddings/o.bin", "xl/activeX/a.xml"]
)
def test_active_content_is_refused(part):
    assert refusal(with_part(part, b"x")) == "active"


def test_bombs_are_refused_before_they_are_read(settings):
    assert refusal(with_part("xl/worksheets/sheet9.xml", b"0" * 30_000_000)) == "too_large"
    far = b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    assert refusal(with_part("xl/worksheets/sheet9.xml", far)) == "too_many_rows"
    wide = b"<worksheet><sheetData><row r='1'><c r='XFD1'><v>1</v></c></row></sheetData></worksheet>"
    assert refusal(with_part("xl/worksheets/sheet9.xml", wide)) == "too_many_columns"


def test_too_many_rows_and_too_many_bytes(settings):
    settings.PORTAL_IMPORT_MAX_ROWS = 3
    assert refusal(workbook([["a", "b", "c"]] * 4)) == "too_many_rows"
    settings.PORTAL_IMPORT_MAX_BYTES = 100
    assert refusal(workbook([["a", "b", "c"]])) == "too_large"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600, "old_or_encrypted"),
        (b"%PDF-1.7 hello", "wrong_type"),
        (b"PK\x03\x04 not really a zip", "wrong_type"),
        ("mã,tên\nsố,một".encode("cp1258", "replace"), "wrong_type"),
        (b"code,code\n1,2\n", "doubled_header"),
        (b"code,\n1,2\n", "ok"),
        (b",name\n1,2\n", "no_header"),
        (b'code,name\n"a,b\n', "damaged"),
    ],
)
def test_files_that_are_not_tables(content, code):
    if code == "ok":
        assert read_table(io.BytesIO(content)).headers == ["code"]
    else:
        assert refusal(io.BytesIO(content)) == code


def test_csv_is_read_with_semicolons_and_a_byte_order_mark():
    table = read_table(io.BytesIO("\ufeffmã;tên\n1.10;Sở Nội vụ\n\n2;\n".encode()))
    assert table.dicts() == [{"mã": "1.10", "tên": "Sở Nội vụ"}, {"mã": "2", "tên": None}]
    assert table.numbers == [2, 4]


def test_notes_above_the_header_are_passed_over():
    table = read_table(
        workbook([["a", "b", "c"]], notes=["Số liệu minh họa", "Nguồn: …"]), expected=["code", "name", "tier"]
    )
    assert (table.headers, table.numbers) == (["code", "name", "tier"], [4])


def test_texts_that_look_like_formulas_stay_texts():
    buffer = workbook([["=1+1", "@x", "-2"], ["+3", "'", 5]])
    assert read_table(buffer).rows == [["=1+1", "@x", "-2"], ["+3", "'", 5]]


# --- screens ----------------------------------------------------------------------------------------------------------
def test_the_screens_lead_from_upload_to_result(secretary, signed_in):
    client = signed_in(secretary)
    assert "Mã đơn vị" in client.get(reverse("cms:import_start", args=["units"])).content.decode()
    upload = workbook([["so-a", "Sở A", "so"]])
    upload.name = "a.xlsx"
    answer = client.post(reverse("cms:import_start", args=["units"]), {"file": upload})
    check_run = JobRun.objects.get(task="cms.import_check")
    preview = reverse("cms:import_preview", args=["units", check_run.pk])
    assert answer.url == preview
    page = client.get(preview).content.decode()
    assert "Sở A" in page
    answer = client.post(reverse("cms:import_apply", args=["units", check_run.pk]), follow=True)
    assert answer.redirect_chain == [(preview, 302)]
    assert Unit.objects.filter(code="so-a").exists()
    template = client.get(reverse("cms:import_template", args=["units"]))
    assert read_table(io.BytesIO(template.content)).headers[0] == "Mã đơn vị"


def test_problems_are_shown_and_downloaded(secretary, signed_in):
    client = signed_in(secretary)
    upload = workbook([["so-a", "Sở A", "khong-co"]])
    upload.name = "a.xlsx"
    page = client.post(reverse("cms:import_start", args=["units"]), {"file": upload}, follow=True)
    assert "C2" in page.content.decode()
    pk = JobRun.objects.get(task="cms.import_check").pk
    problems = client.get(reverse("cms:import_problems", args=["units", pk]))
    assert read_table(io.BytesIO(problems.content)).rows[0][:2] == [2, "C2"]


def test_others_see_neither_screens_nor_checks(secretary, signed_in):
    checked = start_check(
        kind=get_import("units"), content=workbook([["so-a", "Sở A", "so"]]), name="a.xlsx", context={}, user=secretary
    )
    stranger = signed_in(user_with_role(Role.CONTRIBUTOR))
    other = signed_in(user_with_role(Role.SECRETARIAT))
    preview = reverse("cms:import_preview", args=["units", checked.pk])
    confirm = reverse("cms:import_apply", args=["units", checked.pk])
    assert stranger.get(reverse("cms:import_start", args=["units"])).status_code == 403
    assert (stranger.get(preview).status_code, other.get(preview).status_code) == (404, 404)
    assert (stranger.post(confirm).status_code, other.post(confirm).status_code) == (404, 404)
    assert other.get(reverse("cms:import_start", args=["khong-co"])).status_code == 404
    assert other.get(reverse("cms:file", args=[checked.source_file.uid])).status_code == 403
