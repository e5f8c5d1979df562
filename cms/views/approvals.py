"""Taking a draft back that waits for its approval."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from wagtail.models import Page

from cms.action_menu import may_take_back


@require_http_methods(["GET", "POST"])
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end the approval under way; the draft stays. Raises `PermissionDenied`."""
    page = get_object_or_404(Page, pk=pk).specific
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    if not may_take_back(page, request.user):
        messages.warning(request, _("This draft does not wait for approval any more, or somebody else sent it in."))
        return redirect("wagtailadmin_pages:edit", page.pk)
    if request.method == "POST":
        page.current_workflow_state.cancel(user=request.user)
        messages.success(request, _("The draft is taken back. Change it and send it for approval again."))
        return redirect("wagtailadmin_pages:edit", page.pk)
    return render(request, "cms/admin/take_back.html", {"page": page})
