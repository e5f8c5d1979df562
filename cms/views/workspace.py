"""The workspace's first page: what waits for the user."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.guides import slug_of
from cms.navigation import todos_for
from cms.permissions import memberships_of


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List what waits for the user, the nearest deadline first, and the user's roles."""
    return render(
        request,
        "cms/workspace_home.html",
        {
            "todos": todos_for(request.user),
            "places": _places(request),
        },
    )


def _places(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the user's roles, each once, with the names of the units for which it is held (a renamed unit once)."""
    found: dict[str, list[str]] = {}
    guides: dict[str, str] = {}
    rows = memberships_of(request.user).select_related("unit").order_by("role", "unit__order", "unit__name")
    for membership in rows:
        names = found.setdefault(membership.get_role_display(), [])
        guides[membership.get_role_display()] = slug_of(membership.role)
        if str(membership.unit) not in names:
            names.append(str(membership.unit))
    return [{"role": role, "units": units, "guide": guides[role]} for role, units in found.items()]
