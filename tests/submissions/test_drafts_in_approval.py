"""A draft on its way through the approval: who sees it waiting, who is told, and what the editor's screen offers."""

from __future__ import annotations

from django.core import mail
from django.urls import reverse
from django.utils import translation

import pytest

from cms.domain.approvals import ensure_workflow
from cms.enums import Role
from cms.navigation import todos_for
from cms.roles import sync_groups
from submissions.models import Notice
from tests.factories import criteria
from tests.factories.cms import user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _vietnamese():
    with translation.override("vi"):
        yield


@pytest.fixture
def people():
    sync_groups()
    ensure_workflow()
    return user_with_role(Role.EDITOR), user_with_role(Role.APPROVER)


@pytest.fixture
def page(people):
    draft = criteria.CriteriaSetPageFactory(live=False, title="Set 2027", owner=people[0])
    draft.save_revision(user=people[0], log_action=True)
    draft.get_workflow().start(draft, people[0])
    return draft


def fresh(page):
    return type(page).objects.get(pk=page.pk)


def ask_for_changes(page, approver, comment="Points of 1.2?"):
    fresh(page).current_workflow_state.current_task_state.task.specific.on_action(
        fresh(page).current_workflow_state.current_task_state, approver, "reject", comment=comment
    )


def todos(user):
    return [todo.title for todo in todos_for(user)]


def told(user):
    return [(notice.title, notice.text, notice.url) for notice in Notice.objects.filter(user=user).order_by("pk")]


def shown(client, page):
    return client.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()


def test_sent_in__the_approver_sees_it_waiting_and_is_told_once(people, page):
    editor, approver = people
    address = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert (todos(editor), todos(approver)) == ([], [f"Phê duyệt “Set 2027”, {editor} gửi"])
    assert told(approver) == [("Bản nháp chờ bạn phê duyệt: Set 2027", f"Người gửi: {editor}.", address)]
    assert (told(editor), mail.outbox) == ([], [])


def test_an_approver_who_sent_it_in_sees_nothing(people):
    _editor, approver = people
    draft = criteria.CriteriaSetPageFactory(live=False)
    draft.save_revision(user=approver)
    draft.get_workflow().start(draft, approver)
    assert (todos(approver), told(approver)) == ([], [])


def test_changes_asked_for__the_sender_sees_the_comment_and_sends_again(people, page, signed_in):
    editor, approver = people
    ask_for_changes(page, approver)
    address = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert (todos(editor), todos(approver)) == ([f"Sửa “Set 2027” theo yêu cầu của {approver} rồi gửi lại"], [])
    assert told(editor) == [("Có yêu cầu sửa: Set 2027", "Points of 1.2?", address)]
    seen = shown(signed_in(editor), page)
    assert f"{approver} yêu cầu sửa: “Points of 1.2?”" in seen
    assert "Gửi lại phê duyệt" in seen
    assert ("action-restart-workflow" in seen, reverse("cms_take_back", args=[page.pk]) in seen) == (False, False)
    fresh(page).current_workflow_state.resume(user=editor)
    assert (todos(editor), todos(approver)) == ([], [f"Phê duyệt “Set 2027”, {editor} gửi"])
    assert len(told(approver)) == 2
    assert "yêu cầu sửa: " not in shown(signed_in(editor), page)


def test_approved__the_sender_is_told(people, page):
    editor, approver = people
    state = fresh(page).current_workflow_state.current_task_state
    state.task.specific.on_action(state, approver, "approve", comment="Good")
    address = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert told(editor) == [("Bản nháp của bạn đã được phê duyệt: Set 2027", "Good", address)]
    assert (todos(editor), todos(approver), mail.outbox) == ([], [], [])


def test_waiting__taking_back_is_asked_first_and_offered_to_the_sender_alone(people, page, signed_in):
    editor, approver = people
    question = reverse("cms_take_back", args=[page.pk])
    client = signed_in(editor)
    seen = shown(client, page)
    assert seen.index("Đang chờ phê duyệt") < seen.index(question)
    assert "action-cancel-workflow" not in seen
    assert client.get(question).status_code == 200
    assert fresh(page).workflow_in_progress
    assert (question in shown(signed_in(approver), page), signed_in(approver).post(question).status_code) == (
        False,
        302,
    )
    assert fresh(page).workflow_in_progress
    signed_in(editor).post(question)
    assert not fresh(page).workflow_in_progress
    assert "Gửi phê duyệt" in shown(signed_in(editor), page)
