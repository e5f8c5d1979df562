"""Who brings a set or a questionnaire live, and that nothing unsound is put on the calendar."""

from __future__ import annotations

from wagtail.log_actions import get_active_log_context
from wagtail.models import Page, Revision

from cms import audit
from cms.approvals import approval_of
from cms.models import User
from criteria_pages.domain.publishing_gate import require_publishable
from criteria_pages.domain.questionnaires import require_sound
from criteria_pages.models import CriteriaSetPage, QuestionnairePage


def publisher_of(page: Page, revision: Revision) -> User | None:
    """Return who brought the revision live: who approved it, else who published it.

    Publishing past an assigned workflow is left to superusers by Wagtail; it is written into the audit log here.
    """
    approval = approval_of(revision)
    if approval is not None:
        approver: User | None = approval.finished_by
        return approver
    person: User | None = get_active_log_context().user or revision.user
    if person is not None and page.has_workflow:
        audit.record("criteria.publish_without_approval", page, user=person, after={"revision": revision.pk})
    return person


def require_schedulable(revision: Revision) -> None:
    """Raise with all problems where an approved revision waits for its day and could not go live as it is."""
    if revision.approved_go_live_at is None:
        return
    page = revision.as_object()
    if isinstance(page, CriteriaSetPage):
        require_publishable(page)
    elif isinstance(page, QuestionnairePage):
        require_sound(page)
