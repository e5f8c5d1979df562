"""The content API (Wagtail's v2): every public page with all its fields, images and documents. Read only, live only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from wagtail.api import APIField
from wagtail.api.v2.utils import BadRequestError
from wagtail.api.v2.views import PagesAPIViewSet
from wagtail.contrib.redirects.api import RedirectsAPIViewSet
from wagtail.documents.api.v2.views import DocumentsAPIViewSet
from wagtail.images.api.fields import ImageRenditionField
from wagtail.images.api.v2.views import ImagesAPIViewSet

from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, BaseThrottle

from cms.security import ENDLESS_NUMBER, NUL
from publishing.domain.queries import public_releases
from publishing.models import RankingPage

# Widths in pixels in which an image is given; none is larger than the image itself.
WIDTHS = (400, 800, 1600)


class ReaderThrottle(AnonRateThrottle):
    """The rate of the read API, for one address."""

    rate = settings.PORTAL_API_RATE


class SaneQuery:
    """Refuses what no database could answer: endless text, numbers beyond any row, values of another kind."""

    throttle_classes: Sequence[type[BaseThrottle]] = (ReaderThrottle,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 400 with a sentence instead of an error of the server."""
        for name, value in request.GET.items():
            if len(value) > 500:
                raise BadRequestError(f"{name} is longer than what can be searched for")
            if NUL in value:
                raise BadRequestError(f"{name} holds a NUL, which no text has")
            if name in {"offset", "limit"} and len(value) > 9:
                raise BadRequestError(f"{name} is too large")
            if name != "search" and ENDLESS_NUMBER.fullmatch(value):
                raise BadRequestError(f"{name} is too large")
        if request.GET.get("search_operator", "and") not in {"and", "or"}:
            raise BadRequestError("search_operator must be 'and' or 'or'")
        _plain_words(request)
        super().initial(request, *args, **kwargs)  # type: ignore[misc]

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Narrow a list; 400 for a value that its field cannot hold, such as a date that is none."""
        try:
            found: QuerySet = super().filter_queryset(queryset)  # type: ignore[misc]
        except ValidationError as error:
            raise BadRequestError(" ".join(error.messages)) from error
        return found

    def find_object(self, queryset: QuerySet, request: Request) -> Any:
        """Return what `find/` asks for, None if there is nothing; 400 for an id that is no number."""
        if not request.GET.get("id", "0").isdecimal():
            raise BadRequestError("id must be a positive integer")
        return super().find_object(queryset, request)  # type: ignore[misc]


def _plain_words(request: Request) -> None:
    """Reduce what is searched for to its words: SQLite's search fails over quotation marks and over spaces alone."""
    if "search" in request.GET:
        asked = request.GET.copy()
        asked["search"] = " ".join(asked["search"].replace('"', " ").split())
        request._request.GET = asked


class PublicPages(SaneQuery, PagesAPIViewSet):
    """Public pages; a ranking page only while citizens may see its release."""

    def get_base_queryset(self) -> QuerySet:
        """Leave out ranking pages whose release is not public at this moment."""
        return super().get_base_queryset().exclude(pk__in=hidden_ranking_pages().values("pk"))


def hidden_ranking_pages() -> QuerySet[RankingPage]:
    """Return the ranking pages whose release citizens may not see at this moment."""
    return RankingPage.objects.exclude(release__in=public_releases().order_by())


class PublicImages(SaneQuery, ImagesAPIViewSet):
    """Images of public collections, with renditions in a few widths."""

    body_fields = [
        *ImagesAPIViewSet.body_fields,
        *(APIField(f"width_{width}", serializer=ImageRenditionField(f"width-{width}", source="*")) for width in WIDTHS),
    ]
    # Made at the first request for the one image; a list would make them all at once.
    detail_only_fields = [*ImagesAPIViewSet.detail_only_fields, *(f"width_{width}" for width in WIDTHS)]


class PublicDocuments(SaneQuery, DocumentsAPIViewSet):
    """Documents of public collections."""


class PublicRedirects(SaneQuery, RedirectsAPIViewSet):
    """Addresses that moved."""
