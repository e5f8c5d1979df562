"""Publishing freezes an edition, once; the gate refuses, whichever way publishing comes; a missed one is repaired."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone, translation

from wagtail.models import ModelLogEntry, Page
from wagtail.signals import page_published

import pytest

from cms.models import HomePage
from criteria_pages.domain.announcement import edition_announcement
from criteria_pages.domain.authoring import body_from_definition, definition_from_page
from criteria_pages.domain.editions import freeze_edition, reconcile_editions
from criteria_pages.domain.problems import PublishRefused
from criteria_pages.exceptions import CriteriaError
from criteria_pages.models import CriteriaEdition, CriteriaSetPage
from criteria_pages.receivers import freeze_on_publish
from tests.factories import rules
from tests.factories.cms import UserFactory
from tests.factories.criteria import EditionFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def home(db):
    return Page.objects.get(depth=1).add_child(instance=HomePage(title="Home", slug="home-of-sets"))


def draft(home, definition=None, **fields):
    definition = definition or rules.definition()
    page = CriteriaSetPage(
        title="Set",
        declared_total=definition.total,
        body=json.dumps(body_from_definition(definition)),
        live=False,
        **fields,
    )
    return home.add_child(instance=page)


def publish(page, user=None):
    page.save_revision(user=user).publish(user=user)
    page.refresh_from_db()
    return page


def change(page, definition):
    page.body = json.dumps(body_from_definition(definition))
    page.declared_total = definition.total
    return publish(page)


def test_publishing_freezes_the_first_edition(home):
    user = UserFactory(is_superuser=True)
    page = publish(draft(home, decision_number="1/QĐ"), user)
    edition = page.editions.get()
    assert (edition.number, edition.change_kind, edition.decision_number) == (1, "first", "1/QĐ")
    assert (edition.revision, edition.published_by) == (page.live_revision, user)
    assert edition.sha256 == replace(rules.definition(), title="Set").sha256() == edition.definition.sha256()
    assert ModelLogEntry.objects.filter(action="criteria.freeze_edition").count() == 1


def test_publishing_the_same_again_makes_no_edition(home):
    page = publish(draft(home))
    publish(page)
    assert page.editions.count() == 1


def test_the_kind_of_change_is_computed(home):
    page = publish(draft(home))
    other = rules.definition(rules.domain("1", rules.criterion("1.1", rules.leaf("1.1.1", name="Leaf, 1.1.1"))))
    heavier = rules.definition(rules.domain("1", rules.criterion("1.1", rules.ruled("count"))))
    change(page, other)
    change(page, heavier)
    assert list(page.editions.order_by("number").values_list("number", "change_kind", "previous__number")) == [
        (1, "first", None),
        (2, "wording", 1),
        (3, "scoring", 2),
    ]


def test_going_back_to_old_content_is_a_new_edition(home):
    page = publish(draft(home))
    change(page, rules.definition(rules.domain("1", rules.criterion("1.1", rules.ruled("count")))))
    change(page, rules.definition())
    assert list(page.editions.values_list("number", flat=True)) == [3, 2, 1]


def test_a_new_decision_number_is_a_new_edition_without_change_of_content(home):
    page = publish(draft(home))
    page.decision_number = "2/QĐ"
    publish(page)
    assert page.editions.first().change_kind == "none"


def test_freezing_is_idempotent(home):
    page = publish(draft(home))
    again = freeze_edition(page=page, revision=page.live_revision, user=None)
    assert again == page.editions.get()


def unsound():
    return rules.definition(rules.domain("1", rules.criterion("1.1", rules.leaf("1.1.1", name=""))), total=Decimal(9))


def test_a_draft_may_hold_anything(home):
    page = draft(home, unsound())
    assert page.save_revision().as_object().title == "Set"


def test_publishing_with_problems_is_refused_with_all_of_them(home):
    page = draft(home, unsound())
    with pytest.raises(PublishRefused) as refused, transaction.atomic():
        page.save_revision().publish()
    assert [str(problem) for problem in refused.value.problems] == [
        "Total: 9 points are declared, but the parts add up to 2.",
        "1 › 1.1 › 1.1.1: The name is missing.",
    ]
    page.refresh_from_db()
    assert (page.live, page.editions.count()) == (False, 0)


def test_a_live_set_stays_as_it_was_when_the_next_is_refused(home):
    page = publish(draft(home))
    page.body = json.dumps(body_from_definition(unsound()))
    with pytest.raises(PublishRefused), transaction.atomic():
        page.save_revision().publish()
    page.refresh_from_db()
    (leaf,) = definition_from_page(page).leaves
    assert (page.live, page.editions.count(), leaf.name) == (True, 1, "Leaf 1.1.1")


def test_a_code_that_disappears_is_refused_unless_dropped_on_purpose(home):
    page = publish(draft(home))
    other = rules.definition(rules.domain("1", rules.criterion("1.1", rules.leaf("1.1.9"))))
    with pytest.raises(PublishRefused) as refused, transaction.atomic():
        change(page, other)
    assert [str(problem) for problem in refused.value.problems] == [
        "Criterion 1.1.1 of edition 1 is no longer there. Put its code back, or enter it under “codes dropped on"
        " purpose”."
    ]
    page = CriteriaSetPage.objects.get(pk=page.pk)
    page.dropped_codes = "1.1.1"
    change(page, other)
    assert page.editions.first().change_kind == "scoring"


def test_scheduled_publishing_freezes_when_its_time_comes(home):
    page = draft(home)
    page.go_live_at = timezone.now() + dt.timedelta(days=1)
    revision = page.save_revision()
    revision.publish()
    assert page.editions.count() == 0
    revision.approved_go_live_at = timezone.now() - dt.timedelta(minutes=1)
    revision.content["go_live_at"] = revision.approved_go_live_at.isoformat()
    revision.save()
    call_command("publish_scheduled")
    assert page.editions.count() == 1


def test_purging_revisions_keeps_editions(home):
    page = publish(draft(home))
    change(page, rules.definition(rules.domain("1", rules.criterion("1.1", rules.ruled("count")))))
    page.save_revision()
    call_command("purge_revisions")
    assert page.editions.count() == 2
    assert all(edition.revision.content for edition in page.editions.all())


def test_a_missed_edition_is_repaired(home):
    page = draft(home)
    page_published.disconnect(dispatch_uid="criteria.freeze_edition", sender=CriteriaSetPage)
    try:
        publish(page)
    finally:
        page_published.connect(freeze_on_publish, sender=CriteriaSetPage, dispatch_uid="criteria.freeze_edition")
    assert page.editions.count() == 0
    (made,) = reconcile_editions()
    assert (made, made.revision) == (page.editions.get(), page.live_revision)
    assert reconcile_editions() == []
    assert ModelLogEntry.objects.filter(action="criteria.reconcile_edition").count() == 1


def test_a_copy_is_a_draft_without_editions(home):
    page = publish(draft(home))
    copied = page.copy(update_attrs={"slug": "next-year"}, keep_live=True)
    assert (copied.live, copied.editions.count()) == (False, 0)


def test_an_edition_is_never_changed_or_deleted_through_the_model():
    edition = EditionFactory()
    edition.title = "Other"
    with pytest.raises(CriteriaError, match="cannot be changed"):
        edition.save()
    with pytest.raises(CriteriaError, match="cannot be deleted"):
        edition.delete()


@pytest.mark.parametrize("act", ["update", "delete"])
def test_the_database_itself_refuses(act):
    edition = EditionFactory()
    rows = CriteriaEdition.objects.filter(pk=edition.pk)
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        rows.update(title="Other") if act == "update" else rows._raw_delete("default")
    assert CriteriaEdition.objects.get().title == edition.title


def test_announcement__says_what_a_publication_froze(home):
    with translation.override("en"):
        page = publish(draft(home))
        assert edition_announcement(page) == "Edition 1 was frozen, the first of this set."
        page.title = "Another title"
        assert edition_announcement(publish(page)) == (
            "Edition 2 was frozen. Wording only, 1 difference from edition 1: Name."
        )
        page.decision_number = "12/QĐ"
        assert edition_announcement(publish(page)) == "Edition 3 was frozen: only the decision differs from edition 2."
        assert (
            edition_announcement(publish(page))
            == "Nothing that an edition holds has changed: edition 3 stays the newest."
        )
