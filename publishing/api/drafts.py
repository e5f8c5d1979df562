"""Drafts through the content API: for the holder of a token, what that person may edit, never of a hidden release.

The tokens are Wagtail's own (a hash is stored, the secret shown once, making and revoking audited); its interface that
writes is not installed, so that a token can do nothing but read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.urls.resolvers import URLPattern

from wagtail.api.v3.auth import BearerTokenAuth
from wagtail.models import Page, Site
from wagtail.permissions import page_permission_policy

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from cms.models import User
from publishing.api.content import PublicPages, hidden_ranking_pages

READ_DRAFTS = "cms.read_drafts"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` with a token that is in force; a session is never asked."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """Return the token's holder and the token, None where none is given.

        Raises `AuthenticationFailed` for a token that opens nothing, `PermissionDenied` where its holder may not read
        drafts.
        """
        kind, _space, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            return None
        token = BearerTokenAuth().authenticate(request._request, secret.strip())
        if token is None:
            raise AuthenticationFailed("The token is unknown or was revoked, or its holder's account is closed.")
        if not token.user.has_perm(READ_DRAFTS):
            raise PermissionDenied("The token's holder may not read drafts.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in the answer of 401."""
        return 'Bearer realm="drafts"'


class DraftPages(PublicPages):
    """The newest version of every page that the token's holder may edit, published or not."""

    name = "drafts"
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get_base_queryset(self) -> QuerySet:
        """Return the pages of the site that the holder may edit, without rankings that are not public yet."""
        site = Site.find_for_request(self.request)
        editable = page_permission_policy.instances_user_has_permission_for(self.request.user, "change")
        pages = editable.exclude(pk__in=hidden_ranking_pages().values("pk"))
        return pages.descendant_of(site.root_page, inclusive=True) if site else pages.none()

    def get_queryset(self) -> QuerySet:
        """Return the pages of the wanted kind, each with its newest version."""
        return super().get_queryset().select_related("latest_revision")

    def paginate_queryset(self, queryset: QuerySet) -> list[Page]:
        """Return one page of the list, each page as its newest version."""
        return [_newest(page) for page in super().paginate_queryset(queryset)]

    def get_object(self) -> Page:
        """Return the page as its newest version."""
        return _newest(super().get_object())

    def preview(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the newest version as the portal would show it."""
        page = _newest(get_object_or_404(self.get_queryset(), pk=pk).specific)
        response: HttpResponseBase = page.make_preview_request(original_request=request._request)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Let no cache keep what only the holder may read."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "private, no-store"
        answer["Vary"] = "Authorization"
        return answer

    @classmethod
    def get_urlpatterns(cls) -> Sequence[URLPattern]:
        """Give the list, a page, and its preview."""
        return [
            path("", cls.as_view({"get": "listing_view"}), name="listing"),
            path("<int:pk>/", cls.as_view({"get": "detail_view"}), name="detail"),
            path("<int:pk>/preview/", cls.as_view({"get": "preview"}), name="preview"),
        ]


def _newest(page: Page) -> Page:
    newest: Page = page.get_latest_revision_as_object()
    return newest
