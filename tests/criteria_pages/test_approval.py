"""Approval by a second person: who may, who may not, and that nothing goes live past it."""

import datetime as dt
import json

from django.core import mail
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone, translation

from wagtail.actions.edit_page import EditPageAction
from wagtail.actions.publish_page_revision import PublishPageRevisionAction
from wagtail.models import ModelLogEntry, Page, PageLogEntry, Revision, Workflow, WorkflowPage

import pytest

from cms.domain.approvals import ensure_workflow
from cms.enums import Role
from cms.exceptions import PortalError
from cms.models import FourEyesTask
from cms.roles import sync_groups
from criteria_pages.domain.authoring import body_from_definition
from tests.factories import criteria, rules
from tests.factories.cms import UserFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def workflow():
    sync_groups()
    assert ensure_workflow()
    return Workflow.objects.get(workflow_pages__page__depth=1)


@pytest.fixture
def editor():
    return user_with_role(Role.EDITOR)


@pytest.fixture
def approver():
    return user_with_role(Role.APPROVER)


def drafted(user, **fields):
    """A set that was never live, with one draft of the user."""
    page = criteria.CriteriaSetPageFactory(live=False, **fields)
    page.save_revision(user=user, log_action=True)
    return fresh(page)


def fresh(page):
    return type(page).objects.get(pk=page.pk)


def change(page, user, title):
    draft = page.get_latest_revision_as_object()
    draft.title = title
    draft.save_revision(user=user, log_action=True)
    return fresh(page)


def submit(page, user):
    return page.get_workflow().start(page, user)


def actions(page, user):
    return [name for name, _label, _modal in fresh(page).current_workflow_task.get_actions(fresh(page), user)]


def approve(client, page):
    state = page.current_workflow_state.current_task_state
    url = reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "approve", state.pk])
    return client.post(url, {"comment": "", "next": "/admin/"})


def form_of(page, **changes):
    """What the editor's form posts of a page as it is, all nodes closed."""
    draft = page.get_latest_revision_as_object()
    state = draft.body.stream_block.get_form_state(draft.body)
    posted = {
        "title": draft.title,
        "slug": draft.slug,
        "declared_total": str(draft.declared_total),
        "bonus_cap": "0",
        "penalty_cap": "0",
        "decision_number": draft.decision_number,
        "decision_date": draft.decision_date.strftime("%d/%m/%Y"),
        "body-count": str(len(state)),
    }
    for index, item in enumerate(state):
        posted |= {
            f"body-{index}-deleted": "",
            f"body-{index}-order": str(index),
            f"body-{index}-type": item["type"],
            f"body-{index}-id": item["id"],
            f"body-{index}-value-lazy": json.dumps(item["value"]),
        }
    for kind in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM"):
        posted[f"comments-{kind}_FORMS"] = "0"
    return posted | changes


def edit_url(page):
    return reverse("wagtailadmin_pages:edit", args=[page.pk])


# --- the workflow that the portal begins with
def test_the_workflow_is_made_once_and_then_belongs_to_the_administrators(workflow):
    (task,) = (task.specific for task in workflow.tasks)
    assert isinstance(task, FourEyesTask)
    assert [group.name for group in task.groups.all()] == [Role.APPROVER]
    workflow.deactivate()
    assert not ensure_workflow()
    assert not WorkflowPage.objects.exists()


def test_another_workflow_on_the_root_stays():
    FourEyesTask.objects.all().delete()
    other = Workflow.objects.create(name="Ours")
    WorkflowPage.objects.filter(page__depth=1).update(workflow=other)
    assert ensure_workflow()
    assert WorkflowPage.objects.get(page__depth=1).workflow == other


# --- while it waits
def test_what_waits_is_read_by_its_author_and_written_by_its_approver(editor, approver, signed_in):
    """The mark at the editor's button is what `admin-locked.js` makes the fields read-only by."""
    page = drafted(editor)
    address = reverse("wagtailadmin_pages:edit", args=[page.pk])

    def locked(user):
        return "data-page-locked" in signed_in(user).get(address).content.decode()

    assert not locked(editor)
    submit(page, editor)
    assert (locked(editor), locked(approver)) == (True, False)
    fresh(page).current_workflow_state.cancel(user=editor)
    assert not locked(editor)


def test_what_came_back_is_changed_sent_again_and_approved(editor, approver, signed_in):
    page = drafted(editor)
    submit(page, editor)
    asked = page.current_workflow_state.current_task_state
    reject = reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "reject", asked.pk])
    signed_in(approver).post(reject, {"comment": "Sửa tên", "next": "/admin/"})
    assert "Sửa tên" in signed_in(editor).get(edit_url(page)).content.decode()
    address = reverse("wagtailadmin_pages:edit", args=[page.pk])
    changed = form_of(fresh(page), title="Tên đã sửa")
    assert signed_in(editor).post(address, changed).status_code == 302
    assert signed_in(editor).post(address, {**changed, "action-submit": "1"}).status_code == 302
    assert approve(signed_in(approver), fresh(page)).status_code == 302
    assert (fresh(page).title, fresh(page).live) == ("Tên đã sửa", True)


# --- who approves
def test_a_second_person_approves_and_the_edition_names_both(editor, approver, signed_in):
    page = drafted(editor)
    submit(page, editor)
    assert actions(page, approver) == ["reject", "approve", "approve"]
    assert approve(signed_in(approver), page).status_code == 302
    edition = fresh(page).editions.get()
    assert (edition.published_by, edition.revision.user) == (approver, editor)
    assert not ModelLogEntry.objects.filter(action="criteria.publish_without_approval").exists()


@pytest.mark.parametrize("who", ["author", "submitter", "one who changed it", "superuser", "editor"])
def test_nobody_else_approves(who, editor, approver, signed_in):
    person = approver
    page = drafted(person if who == "author" else editor)
    if who == "one who changed it":
        change(page, person, "Changed")
    if who == "superuser":
        person = UserFactory(is_superuser=True)
    if who == "editor":
        person = editor
    submit(page, person if who == "submitter" else editor)
    assert "approve" not in actions(page, person)
    assert approve(signed_in(person), page).status_code in {302, 403}
    assert (fresh(page).live, fresh(page).workflow_in_progress) == (False, True)


def test_an_author_of_the_live_version_approves_the_next_one(editor, approver):
    page = drafted(approver)
    page.get_latest_revision().publish()
    page = change(fresh(page), editor, "Next")
    submit(page, editor)
    assert "approve" in actions(page, approver)


def test_saving_without_a_change_does_not_make_an_author(editor, approver, signed_in):
    page = drafted(editor)
    submit(page, editor)
    saved = signed_in(approver).post(edit_url(page), form_of(page))
    assert saved.status_code == 302
    assert fresh(page).latest_revision.user == approver
    assert "approve" in actions(page, approver)


def test_a_purged_revision_still_counts(editor, approver):
    page = change(drafted(editor), approver, "Changed")
    page = change(page, editor, "Changed again")
    Revision.objects.for_instance(page).filter(user=approver).delete()
    submit(page, editor)
    assert "approve" not in actions(page, approver)


def test_the_approver_who_changes_and_approves_in_one_step_keeps_the_change_and_approves_nothing(
    editor, approver, signed_in
):
    page = drafted(editor)
    submit(page, editor)
    client = signed_in(approver)
    wanted = {"action-workflow-action": "true", "workflow-action-name": "approve", "title": "Typed by the approver"}
    answer = client.post(edit_url(page), form_of(page, **wanted), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["success", "warning"]
    page = fresh(page)
    assert (page.live, page.workflow_in_progress) == (False, True)
    assert page.get_latest_revision_as_object().title == "Typed by the approver"
    with translation.override("vi"):
        reason = fresh(page).get_lock().get_message(approver)
    shown = client.get(edit_url(page)).content.decode()
    assert reason in shown
    assert 'data-workflow-action-name="approve"' not in shown


@pytest.mark.parametrize(("who", "told"), [(Role.APPROVER, True), (Role.EDITOR, False)])
def test_the_editor_tells_whoever_may_approve_where_that_is_done(who, told, editor, signed_in):
    page = drafted(editor)
    submit(page, editor)
    answer = signed_in(user_with_role(who)).get(edit_url(page))
    assert ("Bản nháp này đang chờ bạn phê duyệt." in answer.content.decode()) is told


def test_approving_in_the_editor_publishes(editor, approver, signed_in):
    page = drafted(editor)
    submit(page, editor)
    wanted = {"action-workflow-action": "true", "workflow-action-name": "approve"}
    answer = signed_in(approver).post(edit_url(page), form_of(page, **wanted), follow=True)
    assert fresh(page).editions.get().published_by == approver
    assert f"Bạn đã phê duyệt “{page.title}”; trang đã được xuất bản." in answer.content.decode()


def test_the_list_of_what_waits_leaves_out_what_one_sent_in(editor, approver):
    page = drafted(approver)
    state = submit(page, approver)
    task = FourEyesTask.objects.get()
    other = user_with_role(Role.APPROVER)
    assert list(task.get_task_states_user_can_moderate(approver)) == []
    assert [found.pk for found in task.get_task_states_user_can_moderate(other)] == [state.current_task_state_id]
    assert list(task.get_task_states_user_can_moderate(editor)) == []


# --- nothing goes live past it
def test_an_editor_cannot_publish_in_the_editor(editor, signed_in):
    page = drafted(editor)
    client = signed_in(editor)
    assert 'name="action-publish"' not in client.get(edit_url(page)).content.decode()
    client.post(edit_url(page), form_of(page, **{"action-publish": "1"}))
    assert (fresh(page).live, fresh(page).editions.count()) == (False, 0)


@pytest.mark.parametrize(("role", "offered"), [(Role.EDITOR, False), (None, True)])
def test_a_new_set_offers_publishing_to_superusers_alone(role, offered, signed_in):
    user = user_with_role(role) if role else UserFactory(is_superuser=True)
    parent = criteria.CriteriaSetPageFactory().get_parent()
    url = reverse("wagtailadmin_pages:add", args=["criteria_pages", "criteriasetpage", parent.pk])
    shown = signed_in(user).get(url).content.decode()
    assert ('name="action-publish"' in shown, 'name="action-submit"' in shown) == (offered, True)


def test_other_pages_are_still_published_directly(editor, signed_in):
    parent = criteria.CriteriaSetPageFactory().get_parent()
    url = reverse("wagtailadmin_pages:add", args=["criteria_pages", "guidancepage", parent.pk])
    assert 'name="action-publish"' in signed_in(editor).get(url).content.decode()


def test_an_editor_cannot_publish_by_bulk_action(editor, signed_in):
    page = drafted(editor)
    url = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    signed_in(editor).post(f"{url}?id={page.pk}&next=/admin/", {"include_descendants": ""})
    assert (fresh(page).live, fresh(page).editions.count()) == (False, 0)


def copied(client, page, **fields):
    posted = {"new_title": "Copy", "new_slug": "copy", "new_parent_page": str(page.get_parent().pk), **fields}
    return client.post(reverse("wagtailadmin_pages:copy", args=[page.pk]), posted)


def live_page(user):
    page = drafted(user)
    page.get_latest_revision().publish()
    return fresh(page)


def test_a_copy_is_a_draft(editor, signed_in):
    page = live_page(editor)
    assert copied(signed_in(editor), page).status_code == 302
    copy = Page.objects.get(slug="copy")
    assert (copy.live, copy.specific.editions.count()) == (False, 0)


@pytest.mark.parametrize("what", ["publish_copies", "alias"])
def test_a_section_is_not_copied_with_its_sets_published(what, editor, signed_in):
    page = live_page(editor)
    for source in (page, page.get_parent()):
        copied(signed_in(editor), source, copy_subpages="on", **{what: "on"})
    assert not Page.objects.filter(slug="copy").exists()


@pytest.mark.parametrize("action", [EditPageAction, PublishPageRevisionAction])
def test_the_actions_of_the_write_api_refuse_an_editor(action, editor):
    page = drafted(editor)
    if action is EditPageAction:
        asked = EditPageAction(page, user=editor, publish=True)
    else:
        asked = PublishPageRevisionAction(page.latest_revision, user=editor)
    with pytest.raises(PermissionDenied):
        asked.execute()
    assert (fresh(page).live, fresh(page).editions.count()) == (False, 0)


def test_a_superuser_may_and_that_is_written_down(editor, signed_in):
    page = drafted(editor)
    root = UserFactory(is_superuser=True)
    signed_in(root).post(edit_url(page), form_of(page, **{"action-publish": "1"}))
    assert fresh(page).editions.get().published_by == root
    entry = PageLogEntry.objects.get(action="criteria.publish_without_approval")
    assert (entry.user, entry.page_id) == (root, page.pk)


def test_without_a_workflow_an_editor_publishes(workflow, editor, signed_in):
    workflow.deactivate()
    page = drafted(editor)
    signed_in(editor).post(edit_url(page), form_of(page, **{"action-publish": "1"}))
    assert fresh(page).editions.get().published_by == editor


# --- later
def scheduled(page, user, day):
    draft = page.get_latest_revision_as_object()
    draft.go_live_at = day
    draft.save_revision(user=user)
    return fresh(page)


def make_due(page):
    revision = page.latest_revision
    due = timezone.now() - dt.timedelta(minutes=1)
    revision.content["go_live_at"] = due.isoformat()
    revision.approved_go_live_at = due
    revision.save()


def test_an_approved_set_goes_live_on_its_day(editor, approver, signed_in):
    page = scheduled(drafted(editor), editor, timezone.now() + dt.timedelta(days=2))
    submit(page, editor)
    approve(signed_in(approver), page)
    assert (fresh(page).live, fresh(page).editions.count(), fresh(page).approved_schedule) == (False, 0, True)
    make_due(page)
    call_command("publish_scheduled")
    assert (fresh(page).live, fresh(page).editions.get().published_by) == (True, approver)


NAMELESS = json.dumps(body_from_definition(rules.definition(rules.domain("1", rules.scored_criterion("1.1", name="")))))


def test_an_unsound_set_is_not_put_on_the_calendar(editor, approver):
    page = scheduled(drafted(editor), editor, timezone.now() + dt.timedelta(days=2))
    draft = page.get_latest_revision_as_object()
    draft.body = NAMELESS
    draft.save_revision(user=editor)
    state = submit(fresh(page), editor)
    with pytest.raises(PortalError, match=r"1\.1"):
        state.current_task_state.specific.approve(user=approver)
    assert (fresh(page).workflow_in_progress, fresh(page).approved_schedule) == (True, False)


def test_what_became_unsound_meanwhile_is_put_back_and_the_others_go_live(editor, approver):
    first, second = (scheduled(drafted(editor), editor, timezone.now() + dt.timedelta(days=days)) for days in (1, 2))
    for page in (first, second):
        submit(page, editor).current_task_state.specific.approve(user=approver)
    for page in (first, second):
        make_due(page)
    Revision.objects.filter(pk=first.latest_revision_id).update(
        content=first.latest_revision.content | {"body": NAMELESS}
    )
    call_command("publish_scheduled")
    assert [(fresh(page).live, fresh(page).approved_schedule) for page in (first, second)] == [
        (False, False),
        (True, False),
    ]
    entry = PageLogEntry.objects.get(action="cms.schedule_refused")
    assert entry.page_id == first.pk
    told = [letter.to for letter in mail.outbox if "1 › 1.1: " in letter.body]
    assert sorted(told) == sorted([[editor.email], [approver.email]])
