"""Pictures for sharing, charts for other sites' pages, and short addresses. Each asks the embargo first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt

from csp.constants import NONE, SELF
from csp.decorators import csp_replace

from publishing.domain import queries, release_figures, sharing
from publishing.domain.findings import ranking_finding, unit_finding
from publishing.domain.ranking_rows import all_rows
from publishing.exceptions import ReleaseAbsent
from publishing.models import IndexRelease, ReleaseEntry
from publishing.views.access import public, released
from publishing.views.ranking import distribution_chart
from publishing.views.units import is_tied

EMBEDDED_ROWS = 10
# A chart in another site's page: our style and nothing else, in any frame.
EMBED_POLICY = {
    **dict.fromkeys(("script-src", "connect-src", "frame-src", "object-src", "manifest-src")),
    "default-src": [NONE],
    "style-src": [SELF],
    "font-src": [SELF],
    "img-src": [SELF, "data:"],
    "base-uri": [NONE],
    "form-action": [NONE],
    "frame-ancestors": ["*"],
}


def embeddable(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let other sites show the view in a frame."""
    framed: Callable[..., HttpResponseBase] = xframe_options_exempt(csp_replace(EMBED_POLICY)(view))
    return framed


@released
def release_picture(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Send the picture of a result."""
    return HttpResponse(sharing.release_card(release), content_type="image/png")


@released
def unit_picture(request: HttpRequest, release: IndexRelease, unit_code: str) -> HttpResponse:
    """Send the picture of a unit's result."""
    entry = queries.find_entry(release, unit_code)
    return HttpResponse(sharing.unit_card(release, entry, tied=is_tied(release, entry)), content_type="image/png")


@embeddable
@released
def release_chart(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show the first units of a result as bars."""
    stats = release_figures.stats_of(release)
    rows = [row for row in all_rows(release) if row.index is not None][:EMBEDDED_ROWS]
    context = {
        "finding": ranking_finding(release, stats),
        "rows": rows,
        "several_tiers": len(stats.tiers) > 1,
        "address": release.get_absolute_url(),
    }
    return _chart(request, release, context)


@embeddable
@released
def unit_chart(request: HttpRequest, release: IndexRelease, unit_code: str) -> HttpResponse:
    """Show a unit's place among its tier."""
    entry = queries.find_entry(release, unit_code)
    stats = release_figures.stats_of(release)
    context = {
        "finding": unit_finding(entry, stats, tied=is_tied(release, entry)),
        "entry": entry,
        "distribution": distribution_chart(release, stats, entry.index, entry.tier_code),
        "group": stats.of_tier(entry.tier_code),
        "address": f"{release.get_absolute_url()}don-vi/{entry.unit_code}/",
    }
    return _chart(request, release, context)


def _chart(request: HttpRequest, release: IndexRelease, context: dict[str, Any]) -> HttpResponse:
    return render(request, "publishing/embed.html", {"release": release, **context})


@public
def short_release(request: HttpRequest, code: str) -> HttpResponseBase:
    """Lead from the short address of a result to its page."""
    release = queries.public_releases().filter(pk=sharing.row_number(code)).first()
    if release is None:
        raise ReleaseAbsent(_("There is no such result."))
    return redirect(release)


@public
def short_entry(request: HttpRequest, code: str) -> HttpResponseBase:
    """Lead from the short address of a unit's line to its page."""
    entries = ReleaseEntry.objects.filter(release__in=queries.public_releases().order_by()).select_related("release")
    entry = entries.filter(pk=sharing.row_number(code)).first()
    if entry is None:
        raise ReleaseAbsent(_("There is no such result."))
    return redirect("publishing:unit", slug=entry.release.slug, unit_code=entry.unit_code)
