"""What crawlers may read."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_PRIVATE = ("/admin/", "/lam-viec/", "/tai-khoan/", "/files/", "/en/lam-viec/", "/en/tai-khoan/", "/en/files/", "/-/")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Return robots.txt: the public site is open, the rest is nobody's to crawl."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE)]
    lines.append(f"Sitemap: {settings.PORTAL_BASE_URL}/sitemap.xml")
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
