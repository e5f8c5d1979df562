"""Every way of publishing passes the gate and freezes: workflow, bulk action, schedule, write API; a missed edition is
repaired, whichever way was missed; nothing is half published."""

import datetime as dt
import json

from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from wagtail.actions.edit_page import EditPageAction
from wagtail.actions.publish_page_revision import PublishPageRevisionAction
from wagtail.models import GroupApprovalTask, Workflow, WorkflowPage, WorkflowTask
from wagtail.signals import page_published

import pytest

from criteria_pages.domain.authoring import body_from_definition, definition_from_page
from criteria_pages.models import CriteriaSetPage
from criteria_pages.receivers import freeze_on_publish
from criteria_pages.tasks import reconcile_editions
from tests.factories import criteria, rules
from tests.factories.cms import UserFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def make_unsound(page):
    nameless = rules.definition(rules.domain("1", rules.scored_criterion("1.1", name="")))
    page.body = json.dumps(body_from_definition(nameless))
    return page.save_revision()


def draft():
    page = criteria.CriteriaSetPageFactory(live=False)
    page.save_revision()
    return page


@pytest.fixture
def admin(signed_in):
    return signed_in(UserFactory(is_superuser=True))


def test_bulk_publishing_refuses_all_where_one_is_unsound(admin):
    sound, unsound = draft(), draft()
    make_unsound(unsound)
    url = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    answer = admin.post(f"{url}?id={sound.pk}&id={unsound.pk}&next=/admin/", {"include_descendants": ""})
    assert answer.status_code == 302
    for page in (sound, unsound):
        page.refresh_from_db()
        assert (page.live, page.editions.count()) == (False, 0)


def test_bulk_publishing_freezes_each(admin):
    first, second = draft(), draft()
    url = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    admin.post(f"{url}?id={first.pk}&id={second.pk}&next=/admin/", {"include_descendants": ""})
    assert [page.editions.count() for page in (first, second)] == [1, 1]


def workflow_on(page):
    task = GroupApprovalTask.objects.create(name="Approve")
    workflow = Workflow.objects.create(name="Approval")
    WorkflowTask.objects.create(workflow=workflow, task=task)
    WorkflowPage.objects.create(workflow=workflow, page=page)
    return workflow


def approve(admin, page):
    state = page.current_workflow_state
    url = reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "approve", state.current_task_state.pk])
    return admin.post(url, {"comment": "", "next": "/admin/"})


def test_approval_publishes_and_freezes(admin):
    page = draft()
    workflow_on(page).start(page, UserFactory())
    approve(admin, page)
    page.refresh_from_db()
    assert (page.live, page.editions.count()) == (True, 1)


def test_approval_of_an_unsound_set_is_refused_and_stays_open(admin):
    page = draft()
    make_unsound(page)
    page.refresh_from_db()
    workflow_on(page).start(page, UserFactory())
    answer = approve(admin, page)
    assert answer.status_code in {302, 400}
    page.refresh_from_db()
    assert (page.live, page.editions.count()) == (False, 0)
    assert page.current_workflow_state.status == "in_progress"


def by_workflow(admin, page):
    workflow_on(page).start(page, UserFactory())
    approve(admin, page)


def by_bulk_action(admin, page):
    url = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    admin.post(f"{url}?id={page.pk}&next=/admin/", {"include_descendants": ""})


def by_schedule(admin, page):
    page.go_live_at = timezone.now() + dt.timedelta(days=1)
    revision = page.save_revision()
    revision.publish()
    revision.approved_go_live_at = timezone.now() - dt.timedelta(minutes=1)
    revision.content["go_live_at"] = revision.approved_go_live_at.isoformat()
    revision.save()
    call_command("publish_scheduled")


def by_edit_action(admin, page):
    EditPageAction(page, user=UserFactory(is_superuser=True), publish=True).execute()


def by_publish_action(admin, page):
    PublishPageRevisionAction(page.latest_revision, user=UserFactory(is_superuser=True)).execute()


@pytest.mark.parametrize("receiver", ["alive", "dead"])
@pytest.mark.parametrize("way", [by_workflow, by_bulk_action, by_schedule, by_edit_action, by_publish_action])
def test_each_way_freezes_and_a_missed_edition_is_repaired(admin, way, receiver):
    page = draft()
    if receiver == "dead":
        page_published.disconnect(dispatch_uid="criteria.freeze_edition", sender=CriteriaSetPage)
    try:
        way(admin, page)
    finally:
        page_published.connect(freeze_on_publish, sender=CriteriaSetPage, dispatch_uid="criteria.freeze_edition")
    page = CriteriaSetPage.objects.get(pk=page.pk)
    assert (page.live, page.editions.count()) == (True, receiver == "alive")
    assert reconcile_editions() == (receiver == "dead")
    edition = page.editions.get()
    assert (edition.sha256, edition.revision) == (definition_from_page(page).sha256(), page.live_revision)
    assert reconcile_editions() == 0


def test_a_missed_edition_is_repaired_though_its_revision_was_purged_and_the_draft_stays(admin):
    page = draft()
    page_published.disconnect(dispatch_uid="criteria.freeze_edition", sender=CriteriaSetPage)
    try:
        by_bulk_action(admin, page)
    finally:
        page_published.connect(freeze_on_publish, sender=CriteriaSetPage, dispatch_uid="criteria.freeze_edition")
    live = CriteriaSetPage.objects.get(pk=page.pk)
    live.title = "Drafted since"
    newer = live.save_revision()
    call_command("purge_revisions")
    assert reconcile_editions() == 1
    page = CriteriaSetPage.objects.get(pk=page.pk)
    assert (page.live_revision, page.latest_revision, page.get_latest_revision()) == (None, newer, newer)
    assert page.get_latest_revision_as_object().title == "Drafted since"
    edition = page.editions.get()
    assert (edition.title, edition.revision.content["title"]) == (page.title, page.title)
    assert reconcile_editions() == 0


@pytest.mark.parametrize("what", ["page", "bulk", "section"])
def test_what_has_editions_is_not_deleted_and_the_screen_says_why(admin, what):
    page = draft()
    by_bulk_action(admin, page)
    chosen = page.get_parent() if what == "section" else page
    url = reverse("wagtailadmin_pages:delete", args=[chosen.pk])
    if what == "bulk":
        url = f"{reverse('wagtail_bulk_action', args=['wagtailcore', 'page', 'delete'])}?id={page.pk}&next=/admin/"
    answer = admin.post(url, follow=True)
    assert [message.level_tag for message in answer.context["messages"]][-1:] == ["error"]
    assert CriteriaSetPage.objects.filter(pk=page.pk, live=True).exists()
    other = draft()
    admin.post(reverse("wagtailadmin_pages:delete", args=[other.pk]))
    assert not CriteriaSetPage.objects.filter(pk=other.pk).exists()
