"""The screens of the appendix table, asked as an editor's browser would, and as somebody would who means harm."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

import pytest

from criteria_pages.domain.appendix_writing import write_appendix
from criteria_pages.models import CriteriaSetPage
from tests.factories import criteria
from tests.factories.cms import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def editor(signed_in):
    """An editor's client beside a set of the portal."""
    criteria.CriteriaSetPageFactory()
    return signed_in(UserFactory(is_superuser=True))


def exported() -> bytes:
    """Return our own export."""
    target = io.BytesIO()
    write_appendix(definition=criteria.tiny_definition(), target=target)
    return target.getvalue()


def with_sheet(change) -> bytes:
    """Return our own export with the text of its sheet changed."""
    source, target = zipfile.ZipFile(io.BytesIO(exported())), io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            content = source.read(name)
            made.writestr(name, change(content) if name == "xl/worksheets/sheet1.xml" else content)
    return target.getvalue()


def upload(client, content):
    """Send a workbook to the screen."""
    return client.post(reverse("criteria_appendix"), {"file": SimpleUploadedFile("phu-luc.xlsx", content)})


@pytest.mark.parametrize(
    "change",
    [
        lambda sheet: sheet[:-200],
        lambda sheet: sheet[: len(sheet) // 2],
        lambda sheet: sheet.replace(b'<row r="4"', b'<row r="3"><c r="Z3" t="s"><v>999999</v></c></row><row r="4"', 1),
    ],
    ids=["end cut off", "half", "unknown text"],
)
def test_a_damaged_sheet_is_told(editor, change):
    answer = upload(editor, with_sheet(change))
    assert answer.status_code == 422
    assert "hỏng" in answer.content.decode()


def test_one_workbook_makes_one_draft(editor):
    before = CriteriaSetPage.objects.count()
    report = upload(editor, exported()).url
    first = editor.post(report, {"set": "", "title": "Bộ mới"})
    again = editor.post(report, {"set": "", "title": "Bộ mới"})
    assert first.url == again.url
    assert CriteriaSetPage.objects.count() == before + 1


@pytest.mark.parametrize("chosen", ["²", "99999999999999999999999", "new", "1;2"])
def test_a_set_that_cannot_be_read_is_refused(editor, chosen):
    before = CriteriaSetPage.objects.count()
    answer = editor.post(upload(editor, exported()).url, {"set": chosen})
    assert answer.status_code == 422
    assert CriteriaSetPage.objects.count() == before


@pytest.mark.parametrize("name", ["appendix.xlsx", "changes/", "form/", "next/", "units/", "lineage/"])
def test_a_number_that_no_row_has_is_not_found(editor, name):
    assert editor.get(f"/admin/criteria/99999999999999999999/{name}", follow=True).status_code == 404


@pytest.mark.parametrize(("title", "told"), [("", True), ("Bộ khác", False)])
def test_a_workbook_of_a_set_that_is_there_says_so(editor, title, told):
    page = CriteriaSetPage.objects.get()
    page.title = title or criteria.tiny_definition().title
    page.save()
    report = editor.get(upload(editor, exported()).url)
    assert report.context_data["namesake"] is told
    assert ("Đã có bộ tiêu chí mang tên này." in report.content.decode()) is told
