"""The form of guidance: what it rests on is chosen, codes that the set does not have are refused, the usual place."""

from __future__ import annotations

import re

from django.urls import reverse

import pytest

from cms.enums import Role
from cms.models import SectionPage
from criteria_pages.models import CriteriaSetPage, GuidancePage, LegalDocument
from tests.factories import criteria
from tests.factories.cms import UserFactory, home_page, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def client(signed_in):
    return signed_in(UserFactory(is_superuser=True))


@pytest.fixture
def documents():
    return [LegalDocument.objects.create(number=f"{n}/QĐ-THU", title=f"Quyết định {n}") for n in (1, 2, 3)]


@pytest.fixture
def criteria_set():
    page = criteria.CriteriaSetPageFactory()
    page.save_revision().publish()
    return page


@pytest.fixture
def page(documents, criteria_set):
    made = GuidancePage(title="Hướng dẫn", slug="huong-dan", live=False, criteria_set=criteria_set)
    made.legal_basis = documents[:1]
    home_page().add_child(instance=made)
    made.save_revision()
    return made


def form_of(client, page, **changes):
    """Return what the editor's form posts of the page as it is, with changes."""
    shown = client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).context_data["form"]
    data = {name: shown[name].value() for name in shown.fields if shown[name].value() is not None}
    for prefix in ("attachments", "comments"):
        data |= {f"{prefix}-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
        data |= {f"{prefix}-MIN_NUM_FORMS": "0", f"{prefix}-MAX_NUM_FORMS": "1000"}
    empty = {name: "null" for name in ("body", "body_en") if not data.get(name)}
    return data | empty | changes


def post(client, page, **changes):
    return client.post(reverse("wagtailadmin_pages:edit", args=[page.pk]), form_of(client, page, **changes))


def newest(page):
    return GuidancePage.objects.get(pk=page.pk).get_latest_revision_as_object()


def test_what_it_rests_on_is_a_chooser_per_document(client, page):
    shown = client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()
    field = re.search(r"<div[^>]*data-document-list.*?data-document-add", shown, re.S).group()
    listed, pattern = field.split("<template>")
    assert re.findall(r"data-chooser-title[^>]*>([^<]*)<", listed) == ["Quyết định 1 (1/QĐ-THU)"]
    assert re.findall(r'name="legal_basis"[^>]*value="([^"]*)"', listed) == ["1/QĐ-THU"]
    assert re.findall(r'name="legal_basis"[^>]*value="([^"]+)"', pattern) == []
    assert '<select name="legal_basis"' not in shown


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (["2/QĐ-THU", "", "3/QĐ-THU", "2/QĐ-THU"], ["2/QĐ-THU", "3/QĐ-THU"]),
        ([""], []),
    ],
)
def test_what_is_chosen_is_kept_once_and_empty_choosers_count_for_nothing(client, page, chosen, kept):
    assert post(client, page, legal_basis=chosen).status_code == 302
    assert sorted(document.number for document in newest(page).legal_basis.all()) == kept


def test_a_number_that_no_document_has_is_refused_and_the_others_stay_chosen(client, page):
    answer = post(client, page, legal_basis=["2/QĐ-THU", "9/KHONG-CO"])
    assert answer.status_code == 200
    assert list(answer.context_data["form"].errors) == ["legal_basis"]
    shown = re.search(r"<div[^>]*data-document-list.*?<template>", answer.content.decode(), re.S).group()
    assert re.findall(r'name="legal_basis"[^>]*value="([^"]*)"', shown) == ["2/QĐ-THU", "9/KHONG-CO"]


PUBLISH = {"action-publish": "1"}


def test_guidance_is_not_published_with_codes_that_the_set_does_not_have(client, page):
    answer = post(client, page, criteria_codes="1.1, 7.7; 8", **PUBLISH)
    assert answer.context_data["form"].errors == {
        "criteria_codes": [
            f"“{page.criteria_set.title}” không có mã 7.7, 8. Ghi mã trong cây của bộ đó, ví dụ 1, 1.1 hoặc 1.1.1."
        ]
    }
    assert not GuidancePage.objects.get(pk=page.pk).live


def test_codes_without_a_set_ask_for_the_set(client, page):
    answer = post(client, page, criteria_set="", criteria_codes="1.1", **PUBLISH)
    assert list(answer.context_data["form"].errors) == ["criteria_set"]


def test_a_draft_may_name_any_code(client, page):
    assert post(client, page, criteria_codes="7.7").status_code == 302
    assert newest(page).criteria_codes == "7.7"


def test_a_code_that_only_the_draft_of_the_set_has_may_be_explained(client, page, criteria_set):
    body = criteria_set.body.get_prep_value()
    body[0]["value"]["code"] = "A"
    criteria_set.body = body
    criteria_set.save_revision()
    assert post(client, page, criteria_codes="A, 1.1", **PUBLISH).status_code == 302
    assert GuidancePage.objects.get(pk=page.pk).live


@pytest.mark.parametrize(
    ("asked", "found"),
    [("quyet dinh 2", ["2/QĐ-THU"]), ("2 dinh quyet", ["2/QĐ-THU"]), ("3/qd-thu", ["3/QĐ-THU"]), ("thông tư", [])],
)
def test_documents_are_found_by_words_in_any_order_without_accents(client, documents, asked, found):
    answer = client.get(reverse("criteria_document_chooser:choose_results"), {"q": asked})
    assert [document.number for document in answer.context_data["results"]] == found


def test_a_document_that_holds_the_text_as_typed_comes_before_those_that_hold_it_without_accents(client, documents):
    newer, older = documents[:2]
    type(newer).objects.filter(pk=newer.pk).update(title="Sửa đổi một số điều của luật", issued_on="2026-02-01")
    type(older).objects.filter(pk=older.pk).update(title="Cơ chế một cửa", issued_on="2018-02-01")
    answer = client.get(reverse("criteria_document_chooser:choose_results"), {"q": "một cửa"})
    assert [document.pk for document in answer.context_data["results"]] == [older.pk, newer.pk]


@pytest.mark.parametrize(("name", "model"), [("criteria_sets", CriteriaSetPage), ("criteria_guidance", GuidancePage)])
def test_a_new_page_lies_beside_the_newest_of_its_kind(client, page, name, model):
    home_page().add_child(instance=SectionPage(title="Mục khác", slug="muc-khac"))
    parent = model.objects.order_by("-pk").first().get_parent()
    added = reverse("wagtailadmin_pages:add", args=["criteria_pages", model._meta.model_name, parent.pk])
    choose = reverse(f"{name}:choose_parent")
    assert client.get(choose).headers.get("location") == added
    assert client.get(f"{choose}?chon").status_code == 200


def test_where_one_may_not_write_the_place_is_asked_for(signed_in, page):
    """An editor of another unit's pages is not led to a form that would refuse."""
    answer = signed_in(user_with_role(Role.APPROVER)).get(reverse("criteria_guidance:choose_parent"))
    assert "/add/" not in answer.headers.get("location", "")
