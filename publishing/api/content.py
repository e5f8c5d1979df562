"""The content API (Wagtail's v2): every public page with all its fields, images and documents. Read only, live only."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from wagtail.api.v2.router import WagtailAPIRouter
from wagtail.api.v2.utils import BadRequestError
from wagtail.api.v2.views import PagesAPIViewSet
from wagtail.contrib.redirects.api import RedirectsAPIViewSet
from wagtail.documents.api.v2.views import DocumentsAPIViewSet
from wagtail.images.api.v2.views import ImagesAPIViewSet

from rest_framework.request import Request

from publishing.domain.queries import public_releases
from publishing.models import RankingPage


class SaneQuery:
    """Refuses what no database could answer: signs that are no text, numbers beyond any row."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 400 with a sentence instead of an error of the server."""
        for name, value in request.GET.items():
            if "\x00" in value or len(value) > 500:
                raise BadRequestError(f"{name} is not text that can be searched for")
            if name in {"offset", "limit"} and len(value) > 9:
                raise BadRequestError(f"{name} is too large")
        super().initial(request, *args, **kwargs)  # type: ignore[misc]


class PublicPages(SaneQuery, PagesAPIViewSet):
    """Public pages; a ranking page only while citizens may see its release."""

    def get_queryset(self) -> QuerySet:
        """Leave out ranking pages whose release is not public at this moment."""
        hidden = RankingPage.objects.exclude(release__in=public_releases().order_by())
        return super().get_queryset().exclude(pk__in=hidden.values("pk"))


class PublicImages(SaneQuery, ImagesAPIViewSet):
    """Images of public collections."""


class PublicDocuments(SaneQuery, DocumentsAPIViewSet):
    """Documents of public collections."""


class PublicRedirects(SaneQuery, RedirectsAPIViewSet):
    """Addresses that moved."""


content_api = WagtailAPIRouter("content_api")
content_api.register_endpoint("pages", PublicPages)
content_api.register_endpoint("images", PublicImages)
content_api.register_endpoint("documents", PublicDocuments)
content_api.register_endpoint("redirects", PublicRedirects)
