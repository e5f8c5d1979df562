"""Lists of releases: all results, the corrections log; and the methodology and data pages of one."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from publishing.domain import edition_nodes, queries, release_figures
from publishing.domain.reasons import rule_sentence
from publishing.enums import RankScope, ReleaseState
from publishing.models import IndexRelease
from publishing.ranking import read_bands
from publishing.views.access import ReleaseAbsent, public, released
from publishing.views.ranking import class_names


@public
def release_index(request: HttpRequest) -> HttpResponse:
    """List all current results by year; `?year=` and `?series=` narrow, unknown values are absent."""
    releases = queries.current_releases().order_by("-year", "title")
    series = request.GET.get("series", "")
    year = request.GET.get("year", "")
    years = sorted(set(releases.values_list("year", flat=True)), reverse=True)
    known_series = dict.fromkeys(releases.values_list("series", flat=True))
    if year and year not in {str(one) for one in years}:
        raise ReleaseAbsent(_("There is no result for this year."))
    if series and series not in known_series:
        raise ReleaseAbsent(_("There is no such choice: %(value)s.") % {"value": series[:50]})
    if year:
        releases = releases.filter(year=int(year))
    if series:
        releases = releases.filter(series=series)
    context = {
        "by_year": [(one, list(group)) for one, group in groupby(releases, key=lambda release: release.year)],
        "years": years,
        "chosen_year": year,
    }
    return render(request, "publishing/release_index.html", context)


@public
def corrections(request: HttpRequest) -> HttpResponse:
    """List every public correction and withdrawal with what changed and why, newest first."""
    found: list[dict[str, Any]] = [
        {"at": release.publish_at, "kind": "correction", "release": release, "corrects": release.corrects}
        for release in queries.public_releases().exclude(corrects=None).select_related("corrects")
    ]
    withdrawn = IndexRelease.objects.filter(state=ReleaseState.WITHDRAWN, publish_at__isnull=False)
    found += [
        {"at": release.withdrawn_at, "kind": "withdrawal", "release": release, "corrects": None}
        for release in withdrawn
        if release.withdrawn_at and release.publish_at and release.withdrawn_at >= release.publish_at
    ]
    found.sort(key=lambda item: item["at"], reverse=True)
    return render(request, "publishing/corrections.html", {"corrections": found})


@released
def methodology(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Say how the result is computed: from the edition, the release's own rules and its hashes."""
    names = class_names(release)
    bands = sorted(read_bands(release.classes), key=lambda band: -band.start)
    context = {
        "release": release,
        "bands": [(band, names.get(band.code, band.name)) for band in bands],
        "tree": _tree(release),
        "edition_url": _edition_url(release),
        "ranked_by_tier": release.rank_scope == RankScope.TIER,
        "stats": release_figures.stats_of(release),
        "correction": queries.correction_of(release),
    }
    return render(request, "publishing/methodology.html", context)


def _edition_url(release: IndexRelease) -> str:
    """Return the public address of the release's edition, nothing where its page is not public."""
    if release.edition is None or not release.edition.page.live:
        return ""
    page = release.edition.page
    return f"{page.url or ''}{page.reverse_subpage('edition', kwargs={'number': release.edition.number})}"


def _tree(release: IndexRelease) -> list[dict[str, Any]]:
    if release.edition is None:
        return []
    nodes = edition_nodes.nodes_of(release)
    return [
        {
            "node": nodes[domain.code],
            "criteria": [
                {
                    "node": nodes[criterion.code],
                    "leaves": [
                        {"node": nodes[leaf.code], "leaf": leaf, "rule": rule_sentence(leaf)}
                        for leaf in criterion.leaves
                    ],
                }
                for criterion in domain.criteria
            ],
        }
        for domain in release.edition.definition.domains
    ]
