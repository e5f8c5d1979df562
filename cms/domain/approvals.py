"""The workflow that the portal begins with, an approver other than the author, and what waits in it for whom."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from wagtail.models import GroupApprovalTask, Page, TaskState, Workflow, WorkflowPage, WorkflowState, WorkflowTask

from cms.enums import Role
from cms.models.approvals import FourEyesTask
from cms.models.users import User
from cms.roles import group_name

# The group to which Wagtail's first migrations assign a workflow on all pages.
WAGTAILS_OWN = "Moderators"


@transaction.atomic
def ensure_workflow() -> bool:
    """Create the approval by a second person and assign it to all pages; return whether it was made.

    Done once: where a task of the kind exists, administrators have the say, also to change or to deactivate it. Another
    workflow on the root page is left alone, except the one that Wagtail's own migrations put there.
    """
    root = Page.objects.filter(depth=1).first()
    if root is None or FourEyesTask.objects.exists():
        return False
    with translation.override(settings.LANGUAGE_CODE):
        task = FourEyesTask.objects.create(name=_("Approval by a second person"))
        workflow = Workflow.objects.create(name=_("Approval"))
    task.groups.add(Group.objects.get_or_create(name=group_name(Role.APPROVER))[0])
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    assigned = WorkflowPage.objects.filter(page=root).select_related("workflow").first()
    if assigned is not None and _is_wagtails_own(assigned.workflow):
        assigned.workflow.deactivate()
        assigned = None
    if assigned is None:
        WorkflowPage.objects.create(workflow=workflow, page=root)
    return True


def _is_wagtails_own(workflow: Workflow) -> bool:
    tasks = [task.specific for task in workflow.tasks]
    return [[group.name for group in task.groups.all()] for task in tasks if isinstance(task, GroupApprovalTask)] == [
        [WAGTAILS_OWN]
    ] and len(tasks) == 1


def waiting_drafts(user: User) -> list[TaskState]:
    """Return the drafts that wait for the user's approval, the oldest first, with page and sender loaded."""
    states = TaskState.objects.reviewable_by(user).select_related("workflow_state__requested_by")
    return [state for state in states.order_by("started_at") if isinstance(state.workflow_state.content_object, Page)]


def returned_drafts(user: User) -> list[TaskState]:
    """Return the last words on each draft that the user sent in and that came back for changes, the newest first."""
    states = TaskState.objects.filter(
        status=TaskState.STATUS_REJECTED,
        workflow_state__status=WorkflowState.STATUS_NEEDS_CHANGES,
        workflow_state__requested_by=user,
        workflow_state__current_task_state=F("pk"),
    ).select_related("workflow_state", "finished_by")
    return [state for state in states.order_by("-finished_at") if isinstance(state.workflow_state.content_object, Page)]


def request_for_changes(page: Page) -> TaskState | None:
    """Return the request for changes that the page's draft has not answered yet, or None."""
    state = page.current_workflow_state
    if state is None or state.status != WorkflowState.STATUS_NEEDS_CHANGES:
        return None
    return state.current_task_state
