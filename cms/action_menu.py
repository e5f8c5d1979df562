"""The page editor's actions in the words of the approval: send, send again, waiting, take back."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from wagtail.admin.action_menu import (
    ActionMenuItem,
    CancelWorkflowMenuItem,
    PageLockedMenuItem,
    RestartWorkflowMenuItem,
    SubmitForModerationMenuItem,
)
from wagtail.models import Page, WorkflowState

from cms.models import User


class SendItem(SubmitForModerationMenuItem):
    """Sends the draft in. Wagtail puts the name of the workflow here, which reads as if one approved it oneself."""

    def get_context_data(self, parent_context: dict[str, Any]) -> dict[str, Any]:
        """Name the step by what it does."""
        context: dict[str, Any] = super().get_context_data(parent_context)
        page = parent_context.get("page")
        state = page.current_workflow_state if page else None
        again = state is not None and state.status == WorkflowState.STATUS_NEEDS_CHANGES
        context["label"] = _("Send again for approval") if again else _("Send for approval")
        return context


class TakeBackItem(CancelWorkflowMenuItem):
    """Leads to the question whether to take the draft back."""

    label = _("Take back to change it")
    icon_name = "undo"

    def is_shown(self, context: dict[str, Any]) -> bool:
        """Shown to who sent the draft in, while it waits: reviewers ask for changes instead."""
        return context["view"] == "edit" and may_take_back(context["page"], context["request"].user)

    def get_url(self, context: dict[str, Any]) -> str:
        """Return the address of the question."""
        return reverse("cms_take_back", args=[context["page"].pk])


class WaitingItem(PageLockedMenuItem):
    """Says why there is nothing to save: the draft waits for its approval."""

    template_name = "cms/admin/action_waiting.html"


def may_take_back(page: Page, user: User) -> bool:
    """Whether the page waits for its approval and the user is who sent it in or who made the page."""
    state = page.current_workflow_state
    if state is None or state.status != WorkflowState.STATUS_IN_PROGRESS:
        return False
    return user.pk in {state.requested_by_id, page.owner_id} and bool(state.user_can_cancel(user))


def in_plain_words(items: list[ActionMenuItem], context: dict[str, Any]) -> list[ActionMenuItem]:
    """Return the actions with ours in the place of Wagtail's; the first is the large button.

    To begin a workflow anew is offered where it has several steps; with one it is what sending again does.
    """
    page = context.get("page")
    state = page.current_workflow_state if page else None
    several = state is not None and state.workflow.workflow_tasks.count() > 1
    found = [ours for item in items if (ours := _ours(item, several=several)) is not None and _stays(ours, context)]
    if state is not None and state.status == WorkflowState.STATUS_IN_PROGRESS:
        found.sort(key=lambda item: not isinstance(item, WaitingItem))
    return found


def _stays(item: ActionMenuItem, context: dict[str, Any]) -> bool:
    return not isinstance(item, TakeBackItem) or item.is_shown(context)


def _ours(item: ActionMenuItem, *, several: bool) -> ActionMenuItem | None:
    if isinstance(item, SubmitForModerationMenuItem):
        return SendItem(order=item.order)
    if isinstance(item, CancelWorkflowMenuItem):
        return TakeBackItem(order=item.order)
    if isinstance(item, PageLockedMenuItem):
        return WaitingItem(order=item.order)
    if isinstance(item, RestartWorkflowMenuItem) and not several:
        return None
    return item
