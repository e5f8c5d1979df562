"""What an import guessed or left open stands in the draft at its item, and leaves no trace in what is published."""

from __future__ import annotations

import io
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from wagtail.models import PageLogEntry

import openpyxl
import pytest

from criteria_pages.domain.authoring import blocks_of_body, definition_from_page
from criteria_pages.models import CriteriaSetPage, ImportNote
from tests.factories import criteria
from tests.factories.cms import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

ROWS = (
    ("STT", "Tiêu chí", "Điểm tối đa", "Thang điểm", "Tài liệu kiểm chứng"),
    ("1", "Chỉ đạo, điều hành", "4", "", ""),
    ("1.1", "Ban hành kế hoạch", "2", "Có/không", "Kế hoạch"),
    ("1.2", "Sáng kiến", "2", "Chấm theo đề án", "Đề án"),
    ("", "Tổng cộng", "4", "", ""),
)


def workbook() -> bytes:
    """Return an office's table: the rule of 1.1 is read, that of 1.2 cannot be."""
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.fixture
def person():
    return UserFactory(is_superuser=True)


@pytest.fixture
def editor(signed_in, person):
    """An editor's client beside a set of the portal."""
    criteria.CriteriaSetPageFactory()
    return signed_in(person)


@pytest.fixture
def draft(editor):
    """The draft that the import made."""
    sent = SimpleUploadedFile("phu-luc.xlsx", workbook())
    report = editor.post(reverse("criteria_appendix"), {"file": sent}).url
    edit = editor.post(report, {"set": "", "title": "Bộ nhập"}).url
    number = int(re.search(r"/pages/(\d+)/", edit).group(1))
    return CriteriaSetPage.objects.get(pk=number).get_latest_revision_as_object()


def block_of(draft, code):
    return next(block for block, found, _name in blocks_of_body(draft.body.get_prep_value()) if found == code)


def screen(client, draft):
    return client.get(reverse("wagtailadmin_pages:edit", args=[draft.pk])).content.decode()


def confirm(client, draft, **values):
    address = reverse("criteria_confirm_import", args=[draft.pk])
    return client.post(address, values, headers={"X-Requested-With": "XMLHttpRequest"})


def noted(draft):
    """Return (kind, block, field) of the notes."""
    return [(note.kind, note.block, note.field) for note in draft.import_notes.all()]


def test_a_note_names_its_item_and_field(draft):
    assert ("open", block_of(draft, "1.2"), "rule") in noted(draft)
    assert {kind for kind, _block, _field in noted(draft)} <= {"wrong", "open", "guessed"}


def test_the_editor_lists_the_items_with_their_notes(editor, draft):
    text = screen(editor, draft)
    entry = re.search(rf'data-criteria-imported="{block_of(draft, "1.2")}".*?</div>', text, re.S).group()
    assert re.findall(r"data-criteria-imported-link>([^<]*)<", entry) == ["1.2 Sáng kiến"]
    assert re.findall(r'data-criteria-imported-field="(\w+)"', entry) == [
        field for _kind, block, field in noted(draft) if block == block_of(draft, "1.2")
    ]


def test_nothing_of_it_is_in_the_revision_or_the_hash(draft):
    ImportNote.objects.all().delete()
    fresh = CriteriaSetPage.objects.get(pk=draft.pk).get_latest_revision_as_object()
    assert definition_from_page(fresh).sha256() == definition_from_page(draft).sha256()
    assert "import" not in str(draft.latest_revision.content)


def test_confirming_an_item_takes_its_notes_alone(editor, draft):
    own, before = block_of(draft, "1.2"), noted(draft)
    answer = confirm(editor, draft, block=own)
    assert noted(draft) == [note for note in before if note[1] != own]
    assert f'data-criteria-imported="{own}"' not in answer.content.decode()
    assert f'data-criteria-imported="{own}"' not in screen(editor, draft)


def test_confirming_is_audited_once(editor, draft, person):
    before = len(noted(draft))
    confirm(editor, draft, all="1")
    confirm(editor, draft, all="1")
    entry = PageLogEntry.objects.get(page_id=draft.pk, action="criteria.confirm_import")
    assert (entry.user, entry.data["after"]) == (person, {"left": 0})
    assert sum(entry.data["before"]["kinds"].values()) == before


def test_publishing_confirms_what_is_left(draft, person):
    draft.body = criteria.CriteriaSetPageFactory.build().body
    draft.declared_total = criteria.tiny_definition().total
    draft.save_revision(user=person).publish(user=person)
    assert noted(draft) == []
    assert "import" not in str(draft.editions.get().definition_json)


def test_an_item_with_a_new_code_keeps_its_notes(editor, draft, person):
    body = draft.body.get_prep_value()
    body[0]["value"]["criteria"][1]["value"]["code"] = "1.9"
    draft.body = body
    draft.save_revision(user=person)
    assert "1.9 Sáng kiến" in re.findall(r"data-criteria-imported-link>([^<]*)<", screen(editor, draft))


def test_a_second_import_takes_the_place_of_the_first(editor, draft, person):
    before = noted(draft)
    sent = SimpleUploadedFile("phu-luc.xlsx", workbook())
    report = editor.post(reverse("criteria_appendix"), {"file": sent}).url
    editor.post(report, {"set": draft.pk, f"revision-{draft.pk}": draft.latest_revision_id})
    assert noted(draft) == before


def test_a_locked_page_confirms_nothing(signed_in, draft, person):
    other = UserFactory(is_superuser=True)
    CriteriaSetPage.objects.filter(pk=draft.pk).update(locked=True, locked_by=other)
    before = noted(draft)
    assert confirm(signed_in(person), draft, all="1").status_code == 403
    assert noted(draft) == before


def test_who_may_not_edit_confirms_nothing(signed_in, draft):
    before = noted(draft)
    assert confirm(signed_in(UserFactory()), draft, all="1").status_code == 403
    assert noted(draft) == before
