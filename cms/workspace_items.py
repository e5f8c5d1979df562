"""What the foundation itself puts into the workspace's menu."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.navigation import NavItem, register_workspace_item
from cms.permissions import roles_in
from cms.spreadsheets.imports import usable_kinds


@register_workspace_item
def import_item(request: HttpRequest) -> Iterator[NavItem]:
    """Imports, for those who may import something that does not belong to one round."""
    if request.user.is_authenticated and roles_in(request) - {Role.CONTRIBUTOR, Role.LEADER, Role.APPRAISER}:
        url = reverse("cms:imports")
        if usable_kinds(request.user):
            yield NavItem(_("Imports"), url, "arrow-up-tray", request.path.startswith(url))
