"""Editors are told once that a page of theirs rests on a document that has changed."""

from dataclasses import replace

from django.urls import reverse

import pytest

from cms.enums import Role
from criteria_pages.models import LegalDocument
from submissions.domain.legal_notices import notify_stale_bases
from submissions.models import Notice
from tests.factories import criteria, rules
from tests.factories.cms import user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def page():
    new = LegalDocument.objects.create(number="2/QĐ", title="New")
    LegalDocument.objects.create(number="1/QĐ", title="Old", status="replaced", replaced_by=new)
    resting = replace(rules.leaf("1.1.1"), legal_basis=("1/QĐ",))
    definition = rules.definition(rules.domain("1", rules.criterion("1.1", resting)))
    return criteria.CriteriaSetPageFactory(definition=definition)


def test_those_who_saved_the_page_are_told_once(page):
    writer, other = user_with_role(Role.EDITOR), user_with_role(Role.EDITOR)
    page.save_revision(user=writer)
    assert (notify_stale_bases(), notify_stale_bases()) == (1, 0)
    (notice,) = Notice.objects.all()
    assert (notice.user, notice.url) == (writer, reverse("criteria_legal_basis"))
    assert "1.1.1" in notice.text
    assert "2/QĐ" in notice.text
    assert not Notice.objects.filter(user=other).exists()


def test_another_change_of_the_document_is_told_again(page):
    page.save_revision(user=user_with_role(Role.EDITOR))
    notify_stale_bases()
    LegalDocument.objects.filter(number="1/QĐ").update(status="expired")
    assert notify_stale_bases() == 1


def test_where_no_editor_saved_it_all_editors_are_told(page):
    page.save_revision(user=user_with_role(Role.CONTRIBUTOR))
    editors = {user_with_role(Role.EDITOR), user_with_role(Role.EDITOR)}
    assert notify_stale_bases() == 2
    assert {notice.user for notice in Notice.objects.all()} == editors


def test_nothing_is_told_while_everything_is_in_force():
    criteria.CriteriaSetPageFactory()
    user_with_role(Role.EDITOR)
    assert notify_stale_bases() == 0
