"""Who saved a page last: for an editor whose own window was overtaken."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from wagtail.models import Page


def last_saved(request: HttpRequest, pk: int) -> JsonResponse:
    """Return a sentence on who saved the page when, and the word of the link that loads it again.

    404 where there is no such page or nothing was saved, 403 for those who may not edit it.
    """
    page = get_object_or_404(Page, pk=pk)
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    revision = get_object_or_404(page.revisions.select_related("user").order_by("-created_at", "-pk")[:1])
    time = date_format(timezone.localtime(revision.created_at), "H:i, d/m/Y")
    if revision.user == request.user:
        sentence = _(
            "You saved a newer version yourself at %(time)s, in another window or just before you left this page. What "
            "you typed here since then is not saved: copy it, then load the page again to go on."
        ) % {"time": time}
    else:
        sentence = _(
            "%(name)s saved a newer version at %(time)s. What you typed here since then is not saved: copy it, then "
            "load the page again to go on."
        ) % {"name": revision.user or _("Somebody"), "time": time}
    return JsonResponse({"sentence": sentence, "reload": _("Load the page again")})
