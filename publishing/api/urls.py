"""Addresses of the programming interfaces: our own read API and the content API of the pages."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from wagtail.api.v2.router import WagtailAPIRouter

from publishing.api.content import PublicDocuments, PublicImages, PublicPages, PublicRedirects
from publishing.api.drafts import DraftPages
from publishing.api.gateway import content_urls, open_to_readers, readable
from publishing.api.v1 import api
from publishing.views import open_data


def absent(request: HttpRequest, rest: str) -> JsonResponse:
    """Answer an unknown address of an API in its own language, before the page tree is asked."""
    return JsonResponse({"detail": "Not Found"}, status=404)


content_api = WagtailAPIRouter("content_api")
content_api.register_endpoint("pages", PublicPages)
content_api.register_endpoint("images", PublicImages)
content_api.register_endpoint("documents", PublicDocuments)
content_api.register_endpoint("redirects", PublicRedirects)
content_api.register_endpoint("drafts", DraftPages)

urlpatterns = [
    path("sitemap.xml", open_data.sitemap_index, name="sitemap"),
    path("sitemap-<slug:section>.xml", open_data.sitemap, name="sitemap-section"),
    path("api/v1/", open_to_readers(api.urls)),
    path("api/v2/", content_urls(content_api)),
    path("api/<path:rest>", readable(absent)),
]
