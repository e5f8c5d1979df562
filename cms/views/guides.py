"""The guides of the roles inside the portal, for whoever is signed in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.enums import Role
from cms.guides import ROLES, guide, picture_path
from cms.permissions import roles_in


@login_required
@require_safe
def guide_list(request: HttpRequest) -> HttpResponse:
    """List the guides, those of the user's roles first."""
    held = roles_in(request)
    rows = [(guide(slug), Role(role).label if role else "", role in held) for slug, role in ROLES.items()]
    context = {"own": [row for row in rows if row[2]], "others": [row for row in rows if not row[2]]}
    return render(request, "cms/guides/list.html", context)


@login_required
@require_safe
def guide_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one guide. Raises `Http404`."""
    if slug not in ROLES:
        raise Http404
    return render(request, "cms/guides/page.html", {"guide": guide(slug)})


@login_required
@require_safe
def guide_picture(request: HttpRequest, name: str) -> FileResponse:
    """Send a picture of the guides. Raises `Http404`."""
    path = picture_path(name)
    if path is None:
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/png")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response
