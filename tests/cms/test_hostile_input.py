"""What an attack on the running portal found, kept from coming back."""

from __future__ import annotations

import io
import zipfile
from html import unescape

from django.core.exceptions import PermissionDenied
from django.test import Client

import pytest

from cms.enums import Role
from cms.numbers import parse_id
from cms.spreadsheets import SpreadsheetError, read_grids, read_table
from tests.factories.cms import UnitFactory, UserFactory, home_page, user_with_role

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>code</t></is></c></row>'


def workbook(place: str, rows: str, *, before: str = "", encoding: str = "utf-8", **parts: str) -> io.BytesIO:
    """Return a workbook whose one sheet lies at `place` under xl/, with more parts by their names under xl/."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="r"/></sheets>'
            "</workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" Type="{_OFFICE}/worksheet" '
            f'Target="{place}"/></Relationships>',
        )
        sheet = f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{_HEAD}{rows}</sheetData></worksheet>'
        archive.writestr(f"xl/{place}", sheet.encode(encoding))
        for name, text in parts.items():
            archive.writestr(f"xl/{name}.xml", text)
    target.seek(0)
    return target


@pytest.mark.unit
@pytest.mark.parametrize(
    ("place", "rows", "code"),
    [
        ("data/sheet1.xml", '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>', "sheet_elsewhere"),
        ("data/sheet1.xml", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "sheet_elsewhere"),
        ("worksheets/sheet1.xml", '<row r="1048576">' + "<c><v>1</v></c>" * 3000 + "</row>", "nameless_cells"),
        ("worksheets/sheet1.xml", '<row r="1048576"></row>', "too_many_rows"),
        # A reader takes cells from here as well, and asked for half a terabyte for these two.
        ("chartsheets/sheet1.xml", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "too_many_rows"),
        ("dialogsheets/sheet1.xml", '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>', "formula"),
        ("worksheets/sheet1.xml", '<row r="9">' + '<c t=" r=" s="0"><v>1</v></c>' * 300 + "</row>", "nameless_cells"),
        ("worksheets/sheet1.xml", '<row r="2"><c t="<" r="XFD9"><v>1</v></c></row>', "nameless_cells"),
        ("worksheets/sheet1.xml", "".join(f'<row ht="{n}"></row>' for n in range(200_101)), "too_many_rows"),
        ("worksheets/sheet1.xml", '<row r="&#57;99999999999"></row>', "nameless_cells"),
        ("worksheets/sheet1.xml", '<row r="0000000000999999999999"></row>', "nameless_cells"),
        ("worksheets/sheet1.xml", '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>', "formula"),
    ],
)
def test_workbooks_that_get_round_the_look_into_them_are_refused(place: str, rows: str, code: str) -> None:
    with pytest.raises(SpreadsheetError) as refusal:
        read_table(workbook(place, rows))
    assert refusal.value.code == code


@pytest.mark.unit
@pytest.mark.parametrize(("before", "encoding"), [("", "utf-16"), ('<!DOCTYPE worksheet [<!ENTITY a "9">]>', "utf-8")])
def test_a_sheet_in_another_spelling_is_not_read_without_end(before: str, encoding: str) -> None:
    endless = workbook("worksheets/sheet1.xml", '<row r="999999999"></row>', before=before, encoding=encoding)
    with pytest.raises(SpreadsheetError) as refusal:
        read_grids(endless)
    assert refusal.value.code == "disguised"


@pytest.mark.unit
@pytest.mark.parametrize("name", ["sharedStrings", "SharedStrings"])
@pytest.mark.parametrize("pieces", [["x" * 3_000_000], ["x" * 1000] * 3000])
def test_a_long_shared_text_is_refused_in_one_piece_and_in_many(name: str, pieces: list[str]) -> None:
    runs = "".join(f"<r><t>{piece}</t></r>" for piece in pieces)
    noise = "".join(f"<!--{number}-->" for number in range(3000))
    texts = f'<sst xmlns="{_MAIN}"><si>{runs}</si></sst>{noise}'
    bomb = workbook("worksheets/sheet1.xml", '<row r="2"><c r="A2" t="s"><v>0</v></c></row>', **{name: texts})
    with pytest.raises(SpreadsheetError) as refusal:
        read_table(bomb)
    assert refusal.value.code == "too_large"


@pytest.mark.unit
def test_two_parts_of_one_name_are_refused() -> None:
    with pytest.raises(SpreadsheetError) as refusal:
        read_table(workbook("worksheets/sheet1.xml", "", Workbook="<workbook/>"))
    assert refusal.value.code == "doubled_parts"


@pytest.mark.unit
def test_the_same_workbook_without_tricks_is_read() -> None:
    table = read_table(workbook("worksheets/sheet1.xml", '<row r="2"><c r="A2"><v>7</v></c></row>'))
    assert (table.headers, [list(row) for row in table.rows]) == (["code"], [[7]])


@pytest.mark.unit
@pytest.mark.parametrize("text", ["", None, "abc", "²", "\x00", "-1", "1.0", "9" * 19, " 1"])
def test_only_plain_numbers_are_keys(text: str | None) -> None:
    assert parse_id(text) is None
    assert parse_id("121") == 121


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/api/v2/pages/?offset=9999999999999999999999999",
        "/api/v2/documents/?offset=9999999999999999999999999",
        "/api/v2/pages/?search=%00",
        "/api/v2/pages/?search=" + "x" * 600,
        *(f"/api/v2/{kind}/?search=chi&search_operator=x" for kind in ("pages", "images", "documents", "redirects")),
        "/api/v2/pages/?alias_of=9999999999999999999999999",
        "/api/v2/pages/?first_published_at=x",
        "/api/v2/pages/find/?id=x",
    ],
)
def test_absurd_queries_of_the_content_api_are_refused(client: Client, address: str) -> None:
    assert client.get(address).status_code == 400


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("typed", ['"', " ", '"chi', '"chi so"'])
def test_quotation_marks_and_spaces_are_searched_for_like_anything(client: Client, typed: str) -> None:
    assert client.get("/api/v2/pages/", {"search": typed, "search_operator": "or"}).status_code == 200


@pytest.mark.integration
@pytest.mark.django_db
def test_the_administration_takes_clumsy_filters_and_searches(client: Client) -> None:
    home_page()
    client.force_login(UserFactory(is_superuser=True))
    for address in ("api-tokens/?user=", "units/?groups=", "users/?group=", "memberships/?role=x&user= -"):
        refused = client.get(f"/admin/{address}" + "9" * 23)
        assert refused.status_code == 400, address
        assert "lớn hơn mọi giá trị có thể có" in unescape(refused.content.decode())
    for address in ("pages/", "choose-page/search/", "units/"):
        for typed in ("9" * 23, '"', 'a"b', '"trang" "chu'):
            assert client.get(f"/admin/{address}", {"q": typed}).status_code == 200, (address, typed)


@pytest.mark.integration
@pytest.mark.django_db
def test_an_absurd_plan_does_not_exist(client: Client) -> None:
    assert client.get("/ke-hoach-nam/9999999999999999999999999/lich.ics").status_code == 404


@pytest.mark.integration
@pytest.mark.django_db
def test_a_signed_in_person_without_access_is_told_so_by_the_administration(client: Client) -> None:
    client.force_login(user_with_role(Role.CONTRIBUTOR, UnitFactory()))
    answer = client.get("/admin/")
    assert answer.status_code == 403
    assert PermissionDenied.__name__ not in answer.content.decode()
