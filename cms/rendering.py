"""Asking the portal for one of its own pages, as an anonymous citizen would: for baking and for archives."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.utils import translation

from cms.exceptions import PortalError


class PageNotRendered(PortalError):
    """A page that should be there did not answer with 200."""


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """The answer to one address."""

    content: bytes
    content_type: str


class Renderer:
    """Renders pages through all middleware, without a server between. Holds no state of any visitor."""

    def __init__(self) -> None:
        self._handler = BaseHandler()
        self._handler.load_middleware()

    def get(self, address: str) -> RenderedPage:
        """Return the page at the address (path and query). Raises `PageNotRendered` unless the answer is 200."""
        with translation.override(translation.get_language()):
            # Not closed: that would end the database connection that the caller works with.
            response = self._handler.get_response(_request(address))
            content = b"".join(response) if response.streaming else response.content
        if response.status_code != 200:
            raise PageNotRendered(f"{address}: {response.status_code}", code="not_rendered")
        return RenderedPage(content=content, content_type=response.get("Content-Type", ""))


def _request(address: str) -> WSGIRequest:
    base, asked = urlsplit(settings.PORTAL_BASE_URL), urlsplit(address)
    secure = base.scheme == "https"
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": asked.path,
        "QUERY_STRING": asked.query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": base.hostname or "localhost",
        "SERVER_PORT": str(base.port or (443 if secure else 80)),
        "HTTP_HOST": base.netloc,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": base.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    if secure and settings.SECURE_PROXY_SSL_HEADER:
        environ[settings.SECURE_PROXY_SSL_HEADER[0]] = settings.SECURE_PROXY_SSL_HEADER[1]
    return WSGIRequest(environ)
