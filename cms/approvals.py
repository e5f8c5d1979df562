"""Four eyes: who changed a draft does not approve it, and where a workflow is assigned nobody publishes alone.

Both use Wagtail's own mechanisms: a task type (`cms.models.approvals.FourEyesTask`), a page's permission tester, and
the setting of what happens at the end of a workflow (`WAGTAIL_FINISH_WORKFLOW_ACTION`).
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import AnonymousUser

from wagtail.admin.forms.pages import CopyForm
from wagtail.models import Page, PageLogEntry, PagePermissionTester, Revision, TaskState, WorkflowState, get_page_models

from cms.models.users import User

# What Wagtail itself writes into a revision; a change of it is nobody's change of the content.
BOOKKEEPING = frozenset(
    {
        "depth",
        "draft_title",
        "expired",
        "first_published_at",
        "has_unpublished_changes",
        "last_published_at",
        "latest_revision",
        "latest_revision_created_at",
        "live",
        "live_revision",
        "locked",
        "locked_at",
        "locked_by",
        "numchild",
        "path",
        "url_path",
        "wagtail_admin_comments",
    }
)
CHANGES = ("wagtail.create", "wagtail.copy", "wagtail.edit", "wagtail.revert")


class ApprovalPermissions(PagePermissionTester):
    """Where a workflow is assigned to the page it is published through the workflow alone (superusers: see `docs`)."""

    def can_publish(self) -> bool:
        """Publishing directly: nobody but a superuser, which is written into the audit log."""
        if self.user.is_superuser or not self.page.has_workflow:
            return bool(super().can_publish())
        return False

    def can_set_view_restrictions(self) -> bool:
        """As without a workflow."""
        return bool(super().can_publish())

    def can_unschedule(self) -> bool:
        """As without a workflow: taking back a publication needs no second person."""
        return bool(super().can_publish())


class DraftCopyForm(CopyForm):
    """Copies a page as a draft."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("publish_copies", "alias"):
            self.fields.pop(name, None)


class ApprovedPage:
    """Mixed into a page model whose content goes live through the workflow only."""

    copy_form_class = DraftCopyForm

    def permissions_for_user(self, user: User | AnonymousUser) -> ApprovalPermissions:
        """Return what the user may do with the page."""
        return ApprovalPermissions(user, self)

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        """A copy is a draft: it goes live on its own approval."""
        kwargs["keep_live"] = False
        return super().copy(*args, **kwargs)  # type: ignore[misc]


def approved_models() -> tuple[type[Page], ...]:
    """Return the page models whose content goes live through the workflow only."""
    return tuple(model for model in get_page_models() if issubclass(model, ApprovedPage))


def changed_draft(page: Page, user: User) -> bool:
    """Whether the user changed what differs from the live page: by a revision that changed its content.

    Looking, commenting and saving without a change do not count. A revision that was purged since counts by its entry
    in the log.
    """
    since = page.live_revision.created_at if page.live_revision else None
    revisions = page.revisions.filter(user=user)
    entries = PageLogEntry.objects.filter(page_id=page.pk, user=user, action__in=CHANGES)
    if since is not None:
        revisions, entries = revisions.filter(created_at__gt=since), entries.filter(timestamp__gt=since)
    known = Revision.objects.for_instance(page).values("pk")
    if entries.filter(revision__isnull=False).exclude(revision_id__in=known).exists():
        return True
    return any(_changes_content(revision) for revision in revisions)


def approval_of(revision: Revision) -> TaskState | None:
    """Return the approval with which a workflow on this revision ended, or None."""
    found: TaskState | None = (
        TaskState.objects.filter(
            revision=revision,
            status=TaskState.STATUS_APPROVED,
            workflow_state__status=WorkflowState.STATUS_APPROVED,
        )
        .select_related("finished_by")
        .order_by("-finished_at")
        .first()
    )
    return found


def same_content(one: Revision, other: Revision) -> bool:
    """Whether two revisions say the same, whatever Wagtail noted in them."""
    return bool(_content(one) == _content(other))


def _changes_content(revision: Revision) -> bool:
    earlier = (
        Revision.objects.filter(
            base_content_type_id=revision.base_content_type_id,
            object_id=revision.object_id,
            created_at__lt=revision.created_at,
        )
        .order_by("-created_at", "-pk")
        .first()
    )
    return earlier is None or not same_content(earlier, revision)


def _content(revision: Revision) -> Any:
    return _filled({name: value for name, value in revision.content.items() if name not in BOOKKEEPING})


def _filled(value: Any) -> Any:
    """Return JSON data without its empty parts: a field that exists since a later version changes nothing."""
    if isinstance(value, str) and value[:1] in "[{" and value:
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, dict):
        return {name: part for name, item in value.items() if (part := _filled(item)) not in ("", [], {}, None, False)}
    if isinstance(value, list):
        return [_filled(item) for item in value]
    return value
