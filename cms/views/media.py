"""Images of the site in the one-command mode. In production nginx or the object storage serves them."""

import posixpath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe
from django.views.static import serve

# Wagtail's documents lie in the media folder too, but are handed out by its own view, which asks for permission.
_FOLDERS = ("images/", "original_images/")


@require_safe
def image(request: HttpRequest, path: str) -> HttpResponseBase:
    """Send an image or a rendition."""
    plain = posixpath.normpath(path)
    if not plain.startswith(_FOLDERS):
        raise Http404
    response = serve(request, plain, document_root=settings.MEDIA_ROOT)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
