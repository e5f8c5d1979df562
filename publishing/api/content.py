"""The content API (Wagtail's v2): every public page with all its fields, images and documents. Read only, live only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
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

from publishing.domain.queries import public_releases
from publishing.models import RankingPage

# Widths in pixels in which an image is given; none is larger than the image itself.
WIDTHS = (400, 800, 1600)


class ReaderThrottle(AnonRateThrottle):
    """The rate of the read API, for one address."""

    rate = settings.PORTAL_API_RATE


class SaneQuery:
    """Refuses what no database could answer: signs that are no text, numbers beyond any row."""

    throttle_classes: Sequence[type[BaseThrottle]] = (ReaderThrottle,)

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
