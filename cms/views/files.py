"""Handing out private files."""

from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from csp.decorators import csp_replace

from cms.domain.files import may_read
from cms.exceptions import PermissionRefused
from cms.models import StoredFile
from cms.security import FILE_POLICY, PDF_POLICY

_PDF = "application/pdf"


@require_safe
def download(request: HttpRequest, uid: UUID) -> HttpResponseBase:
    """Send a stored file to somebody who may read it; `?inline=1` shows a PDF in the browser's own viewer."""
    stored = StoredFile.objects.select_related("owner_unit").filter(uid=uid).first()
    if stored is None:
        raise Http404
    if not may_read(request.user, stored):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        raise PermissionRefused(_("You may not read this file. Ask the unit that owns it."))
    if stored.content_type == _PDF and request.GET.get("inline") == "1":
        return csp_replace(PDF_POLICY)(_send)(request, stored, inline=True)
    return csp_replace(FILE_POLICY)(_send)(request, stored, inline=False)


def _send(request: HttpRequest, stored: StoredFile, *, inline: bool) -> HttpResponseBase:
    etag = f'"{stored.sha256}-{int(inline)}"'
    response: HttpResponse | FileResponse
    if request.headers.get("If-None-Match") == etag:
        response = HttpResponseNotModified()
    else:
        response = FileResponse(
            stored.file.storage.open(stored.file.name),
            as_attachment=not inline,
            filename=stored.original_name,
            content_type=stored.content_type,
        )
        response.headers["Content-Length"] = str(stored.size)
    response.headers["ETag"] = etag
    # The browser may keep the bytes but asks each time, and with that the permission is checked each time.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
