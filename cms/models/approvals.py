"""The workflow task that needs a second person."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wagtail.locks import WorkflowLock
from wagtail.models import AbstractGroupApprovalTask, TaskState

from cms.approvals import changed_draft, same_content
from cms.models.users import User

Action = tuple[str, str, bool]


class FourEyesLock(WorkflowLock):
    """Tells an approver who changed the draft why there is no button to approve it."""

    def get_message(self, user: User) -> Any:
        """Return the sentence above the editor."""
        if self.task.is_reviewer(user) and changed_draft(self.object, user):
            return gettext(
                "You changed this draft, so it needs the approval of another person with the approver's role."
            )
        return super().get_message(user)


class FourEyesTask(AbstractGroupApprovalTask):
    """Approval by a member of the groups who did not change the draft. Being a superuser is not enough."""

    lock_class = FourEyesLock

    class Meta:
        verbose_name = _("approval by a second person")
        verbose_name_plural = _("approvals by a second person")

    @classmethod
    def get_description(cls) -> str:
        """Say what the task does where an administrator chooses one."""
        return gettext("Members of the chosen groups can approve, except those who changed the draft or sent it in.")

    def is_reviewer(self, user: User) -> bool:
        """Whether the user is in one of the groups."""
        return bool(self._user_in_groups(user))

    def may_approve(self, page: models.Model, user: User) -> bool:
        """Whether the user is a reviewer who neither changed the draft nor asked for its approval."""
        state = page.current_workflow_state
        asked = state is not None and state.requested_by_id == user.pk
        return self.is_reviewer(user) and not asked and not changed_draft(page, user)

    def get_actions(self, obj: models.Model, user: User) -> list[Action]:
        """Reviewers may ask for changes; those who are not authors may also approve."""
        if not self.is_reviewer(user):
            return []
        actions: list[Action] = super().get_actions(obj, user)
        return actions if self.may_approve(obj, user) else [action for action in actions if action[0] != "approve"]

    def get_task_states_user_can_moderate(self, user: User, **kwargs: Any) -> models.QuerySet[TaskState]:
        """What waits for the user; the drafts that the user sent in do not."""
        if not self.is_reviewer(user):
            return TaskState.objects.none()
        waiting = self.task_states.filter(status=TaskState.STATUS_IN_PROGRESS)
        return waiting.exclude(workflow_state__requested_by=user)

    def on_action(self, task_state: TaskState, user: User, action_name: str, **kwargs: Any) -> Any:
        """Leave a draft unapproved that the reviewer changed in the same step (the change itself is kept).

        The editor saves when one approves in it; where that changed nothing, it is the draft as it was sent in.
        """
        page = task_state.workflow_state.content_object.specific
        if action_name == "approve":
            if not self.may_approve(page, user):
                return None
            latest = page.get_latest_revision()
            if latest.user_id == user.pk and same_content(latest, task_state.revision):
                task_state.revision = latest
        return super().on_action(task_state, user, action_name, **kwargs)
