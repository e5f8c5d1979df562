"""Content security policies, the admin's transactions, and refusals turned into pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace

from cms.exceptions import PermissionRefused, PortalError
from cms.views import errors

View = Callable[..., HttpResponseBase]

# Wagtail 8 still writes inline scripts for choosers, date pickers and inline panels; only the admin allows them.
ADMIN_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:", "blob:"],
    "media-src": [SELF],
    "font-src": [SELF],
    "connect-src": [SELF],
    "frame-src": [SELF],
    "object-src": [NONE],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [SELF],
    "manifest-src": [SELF],
}
# A downloaded file may do nothing at all in the browser.
_FETCHES = ("script-src", "style-src", "img-src", "font-src", "connect-src", "frame-src", "manifest-src")
_NO_PAGE = dict.fromkeys(_FETCHES) | {"base-uri": [NONE], "form-action": [NONE], "default-src": [NONE]}
FILE_POLICY = {**_NO_PAGE, "sandbox": True, "frame-ancestors": [SELF]}
# The browser's own PDF viewer does not work in a sandbox; a PDF has no access to our pages.
PDF_POLICY = {
    **_NO_PAGE,
    "object-src": [SELF],
    "style-src": [UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "frame-ancestors": [SELF],
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "payment=(), usb=()"
)


def admin_view(view: View) -> View:
    """Give an admin view the admin's policy, and its posts one transaction so that publish and freeze are one act.

    A refusal from the domain rolls the post back and comes back to the form as a message.
    """

    @wraps(view)
    def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        # Wagtail would send a signed-in person without access to the sign-in, which sends them back: for ever.
        if request.user.is_authenticated and not request.user.has_perm("wagtailadmin.access_admin"):
            raise PermissionRefused(_("The administration is for editors and administrators; your account is neither."))
        _refuse_endless_numbers(request.GET)
        _drop_open_quotation(request)
        if request.method in SAFE_METHODS:
            return view(request, *args, **kwargs)
        try:
            with transaction.atomic():
                response = view(request, *args, **kwargs)
                if hasattr(response, "render") and not response.is_rendered:
                    response.render()
                return response
        except PermissionRefused:
            raise
        except PortalError as refusal:
            if "application/json" in request.headers.get("Accept", "") or request.headers.get("X-Requested-With"):
                return JsonResponse({"success": False, "error_message": str(refusal.message)}, status=400)
            messages.error(request, str(refusal.message))
            return redirect(request.get_full_path())

    return csp_replace(ADMIN_POLICY)(posted)


# What Python reads as a number and no database holds; words that are searched for (`q`) are no numbers.
ENDLESS_NUMBER = re.compile(r"\s*[-+]?[\d_]{19,}\s*")


def _refuse_endless_numbers(asked: QueryDict) -> None:
    """Refuse numbers beyond any row: Wagtail's filters would hand them to the database, which fails over them."""
    for name, texts in asked.lists():
        if name != "q" and any(ENDLESS_NUMBER.fullmatch(text) for text in texts):
            sentence = _(
                "A number in the address (%(name)s) is larger than any there is. Open the list again and choose from "
                "its filters."
            )
            raise PortalError(sentence % {"name": name})


def _drop_open_quotation(request: HttpRequest) -> None:
    """Leave out a quotation mark that none closes (so begins every phrase): SQLite's search fails over it."""
    typed = request.GET.get("q", "")
    if typed.count('"') % 2:
        before, _mark, after = typed.rpartition('"')
        asked = request.GET.copy()
        asked["q"] = f"{before} {after}"
        request.GET = asked  # type: ignore[assignment]


class NulMiddleware:
    """Takes the NUL out of what was typed: no person types it, and PostgreSQL stores no text that holds it.

    An address with a NUL in its path does not exist. Files and JSON bodies are read by their own checks, and so are the
    queries of public pages and of the interfaces, which refuse it with a reason.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Clean the query; the fields of a form wait until the token was checked."""
        if NUL in request.path_info:
            raise Http404
        if any(place in request.path_info for place in CLOSED_PLACES) and "%00" in request.META.get("QUERY_STRING", ""):
            request.GET = _without_nul(request.GET)  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> None:
        """Clean the fields of a form before its view reads them."""
        if request.method == "POST" and any(NUL in text for _name, texts in request.POST.lists() for text in texts):
            request.POST = _without_nul(request.POST)  # type: ignore[assignment]


NUL = "\x00"
CLOSED_PLACES = ("/lam-viec/", "/admin/")


def _without_nul(typed: QueryDict) -> QueryDict:
    clean = typed.copy()
    for name, texts in typed.lists():
        clean.setlist(name, [text.replace(NUL, "") for text in texts])
    return clean


class RefusalMiddleware:
    """Turns a refusal that no view dealt with into a page with its sentence, and sets the permissions policy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a `PortalError`; anything else goes to Django's handler."""
        if isinstance(exception, PermissionRefused):
            return errors.refused(request, str(exception.message), status=403)
        if isinstance(exception, PortalError):
            return errors.refused(request, str(exception.message), status=400)
        return None
