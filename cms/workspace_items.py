"""What the foundation itself puts into the workspace: menu items, and drafts that wait."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.domain.approvals import returned_drafts, waiting_drafts
from cms.enums import Role
from cms.models import User
from cms.navigation import NavItem, Todo, register_todo, register_workspace_item
from cms.permissions import roles_in
from cms.spreadsheets.imports import usable_kinds


@register_workspace_item
def import_item(request: HttpRequest) -> Iterator[NavItem]:
    """Imports, for those who may import something that does not belong to one round."""
    if request.user.is_authenticated and roles_in(request) - {Role.CONTRIBUTOR, Role.LEADER, Role.APPRAISER}:
        url = reverse("cms:imports")
        if usable_kinds(request.user):
            yield NavItem(_("Imports"), url, "arrow-up-tray", request.path.startswith(url))


@register_todo
def draft_todos(user: User) -> Iterator[Todo]:
    """Drafts that wait for the user's approval, and the user's own that came back for changes."""
    if not user.has_perm("wagtailadmin.access_admin"):
        return
    for state in waiting_drafts(user):
        page, sender = state.workflow_state.content_object, state.workflow_state.requested_by
        names = {"page": page.draft_title or page.title, "user": sender or _("the portal")}
        yield Todo(_("Approve “%(page)s”, sent by %(user)s") % names, _editor(page.pk), kind="approve")
    for state in returned_drafts(user):
        page = state.workflow_state.content_object
        names = {"page": page.draft_title or page.title, "user": state.finished_by or _("the portal")}
        yield Todo(_("Change “%(page)s” as %(user)s asks, and send it again") % names, _editor(page.pk), kind="change")


def _editor(page: int) -> str:
    return reverse("wagtailadmin_pages:edit", args=[page])
