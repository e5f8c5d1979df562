"""The ranking of a release: filter and sort by the address alone, one page of rows, heat map of domains."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from cms.numbers import format_count, format_percent
from cms.text import fold
from publishing import charts
from publishing.domain import edition_nodes, queries, release_figures, sharing, unit_years
from publishing.domain.findings import ranking_finding
from publishing.domain.ranking_rows import (
    RankingRow,
    groups_of,
    shares_of,
    table_of,
    with_change,
    with_shares,
)
from publishing.exceptions import ReleaseAbsent
from publishing.models import IndexRelease, RankingPage
from publishing.models.pages import provide_context
from publishing.views.access import released

PAGE_SIZE = 100
WHOLE = 150
MAX_QUERY = 100
SORTS = ("rank", "-rank", "name", "-name", "index", "-index", "change", "-change")


@dataclass(frozen=True, slots=True)
class RankingFilter:
    """What the address asks for. Values that the release does not have are refused as absent (404)."""

    tier: str = ""
    group: str = ""
    class_code: str = ""
    query: str = ""
    sort: str = "rank"
    page: int = 1

    @classmethod
    def from_query(cls, params: Mapping[str, str], *, allowed: Mapping[str, Collection[str]]) -> RankingFilter:
        """Read the query string. Raises `ReleaseAbsent` for a value or page that does not exist."""
        chosen = {}
        for name, values in allowed.items():
            value = params.get(name, "")
            if value and value not in values:
                raise ReleaseAbsent(_("There is no such choice: %(value)s.") % {"value": value[:50]})
            chosen[name] = value
        query = params.get("q", "").strip()
        if len(query) > MAX_QUERY:
            raise ReleaseAbsent(_("The search text is too long."))
        page = params.get("page", "1") or "1"
        if not (page.isascii() and page.isdecimal() and len(page) < 7 and int(page) >= 1):
            raise ReleaseAbsent(_("There is no such page."))
        return cls(
            tier=chosen["tier"],
            group=chosen["group"],
            class_code=chosen["class"],
            sort=chosen["sort"] or "rank",
            query=query,
            page=int(page),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but order and page is asked for."""
        return bool(self.tier or self.group or self.class_code or self.query)

    def select(self, rows: Sequence[RankingRow]) -> list[RankingRow]:
        """Return the rows that are asked for."""
        query = fold(self.query)
        return [
            row
            for row in rows
            if (not self.tier or row.tier_code == self.tier)
            and (not self.group or self.group in row.groups)
            and (not self.class_code or row.class_code == self.class_code)
            and (not query or query in row.folded)
        ]

    def url(self, **changes: Any) -> str:
        """Return the query string with some values changed; defaults are left out."""
        values = {
            "q": self.query,
            "tier": self.tier,
            "group": self.group,
            "class": self.class_code,
            "sort": self.sort,
            "page": self.page,
        } | changes
        defaults = {"sort": "rank", "page": 1}
        return "?" + urlencode({name: value for name, value in values.items() if value and value != defaults.get(name)})


@dataclass(frozen=True, slots=True)
class SortHead:
    """A column's head: where a click leads and which way it is sorted now ("", "ascending", "descending")."""

    label: str
    url: str
    state: str
    css: str = ""
    title: str = ""


def ranking_context(release: IndexRelease, params: Mapping[str, str]) -> dict[str, Any]:
    """Return what the ranking shows. The caller has asked the embargo. Raises `ReleaseAbsent` for unknown filters."""
    domains = edition_nodes.domains_of(release)
    table = table_of(release)
    wanted = RankingFilter.from_query(
        params,
        allowed={
            "tier": table.tiers,
            "group": table.groups,
            "class": [band["code"] for band in release.classes],
            "sort": [*SORTS, *(f"{sign}{node.code}" for node in domains for sign in ("", "-"))],
        },
    )
    previous = unit_years.previous_release(release)
    comparison = unit_years.compare_releases(previous, release)
    comparable = comparison.comparable
    found = with_change(wanted.select(table.rows), previous if comparable else None)
    found = _sorted(found, wanted, release)
    size = len(found) if len(found) <= WHOLE else PAGE_SIZE
    pages = max(1, -(-len(found) // size)) if size else 1
    if wanted.page > pages:
        raise ReleaseAbsent(_("There is no such page."))
    shown = with_shares(found[(wanted.page - 1) * size : wanted.page * size], domains)
    stats = release_figures.stats_of(release)
    return {
        **sharing.share_context(release),
        "release": release,
        "stats": stats,
        "finding": ranking_finding(release, stats),
        "domains": domains,
        "rows": shown,
        "found": len(found),
        "total": len(table.rows),
        "filter": wanted,
        "tiers": stats.tiers,
        "groups": groups_of(table),
        "heads": _heads(wanted, domains, comparable=comparable),
        "pager": _pager(wanted, pages),
        "previous": previous,
        "comparable": comparable,
        "comparison_note": comparison.why,
        "correction": queries.correction_of(release),
        "class_names": class_names(release),
        "distribution": distribution_chart(release, stats),
        "in_columns": stats.all.count > charts.STROKES,
        "is_historic": release.edition_id is None,
    }


def class_names(release: IndexRelease) -> dict[str, str]:
    """Return the names of the release's classes by code, in the language of the interface."""
    english = (get_language() or "").startswith("en")
    return {
        band["code"]: band["name_en"] if english and band.get("name_en") else band["name"] for band in release.classes
    }


def distribution_chart(
    release: IndexRelease, stats: release_figures.ReleaseStats, marked: Decimal | None = None, tier: str = ""
) -> SafeString:
    """Return the spread of the indices of all units or of a tier, the mean and the marked one in it."""
    group = stats.of_tier(tier)
    if group.count < 2 or group.lowest is None or group.mean is None:
        return SafeString("")
    start = floor_ten(group.lowest)
    ticks = [(Decimal(at), f"{at} %") for at in range(int(start), 101, 10)]
    label = _("Distribution of %(count)s units from %(low)s to %(high)s") % {
        "count": format_count(group.count),
        "low": format_percent(group.lowest),
        "high": format_percent(group.values[0]),
    }
    return charts.distribution(group.values, marked, start=start, label=label, ticks=ticks, mean=group.mean)


def floor_ten(value: Decimal) -> Decimal:
    """Return the next lower multiple of ten, at most 90: where a track of percentages begins."""
    return min(Decimal(90), Decimal(int(value) // 10 * 10))


def _sorted(rows: list[RankingRow], wanted: RankingFilter, release: IndexRelease) -> list[RankingRow]:
    """Sort by the asked column; units without a value come last either way, in the order of ranks."""
    down = wanted.sort.startswith("-")
    name = wanted.sort.lstrip("-")
    if name == "rank" and not down:
        return rows
    if name == "name":
        return sorted(rows, key=lambda row: row.folded, reverse=down)
    values = _values(rows, name, release)
    with_value = [row for row in rows if values.get(row.pk) is not None]
    without = [row for row in rows if values.get(row.pk) is None]
    with_value.sort(key=lambda row: (row.tier_code, row.folded))
    with_value.sort(key=lambda row: values[row.pk], reverse=down)
    return with_value + without


def _values(rows: list[RankingRow], name: str, release: IndexRelease) -> Mapping[int, Any]:
    if name == "rank":
        return {row.pk: row.rank for row in rows}
    if name == "index":
        return {row.pk: row.index for row in rows}
    if name == "change":
        return {row.pk: row.change for row in rows}
    return shares_of(release, name)


def _heads(wanted: RankingFilter, domains: Sequence[edition_nodes.NodeName], *, comparable: bool) -> list[SortHead]:
    columns = [("rank", _("Rank"), "num", "", False), ("name", _("Unit"), "", "", False)]
    columns.append(("index", _("Index"), "", "", True))
    if comparable:
        columns.append(("change", pgettext("ranking", "Change"), "num", _("Change against the year before"), True))
    columns += [(node.code, node.code, "num heat-head", node.display_name, True) for node in domains]
    return [_head(wanted, *column) for column in columns]


def _head(wanted: RankingFilter, name: str, label: str, css: str, title: str, down_first: bool) -> SortHead:
    is_sorted = wanted.sort.lstrip("-") == name
    is_down = wanted.sort.startswith("-")
    first, second = (f"-{name}", name) if down_first else (name, f"-{name}")
    target = second if wanted.sort == first else first
    state = ("descending" if is_down else "ascending") if is_sorted else ""
    return SortHead(label=label, url=wanted.url(sort=target, page=1), state=state, css=css, title=title)


def _pager(wanted: RankingFilter, pages: int) -> dict[str, Any] | None:
    if pages == 1:
        return None
    return {
        "page": wanted.page,
        "pages": pages,
        "previous": wanted.url(page=wanted.page - 1) if wanted.page > 1 else "",
        "next": wanted.url(page=wanted.page + 1) if wanted.page < pages else "",
        "first": wanted.url(page=1),
        "last": wanted.url(page=pages),
    }


@released
def ranking(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show the ranking."""
    return render(request, "publishing/ranking.html", ranking_context(release, request.GET))


def _page_context(page: RankingPage, request: HttpRequest) -> dict[str, Any]:
    english = (get_language() or "").startswith("en")
    intro = page.intro_en if english and page.intro_en else page.intro
    return {**ranking_context(page.release, request.GET), "intro": intro}


provide_context(RankingPage, _page_context)
