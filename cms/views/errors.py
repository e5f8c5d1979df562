"""Error pages. They are rendered without the database, which may be what is broken."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _

from cms.storage import tells_of_a_full_disk


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return _page(request, 400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return _page(request, 403, str(exception) if exception.args else "")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 507 with its sentence where the disk is full, so that people know that it is not what they sent."""
    if tells_of_a_full_disk(sys.exc_info()[1]):
        return _page(
            request,
            507,
            _(
                "The server's disk is full, so this was not stored. What was saved before stays saved, and nothing was "
                "stored by halves. Tell the administrator, and try again later."
            ),
        )
    return _page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token is missing or old, mostly because the page lay open over a sign-in."""
    return refused(
        request, _("The page was open too long or the sign-in changed. Go back, reload the page and try again."), 403
    )


def refused(request: HttpRequest, message: str, status: int) -> HttpResponse:
    """A refusal with its sentence, as JSON where the caller reads JSON."""
    return _page(request, status, message)


def _page(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    if _wants_json(request):
        told = {"message": message} if message else {}
        return JsonResponse({"detail": message or str(status), **told}, status=status)
    if status >= 500:
        # No context processors: they may reach for what is broken.
        return HttpResponse(get_template("500.html").render({"message": message, "status": status}), status=status)
    return render(request, f"{status}.html", {"message": message}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")
