"""Criteria and guidance that rest on documents no longer in force are listed."""

from dataclasses import replace

from django.urls import reverse

import pytest

from criteria_pages.domain.legal_basis import stale_bases
from criteria_pages.models import GuidancePage, LegalDocument
from tests.factories import criteria, rules
from tests.factories.cms import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def replaced():
    new = LegalDocument.objects.create(number="2/QĐ", title="New")
    LegalDocument.objects.create(number="3/QĐ", title="In force")
    return LegalDocument.objects.create(number="1/QĐ", title="Old", status="replaced", replaced_by=new)


def test_leaves_and_guidance_on_a_replaced_document(replaced, signed_in):
    resting = replace(rules.leaf("1.1.1"), legal_basis=("1/QĐ", "3/QĐ"))
    definition = rules.definition(rules.domain("1", rules.criterion("1.1", resting, rules.leaf("1.1.2"))))
    page = criteria.CriteriaSetPageFactory(definition=definition)
    guidance = page.get_parent().add_child(instance=GuidancePage(title="Guidance"))
    guidance.legal_basis.set([replaced])
    guidance.save()
    found = [(stale.document, stale.page.title, stale.codes) for stale in stale_bases()]
    assert sorted(found, key=lambda row: row[2]) == [
        (replaced, "Guidance", ()),
        (replaced, page.title, ("1.1.1",)),
    ]
    shown = signed_in(UserFactory(is_superuser=True)).get(reverse("criteria_legal_basis"))
    assert len(shown.context_data["rows"]) == 2


def test_nothing_where_everything_is_in_force(replaced):
    criteria.CriteriaSetPageFactory()
    assert stale_bases() == []
