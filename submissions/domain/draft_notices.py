"""Whom a draft in approval waits for: the approvers of one that was sent in, the sender of one that came back.

Wagtail has its own mails for this. They say the same past the choice of mails that each person made, so the portal's
notices take their place (`submissions.receivers`).
"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from wagtail.models import AbstractGroupApprovalTask, Page, TaskState, WorkflowState

from cms.models import User
from submissions.domain.notices import notify


def tell_reviewers(*, state: TaskState) -> None:
    """A draft was sent in: those who may approve it are told, not who sent it."""
    flow, task = state.workflow_state, state.task.specific
    page = flow.content_object
    if not isinstance(page, Page) or not isinstance(task, AbstractGroupApprovalTask):
        return
    people = User.objects.filter(groups__in=task.groups.all(), is_active=True).exclude(pk=flow.requested_by_id)
    notify(
        users=people.distinct(),
        key=f"draft-waits:{state.pk}",
        title=lambda: _("A draft waits for your approval: %(page)s") % _names(page),
        text=lambda: _("Sent by %(user)s.") % {"user": flow.requested_by or _("the portal")},
        url=_editor(page),
    )


def tell_sender_of_changes(*, flow: WorkflowState, user: User | None) -> None:
    """A draft came back: who sent it in is told why."""
    page, last = flow.content_object, flow.current_task_state
    if isinstance(page, Page):
        notify(
            users=_sender(flow, user),
            key=f"draft-changes:{last.pk}",
            title=lambda: _("Changes are asked for: %(page)s") % _names(page),
            text=last.comment,
            url=_editor(page),
        )


def tell_sender_of_approval(*, flow: WorkflowState, user: User | None) -> None:
    """A draft was approved: who sent it in is told, with the comment if there is one."""
    page, last = flow.content_object, flow.current_task_state
    if isinstance(page, Page):
        notify(
            users=_sender(flow, user),
            key=f"draft-approved:{flow.pk}",
            title=lambda: _("Your draft is approved: %(page)s") % _names(page),
            text=last.comment if last else "",
            url=_editor(page),
        )


def _sender(flow: WorkflowState, user: User | None) -> list[User]:
    sender = flow.requested_by
    return [sender] if sender is not None and (user is None or sender.pk != user.pk) else []


def _names(page: Page) -> dict[str, Any]:
    return {"page": page.draft_title or page.title}


def _editor(page: Page) -> str:
    return reverse("wagtailadmin_pages:edit", args=[page.pk])
