"""The library for citizens: guidance looked for in its section, legal documents and all that rests on each."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

from django.test import Client

import pytest

from cms import clock
from cms.models import SectionPage
from criteria_pages.models import CriteriaSetPage, GuidancePage, LegalDocument
from tests.factories import criteria, rules
from tests.factories.cms import TextPageFactory, home_page

ALL = ["Hướng dẫn điều tra", "Hướng dẫn chấm điểm 2023", "Hướng dẫn chấm điểm 2022"]
pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def text_of(client: Client, path: str, **query: str) -> str:
    shown = client.get(path, query)
    assert shown.status_code == 200
    return " ".join(shown.content.decode().split())


def titles(page: str) -> list[str]:
    return re.findall(r'class="list-rows__title"><a href="[^"]+">(.*?)</a>', page)


@pytest.fixture
def section() -> SectionPage:
    """A section of four guidances: one in force, one for later, one replaced and a draft."""
    section = home_page().add_child(instance=SectionPage(title="Hướng dẫn", slug="huong-dan"))
    old = section.add_child(
        instance=GuidancePage(
            title="Hướng dẫn chấm điểm 2022", document_number="12/HD-SNV", issued_on=dt.date(2022, 1, 5)
        )
    )
    section.add_child(
        instance=GuidancePage(
            title="Hướng dẫn chấm điểm 2023", issuer="Bộ Nội vụ", body="<p>Tài liệu kiểm chứng</p>",
            issued_on=dt.date(2023, 12, 6), replaces=old,
        )
    )  # fmt: skip
    section.add_child(
        instance=GuidancePage(
            title="Hướng dẫn điều tra", issued_on=dt.date(2026, 1, 1), effective_on=clock.today() + dt.timedelta(days=9)
        )
    )
    section.add_child(instance=GuidancePage(title="Bản thảo chấm điểm", live=False))
    return section


def test_guidance_in_force_comes_first_and_what_is_replaced_names_what_replaced_it(client, section):
    page = text_of(client, "/en/huong-dan/")
    assert titles(page) == ALL
    assert re.findall(r'<span class="badge[^"]*">(.*?)</span>', page) == ["Not yet in effect", "In force", "Replaced"]
    assert re.search(r'Replaced by <a href="[^"]+">Hướng dẫn chấm điểm 2023</a>', page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "cham diem"}, ["Hướng dẫn chấm điểm 2023", "Hướng dẫn chấm điểm 2022"]),
        ({"q": "tai lieu kiem"}, ["Hướng dẫn chấm điểm 2023"]),
        ({"q": "12/HD"}, ["Hướng dẫn chấm điểm 2022"]),
        ({"q": "noi vu", "status": "in_force"}, ["Hướng dẫn chấm điểm 2023"]),
        ({"status": "replaced"}, ["Hướng dẫn chấm điểm 2022"]),
        ({"status": "upcoming"}, ["Hướng dẫn điều tra"]),
        ({"status": "'; --", "page": "999999999999999999999"}, ALL),
        ({"q": "khong co gi ca"}, []),
        ({"q": "x" * 5000}, []),
        ({"q": "\x00"}, ALL),
    ],
)  # fmt: skip
def test_guidance_is_looked_for_by_words_and_status(client, section, query, found):
    page = text_of(client, "/huong-dan/", **query)
    assert titles(page) == found
    assert ("Hiện tất cả" in page) is (not found)


def test_other_pages_of_the_section_stay_and_other_sections_have_the_plain_list(client, section):
    section.add_child(instance=TextPageFactory.build(title="Hỏi đáp", slug="hoi-dap"))
    assert "Hỏi đáp" in text_of(client, "/huong-dan/")
    plain = home_page().add_child(instance=SectionPage(title="Khác", slug="khac"))
    plain.add_child(instance=TextPageFactory.build(title="Một trang", slug="mot-trang"))
    page = text_of(client, "/khac/")
    assert (titles(page), 'name="status"' in page) == (["Một trang"], False)


def test_the_number_of_queries_does_not_grow_with_the_guidance(client, section, django_assert_max_num_queries):
    text_of(client, "/huong-dan/")
    with django_assert_max_num_queries(60) as few:
        text_of(client, "/huong-dan/")
    for number in range(5):
        section.add_child(instance=GuidancePage(title=f"Thêm {number}"))
    with django_assert_max_num_queries(60) as many:
        text_of(client, "/huong-dan/")
    assert len(many) == len(few)


# --- legal documents --------------------------------------------------------------------------------------------------
@pytest.fixture
def resting(section: SectionPage) -> tuple[LegalDocument, CriteriaSetPage]:
    """A replaced decree on which a leaf of a published set and guidance rest, and the one that replaced it."""
    new = LegalDocument.objects.create(number="9/2024/NĐ-CP", title="Nghị định mới", issuer="Chính phủ")
    decree = LegalDocument.objects.create(
        number="34/2016/NĐ-CP", title="Nghị định về xây dựng văn bản", issuer="Chính phủ", status="replaced",
        replaced_by=new, issued_on=dt.date(2016, 5, 14), url="https://example.vn/34",
    )  # fmt: skip
    leaf = replace(rules.leaf("1.1.1"), legal_basis=("34/2016/NĐ-CP",))
    definition = rules.definition(rules.domain("1", rules.criterion("1.1", leaf, rules.leaf("1.1.2"))))
    edition = criteria.EditionFactory(definition=definition)
    guidance = GuidancePage.objects.get(title="Hướng dẫn chấm điểm 2023")
    guidance.legal_basis.set([decree])
    guidance.save()
    return decree, edition.page


def test_a_document_has_a_page_with_all_that_rests_on_it(client, resting):
    decree, page = resting
    assert decree.get_absolute_url() == "/en/van-ban/34-2016-nd-cp/"
    shown = text_of(client, "/en/van-ban/34-2016-nd-cp/")
    assert "Resting on this document: 1 criterion, 1 guidance." in shown
    assert f'href="{page.get_url()}#111-leaf">1.1.1. ' in shown
    assert f'href="{page.get_url()}#112-leaf"' not in shown
    assert "Hướng dẫn chấm điểm 2023" in shown
    assert 'href="/en/van-ban/9-2024-nd-cp/">9/2024/NĐ-CP' in shown
    assert 'href="https://example.vn/34"' in shown
    newer = text_of(client, "/en/van-ban/9-2024-nd-cp/")
    assert "No published criterion and no guidance rests on this document." in newer
    assert 'It amends or replaces: <a href="/en/van-ban/34-2016-nd-cp/">34/2016/NĐ-CP</a>' in newer


def test_what_is_not_public_does_not_rest_on_it_for_citizens(client, resting):
    _decree, page = resting
    page.unpublish()
    GuidancePage.objects.get(title="Hướng dẫn chấm điểm 2023").unpublish()
    shown = text_of(client, "/en/van-ban/34-2016-nd-cp/")
    assert "No published criterion and no guidance rests on this document." in shown


def test_criteria_and_guidance_lead_to_the_document(client, resting):
    _decree, page = resting
    for path in (page.get_url(), GuidancePage.objects.get(title="Hướng dẫn chấm điểm 2023").get_url()):
        assert (path, 'href="/en/van-ban/34-2016-nd-cp/"' in text_of(client, path)) == (path, True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["34/2016/NĐ-CP", "9/2024/NĐ-CP"]),
        ({"q": "34/2016"}, ["34/2016/NĐ-CP"]),
        ({"q": "nd-cp chinh phu"}, ["34/2016/NĐ-CP", "9/2024/NĐ-CP"]),
        ({"q": "xay dung van ban"}, ["34/2016/NĐ-CP"]),
        ({"status": "in_force"}, ["9/2024/NĐ-CP"]),
        ({"status": "x", "page": "-1"}, ["34/2016/NĐ-CP", "9/2024/NĐ-CP"]),
        ({"q": "khong co"}, []),
    ],
)
def test_documents_are_looked_for_by_number_words_and_status(client, resting, query, found):
    assert sorted(titles(text_of(client, "/van-ban/", **query))) == found


def test_the_search_finds_documents_by_number(client, resting):
    page = text_of(client, "/tim-kiem/", q="34/2016/nd-cp")
    assert 'href="/van-ban/34-2016-nd-cp/"' in page


@pytest.mark.parametrize("path", ["/van-ban/khong-co/", "/van-ban/34-2016-nd-cp/x/", "/en/van-ban/1/"])
def test_unknown_documents_are_absent(client, resting, path):
    assert client.get(path).status_code == 404


def test_only_reading(client, resting):
    assert [client.post(path).status_code for path in ("/van-ban/", "/van-ban/34-2016-nd-cp/")] == [405, 405]
