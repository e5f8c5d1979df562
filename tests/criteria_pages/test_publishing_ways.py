"""Every way of publishing passes the gate: workflow, bulk action, scheduling form; nothing is half published."""

import json

from django.urls import reverse

from wagtail.models import GroupApprovalTask, Workflow, WorkflowPage, WorkflowTask

import pytest

from criteria_pages.domain.authoring import body_from_definition
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
