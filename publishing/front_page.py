"""What publication puts on the front page: the latest results and the plans' next tasks."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from wagtail.models import Page

from cms import clock
from cms.front_page import HomeBlock
from publishing.domain import queries, release_figures
from publishing.domain.findings import ranking_finding
from publishing.models import IndexRelease, PlanTask, RankingPage, ReleaseEntry, YearlyPlanPage

LATEST = 3
TOP = 5
NEXT_TASKS = 6
AHEAD = dt.timedelta(days=120)


def latest_results(request: HttpRequest) -> HomeBlock | None:
    """Return the newest results with their finding."""
    releases = list(queries.current_releases().order_by("-year", "-publish_at")[:LATEST])
    if not releases:
        return None
    found = [
        {"release": release, "finding": ranking_finding(release, release_figures.stats_of(release)), "top": []}
        for release in releases
    ]
    found[0]["top"] = _first_units(releases[0])
    return HomeBlock(
        name="results",
        title=_("Latest results"),
        template="publishing/parts/home_results.html",
        data={"releases": found, "newest": releases[0]},
        url=reverse("publishing:releases"),
        link=_("All results"),
        order=10,
        wide=True,
    )


def _first_units(release: IndexRelease) -> list[ReleaseEntry]:
    """Return the first units of a result of one tier; several tiers have no common order."""
    ranked = release.entries.filter(rank__isnull=False)
    if len(set(ranked.values_list("tier_code", flat=True))) != 1:
        return []
    return list(ranked.order_by("rank", "unit_name")[:TOP])


def plans(request: HttpRequest) -> HomeBlock | None:
    """Return the tasks of public plans that are due next, or, where none is, the newest plans."""
    today = clock.today()
    tasks = (
        PlanTask.objects.filter(plan__live=True, ends_on__gte=today, ends_on__lte=today + AHEAD)
        .select_related("plan")
        .prefetch_related("units")
        .order_by("ends_on", "plan", "position")[:NEXT_TASKS]
    )
    newest = YearlyPlanPage.objects.live().public().order_by("-year", "title")[:NEXT_TASKS]
    if not newest:
        return None
    return HomeBlock(
        name="plans",
        title=_("Plans"),
        template="publishing/parts/home_plans.html",
        data={"tasks": list(tasks), "plans": list(newest)},
        order=20,
    )


def other_results(page: Page, request: HttpRequest) -> HomeBlock | None:
    """Return every public result by series, for a section in which ranking pages lie; no result hides in the search."""
    if not RankingPage.objects.child_of(page).live().exists():
        return None
    by_series: dict[str, list[IndexRelease]] = {}
    for release in queries.current_releases().order_by("-year", "-publish_at", "title"):
        by_series.setdefault(release.series, []).append(release)
    series = [{"newest": found[0], "finding": _finding(found[0]), "releases": found} for found in by_series.values()]
    return HomeBlock(
        name="series",
        title=_("All results by series"),
        template="publishing/parts/section_results.html",
        data={"series": series},
    )


def _finding(release: IndexRelease) -> str:
    return ranking_finding(release, release_figures.stats_of(release))
