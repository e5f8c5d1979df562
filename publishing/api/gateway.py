"""What every answer of the read API carries: CORS for reading, ETag, and a cache that must ask."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from wagtail.api.v2.router import WagtailAPIRouter

ALLOWED = "GET, HEAD, OPTIONS"


def readable(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let any site read, answer a preflight, and answer 304 where the reader has the same already."""

    @csrf_exempt
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return _with_cors(HttpResponse(status=204))
        response = view(request, *args, **kwargs)
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        return _with_cors(_conditional(request, response))

    return answered


def _conditional(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code != 200:
        response["Cache-Control"] = "no-store"
        return response
    if request.method not in {"GET", "HEAD"} or response.streaming or not isinstance(response, HttpResponse):
        return response
    response["ETag"] = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["Cache-Control"] = "public, no-cache"
    patch_vary_headers(response, ["Accept-Language"])
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _with_cors(response: HttpResponseBase) -> HttpResponseBase:
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Allow-Methods"] = ALLOWED
    response["Access-Control-Allow-Headers"] = "If-None-Match, Accept-Language"
    response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
    response["Access-Control-Max-Age"] = "86400"
    return response


def open_to_readers(urls: tuple[list[URLPattern], str, str]) -> tuple[list[URLPattern], str, str]:
    """Wrap every view of an API."""
    patterns, app_name, namespace = urls
    for pattern in patterns:
        pattern.callback = readable(pattern.callback)
    return patterns, app_name, namespace


def content_urls(router: WagtailAPIRouter) -> tuple[list[URLPattern | URLResolver], str, str]:
    """Wrap every view of the content API; drafts apart, which no other site's page may read and no cache may keep."""
    patterns, app_name, namespace = router.urls
    for endpoint in patterns:
        if endpoint.namespace != "drafts":
            for pattern in endpoint.url_patterns:
                pattern.callback = readable(pattern.callback)
    return patterns, app_name, namespace
