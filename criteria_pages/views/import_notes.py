"""Confirming what an import guessed or left open, from the editor of the draft."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from criteria_pages.domain.import_notes import confirm_notes
from criteria_pages.domain.noted_items import noted_items
from criteria_pages.views.drafts import editable_page


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm the notes of one item (`block`; "" is the whole set), or of all (`all`); show what is left.

    Not while the page is locked for the user: what waits for approval stays as it was sent in.
    """
    page = editable_page(request, pk)
    if page.permissions_for_user(request.user).page_locked():
        raise PermissionDenied
    block = None if "all" in request.POST else request.POST.get("block", "")
    confirm_notes(page=page, user=request.user, block=block)
    context = {"items": noted_items(page), "may_confirm": True}
    return TemplateResponse(request, "criteria_pages/admin/import_notes.html", context)
