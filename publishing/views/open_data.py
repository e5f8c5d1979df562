"""Catalogue, feed and sitemap: what programs and search engines read. Each asks the embargo at every read."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import SitemapIndexItem
from django.contrib.sitemaps.views import sitemap as sitemap_view
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from wagtail.contrib.sitemaps import Sitemap as PageSitemap
from wagtail.models import Site

from criteria_pages.models import LegalDocument
from publishing.domain import queries, release_figures
from publishing.domain.catalogue import catalogue, turtle
from publishing.domain.findings import ranking_finding
from publishing.domain.representation import note_of, release_address
from publishing.models import IndexRelease, ReleaseEntry
from publishing.views.access import public

NEWEST = 50


@public
def catalogue_json(request: HttpRequest) -> HttpResponse:
    """Send the catalogue as JSON-LD."""
    graph = catalogue(_catalogued())
    return HttpResponse(json.dumps(graph, ensure_ascii=False, indent=1), content_type="application/ld+json")


@public
def catalogue_turtle(request: HttpRequest) -> HttpResponse:
    """Send the catalogue as Turtle."""
    return HttpResponse(turtle(catalogue(_catalogued())), content_type="text/turtle; charset=utf-8")


def _catalogued() -> list[IndexRelease]:
    return list(queries.current_releases().select_related("corrects").order_by("-year", "slug"))


@public
def feed(request: HttpRequest) -> HttpResponse:
    """Send the newest results and corrections as an Atom feed."""
    address = f"{settings.PORTAL_BASE_URL}{reverse('publishing:feed')}"
    atom = Atom1Feed(
        title=_("Results of the PAR Index"),
        link=f"{settings.PORTAL_BASE_URL}{reverse('publishing:releases')}",
        description=_("New results and corrections"),
        feed_url=address,
        language=get_language() or "vi",
    )
    for release in queries.public_releases().order_by("-publish_at")[:NEWEST]:
        text = release.correction_note or ranking_finding(release, release_figures.stats_of(release))
        atom.add_item(
            title=_("Corrected: %(title)s") % {"title": release.display_title}
            if release.corrects_id
            else release.display_title,
            link=release_address(release),
            description=" ".join(part for part in (text, note_of(release)) if part),
            pubdate=release.publish_at,
            updateddate=release.publish_at,
            unique_id=release_address(release),
        )
    return HttpResponse(atom.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


class PortalSitemap(Sitemap):
    """Addresses of the portal under its own name, whatever name the request came by, in both languages."""

    i18n = True
    alternates = True
    x_default = True

    def get_protocol(self, protocol: str | None = None) -> str:
        """Return the protocol of the portal's own address."""
        return urlsplit(settings.PORTAL_BASE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        """Return the host of the portal's own address."""
        return urlsplit(settings.PORTAL_BASE_URL).netloc


class PublicPagesSitemap(PageSitemap):
    """Public pages of the tree."""

    def get_wagtail_site(self) -> Site:
        """Return the site that is served; the request's host does not matter."""
        return Site.objects.select_related("root_page").get(is_default_site=True)


class ListsSitemap(PortalSitemap):
    """Pages that are always there."""

    def items(self) -> list[str]:
        """Return the names of the views."""
        return ["releases", "corrections", "open_data"]

    def location(self, item: Any) -> str:
        """Return the address."""
        return reverse(f"publishing:{item}")


class DocumentSitemap(PortalSitemap):
    """Legal documents and their list."""

    def items(self) -> list[str]:
        """Return the addresses' parts, "" for the list."""
        return ["", *(document.slug for document in LegalDocument.objects.order_by("pk"))]

    def location(self, item: str) -> str:
        """Return the address."""
        return reverse("criteria:legal_document", args=[item]) if item else reverse("criteria:legal_documents")


class ReleaseSitemap(PortalSitemap):
    """Rankings, methodologies and data pages of the current results."""

    def items(self) -> list[tuple[str, IndexRelease]]:
        """Return (view, release)."""
        parts = ("ranking", "methodology", "data")
        releases = queries.current_releases().select_related("survey").order_by("pk")
        return [
            (part, release) for release in releases for part in (*parts, *(["survey"] if release.has_survey else []))
        ]

    def location(self, item: Any) -> str:
        """Return the address."""
        return reverse(f"publishing:{item[0]}", kwargs={"slug": item[1].slug})

    def lastmod(self, item: Any) -> Any:
        """Return when the release was published."""
        return item[1].publish_at


class UnitSitemap(PortalSitemap):
    """Units' pages in the current results."""

    # Each unit stands there in both languages; the standard allows 50,000 addresses in a file.
    limit = 20_000

    def items(self) -> Any:
        """Return (release slug, unit code, time)."""
        entries = ReleaseEntry.objects.filter(release__in=queries.current_releases().order_by())
        return entries.order_by("pk").values_list("release__slug", "unit_code", "release__publish_at")

    def location(self, item: Any) -> str:
        """Return the address."""
        return reverse("publishing:unit", kwargs={"slug": item[0], "unit_code": item[1]})

    def lastmod(self, item: Any) -> Any:
        """Return when the release was published."""
        return item[2]


SITEMAPS: dict[str, Any] = {
    "pages": PublicPagesSitemap,
    "lists": ListsSitemap,
    "documents": DocumentSitemap,
    "releases": ReleaseSitemap,
    "units": UnitSitemap,
}


@require_safe
def sitemap(request: HttpRequest, section: str) -> HttpResponse:
    """Send a part of the sitemap; it is made anew each time, so it names nothing early."""
    response = sitemap_view(request, sitemaps=SITEMAPS, section=section)
    response["Cache-Control"] = "no-cache"
    return response.render()


@require_safe
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """Name the parts of the sitemap, so that a release of any size is in it whole."""
    parts = []
    for section, kind in SITEMAPS.items():
        found = kind()
        address = f"{settings.PORTAL_BASE_URL}{reverse('sitemap-section', kwargs={'section': section})}"
        pages = range(1, found.paginator.num_pages + 1)
        parts += [SitemapIndexItem(address if page == 1 else f"{address}?p={page}") for page in pages]
    response = render(request, "sitemap_index.xml", {"sitemaps": parts}, content_type="application/xml")
    response["Cache-Control"] = "no-cache"
    return response
