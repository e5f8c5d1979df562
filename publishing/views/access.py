"""The door of every public address of a release: embargo, withdrawal, ETag and cache headers in one place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from cms.views.errors import refused
from publishing.domain.queries import find_release
from publishing.exceptions import ReleaseAbsent, ReleaseWithdrawn
from publishing.models import IndexRelease

ReleaseView = Callable[..., HttpResponse]


def released(view: ReleaseView) -> Callable[..., HttpResponseBase]:
    """Give a view the public release at the address, or answer 404 or 410 before it sees anything."""

    @wraps(view)
    def guarded(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, find_release(slug), **kwargs)
        except ReleaseWithdrawn as gone:
            return withdrawn_page(request, gone.release)
        except ReleaseAbsent as absent:
            return absent_page(request, str(absent.message))
        return conditional(request, response)

    return require_safe(guarded)


def public(view: ReleaseView) -> Callable[..., HttpResponseBase]:
    """Give a public view that is not about one release the same answers and headers."""

    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, **kwargs)
        except ReleaseAbsent as absent:
            return absent_page(request, str(absent.message))
        return conditional(request, response)

    return require_safe(guarded)


def absent_page(request: HttpRequest, message: str) -> HttpResponse:
    """Answer 404; never kept by a cache, because a release may appear at any second."""
    response = refused(request, message, 404)
    response["Cache-Control"] = "no-store"
    return response


def withdrawn_page(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Answer 410 with when and why the release was withdrawn, and nothing of what it said."""
    response = render(request, "publishing/withdrawn.html", {"release": release}, status=410)
    response["Cache-Control"] = "no-store"
    return response


def conditional(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Add ETag and cache headers to an answer of 200 and answer 304 where the reader has it already.

    Caches may keep the page but must ask each time, so that a withdrawal or correction is seen at once.
    """
    if response.status_code != 200 or response.streaming:
        return response
    if not response.has_header("ETag"):
        response["ETag"] = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    signed_in = getattr(request, "user", None) is not None and request.user.is_authenticated
    response["Cache-Control"] = "private, no-cache" if signed_in else "public, no-cache"
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


__all__ = ["ReleaseAbsent", "absent_page", "conditional", "public", "released", "withdrawn_page"]
