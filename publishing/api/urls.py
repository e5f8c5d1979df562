"""Addresses of the programming interfaces: our own read API and the content API of the pages."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from publishing.api.content import content_api
from publishing.api.gateway import open_to_readers, readable
from publishing.api.v1 import api
from publishing.views import open_data


def absent(request: HttpRequest, rest: str) -> JsonResponse:
    """Answer an unknown address of an API in its own language, before the page tree is asked."""
    return JsonResponse({"detail": "Not Found"}, status=404)


urlpatterns = [
    path("sitemap.xml", open_data.sitemap, name="sitemap"),
    path("api/v1/", open_to_readers(api.urls)),
    path("api/v2/", content_api.urls),
    path("api/<path:rest>", readable(absent)),
]
