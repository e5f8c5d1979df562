"""The workspace's first page: what waits for the user."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

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
            "memberships": memberships_of(request.user).select_related("unit"),
        },
    )
