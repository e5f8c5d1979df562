"""What submissions connect to the foundation once the registry is ready; each one call into the domain."""

from typing import Any

from django.dispatch import receiver

from wagtail.models import TaskState, WorkflowState
from wagtail.signals import task_submitted, workflow_approved, workflow_rejected

from cms import audit
from cms.domain.files import register_reader
from cms.enums import FileKind
from cms.models import User
from submissions import navigation, unit_navigation  # noqa: F401 -- register menu items and things to do
from submissions.domain import (
    appeal_notices,  # noqa: F401 -- registers whom appeals concern
    draft_notices,
)
from submissions.domain.council import may_read_attachment
from submissions.domain.event_notices import tell_about
from submissions.domain.evidence import may_read_evidence
from submissions.domain.explanations import may_read_explanation_file
from submissions.domain.second_reader import may_read_for_second_reading
from submissions.domain.signed_reports import may_read_signed_report
from submissions.domain.unit_appeals import may_read_appeal_file

register_reader(FileKind.SIGNED_REPORT, may_read_signed_report)
register_reader(FileKind.EVIDENCE, may_read_evidence)
register_reader(FileKind.EVIDENCE, may_read_explanation_file)
register_reader(FileKind.EVIDENCE, may_read_for_second_reading)
register_reader(FileKind.EVIDENCE, may_read_appeal_file)
register_reader(FileKind.ATTACHMENT, may_read_attachment)


@receiver(audit.recorded, dispatch_uid="submissions.event_notices")
def tell_people(action: str, instance: Any, user: Any, after: Any, **_: Any) -> None:
    """Tell those whom a change of state concerns."""
    tell_about(action=action, instance=instance, user=user, after=after)


# Wagtail connects its mails under these names once it is ready, after this app: who holds a name first keeps it.
@receiver(task_submitted, sender=TaskState, dispatch_uid="group_approval_task_submitted_email_notification")
def tell_reviewers(instance: TaskState, **_: Any) -> None:
    """A draft was sent in."""
    draft_notices.tell_reviewers(state=instance)


@receiver(workflow_rejected, sender=WorkflowState, dispatch_uid="workflow_state_rejected_email_notification")
def tell_of_changes(instance: WorkflowState, user: User | None = None, **_: Any) -> None:
    """A draft came back."""
    draft_notices.tell_sender_of_changes(flow=instance, user=user)


@receiver(workflow_approved, sender=WorkflowState, dispatch_uid="workflow_state_approved_email_notification")
def tell_of_approval(instance: WorkflowState, user: User | None = None, **_: Any) -> None:
    """A draft was approved."""
    draft_notices.tell_sender_of_approval(flow=instance, user=user)
