"""Guidance: each publication is a version that stays, the public sees which is in force and what changed."""

from __future__ import annotations

import datetime as dt

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

import pytest

from cms import clock
from criteria_pages.domain.guidance import compare_guidance, reconcile_guidance
from criteria_pages.exceptions import CriteriaError
from criteria_pages.models import GuidanceEdition, GuidancePage, LegalDocument
from criteria_pages.tasks import reconcile_editions
from tests.factories.cms import home_page

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
FIRST = "<p>Gửi hồ sơ trước ngày 25 tháng 01.</p><p>Tệp PDF.</p>"
SECOND = "<p>Gửi hồ sơ trước ngày 31 tháng 01.</p><p>Tệp PDF.</p>"


@pytest.fixture
def page():
    made = GuidancePage(
        title="Hướng dẫn tự đánh giá", slug="tu-danh-gia", body=FIRST, document_number="1/HD", live=False
    )
    return publish(home_page().add_child(instance=made))


def publish(page, **fields):
    for name, value in fields.items():
        setattr(page, name, value)
    page.save_revision().publish()
    return GuidancePage.objects.get(pk=page.pk)


def test_each_publication_is_a_version_and_the_same_again_is_none(page):
    page.legal_basis.set([LegalDocument.objects.create(number="9/QĐ", title="Nine")])
    page = publish(publish(page, body=SECOND, criteria_codes="1.1, 2"))
    assert [(item.number, item.content["body"], item.content["criteria_codes"]) for item in page.editions.all()] == [
        (2, SECOND, ["1.1", "2"]),
        (1, FIRST, []),
    ]
    call_command("purge_revisions")
    assert [item.revision.content["title"] for item in page.editions.all()] == ["Hướng dẫn tự đánh giá"] * 2


def test_what_differs_is_said_word_by_word(page):
    page = publish(page, body=SECOND, effective_on=dt.date(2026, 1, 1))
    second, first = page.editions.all()
    day, text = compare_guidance(first, second)
    assert (day.before, day.after) == ("", "2026-01-01")
    assert [(part.kind, part.text) for part in text.parts if part.kind != "equal"] == [
        ("deletion", "25"),
        ("addition", "31"),
    ]
    assert "".join(part.text for part in text.parts if part.kind != "deletion") == (
        "Gửi hồ sơ trước ngày 31 tháng 01.\nTệp PDF."
    )
    (layout,) = compare_guidance(second, publish(page, body=SECOND.replace("PDF", "<b>PDF</b>")).editions.first())
    assert layout.parts == ()


def test_the_public_reads_every_version_and_what_changed(page, client):
    page = publish(page, body=SECOND)
    shown = client.get(page.url).content.decode()
    second, first = page.editions.all()
    assert [item.url in shown for item in (second, first)] == [True, True]
    assert second.comparison_url in shown
    old = client.get(first.url).content.decode()
    assert ("ngày 25 tháng 01" in old, first.sha256 in old) == (True, True)
    changed = client.get(second.comparison_url).content.decode()
    assert (changed.count("<del"), changed.count("<ins")) == (1, 1)
    assert client.get(f"{page.url}phien-ban/3/").status_code == 404
    page.unpublish()
    assert client.get(first.url).status_code == 404


def test_whether_it_is_in_force_is_said(page, client):
    assert client.get(page.url).context_data["facts"][0][1] == "In force"
    page = publish(page, effective_on=clock.today() + dt.timedelta(days=3))
    assert page.status == "Not yet in effect"
    other = GuidancePage(title="Hướng dẫn mới", slug="moi", document_number="2/HD", replaces=page, live=False)
    other = publish(home_page().add_child(instance=other))
    assert (page.status, other.status) == ("Replaced by 2/HD", "In force")
    assert other.editions.get().content["replaces"] == "1/HD"


def test_guidance_from_before_there_were_versions_gets_its_first(page):
    with transaction.atomic():
        bare = home_page().add_child(instance=GuidancePage(title="Cũ", slug="cu", body=FIRST))
    assert reconcile_editions() == 1
    assert bare.editions.get().content["title"] == "Cũ"
    assert reconcile_guidance() == []


def test_a_version_is_never_changed_or_deleted(page):
    edition = page.editions.get()
    with pytest.raises(CriteriaError, match="cannot be changed"):
        edition.save()
    with pytest.raises(CriteriaError, match="cannot be deleted"):
        edition.delete()
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        GuidanceEdition.objects.update(title="Other")


def test_a_page_of_guidance_asks_the_database_as_often_for_many_versions(page, client):
    page = publish(page, body=SECOND)
    client.get(page.url)
    asked = queries(client, page)
    for number in range(3):
        page = publish(page, body=f"{FIRST}<p>{number}</p>")
    assert queries(client, page) == asked


def queries(client, page):
    with CaptureQueriesContext(connection) as captured:
        client.get(page.url)
    return len(captured)
