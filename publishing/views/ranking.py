"""The ranking of a release: filter and sort by the address alone, one page of rows, heat map of domains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from cms.models import UnitGroup
from cms.numbers import format_percent
from cms.text import fold
from publishing import charts
from publishing.domain import queries
from publishing.domain.findings import ranking_finding
from publishing.enums import EntryStatus, SourceKind
from publishing.exceptions import ReleaseAbsent
from publishing.models import IndexRelease, RankingPage, ReleaseEntry, ReleaseScore
from publishing.models.pages import provide_context
from publishing.views.access import released

PAGE_SIZE = 100
WHOLE = 150
MAX_QUERY = 100
HEAT_STEPS = (50, 60, 70, 75, 80, 85, 90)
SORTS = ("rank", "-rank", "name", "-name", "index", "-index", "change", "-change")


def heat_step(share: Decimal) -> int:
    """Return the step of the one sequential scale (0 to 7) for a share in percent; the same for every release."""
    return sum(share >= step for step in HEAT_STEPS)


@dataclass(frozen=True, slots=True)
class HeatCell:
    """A domain's share of its maximum; `share` None where the domain does not apply."""

    code: str
    name: str
    share: Decimal | None
    points: Decimal | None = None
    maximum: Decimal | None = None

    @property
    def step(self) -> int:
        """The step of the colour scale."""
        return heat_step(self.share) if self.share is not None else 0


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One unit as the table shows it."""

    pk: int
    unit_id: int
    unit_code: str
    unit_name: str
    tier_code: str
    tier_name: str
    groups: tuple[str, ...]
    status: str
    reason: str
    points: Decimal | None
    maximum: Decimal | None
    index: Decimal | None
    rank: int | None
    rank_of: int | None
    class_code: str
    source: str
    source_kind: str
    folded: str = ""
    tied: bool = False
    cells: tuple[HeatCell, ...] = ()
    before: Decimal | None = None

    @property
    def change(self) -> Decimal | None:
        """Change of the index against the year before, in percentage points."""
        return None if self.index is None or self.before is None else self.index - self.before

    @property
    def bar(self) -> SafeString:
        """The index as a bar."""
        return charts.bar(self.index) if self.index is not None else SafeString("")

    @property
    def status_label(self) -> str:
        """The unit's standing in words."""
        return str(EntryStatus(self.status).label)

    @property
    def source_kind_label(self) -> str:
        """How a historic figure came to us."""
        return str(SourceKind(self.source_kind).label) if self.source_kind else ""


_FIELDS = (
    "pk",
    "unit_id",
    "unit_code",
    "unit_name",
    "tier_code",
    "tier_name",
    "group_codes",
    "status",
    "reason",
    "points",
    "maximum",
    "index",
    "rank",
    "rank_of",
    "class_code",
    "source",
    "source_kind",
)


def all_rows(release: IndexRelease) -> tuple[RankingRow, ...]:
    """Return every unit of the release, ties marked. Callers have asked the embargo.

    A release never changes, so the rows of the last few are kept, under the hash of what they say.
    """
    return _rows(release.pk, release.rows_sha256)


@lru_cache(maxsize=8)
def _rows(release_id: int, rows_sha256: str) -> tuple[RankingRow, ...]:
    values = list(ReleaseEntry.objects.filter(release_id=release_id).values_list(*_FIELDS))
    places = Counter((row[4], row[12], row[13]) for row in values if row[12] is not None)
    return tuple(
        RankingRow(*row[:6], tuple(row[6]), *row[7:], folded=fold(f"{row[3]} {row[2]}"), tied=_is_tied(row, places))
        for row in values
    )


def _is_tied(row: tuple[Any, ...], places: Counter[tuple[str, int | None, int | None]]) -> bool:
    return row[12] is not None and places[row[4], row[12], row[13]] > 1


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
    def from_query(cls, params: Mapping[str, str], *, allowed: Mapping[str, Sequence[str]]) -> RankingFilter:
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

    def accepts(self, row: RankingRow) -> bool:
        """Whether the row is asked for."""
        return (
            (not self.tier or row.tier_code == self.tier)
            and (not self.group or self.group in row.groups)
            and (not self.class_code or row.class_code == self.class_code)
            and (not self.query or fold(self.query) in row.folded)
        )

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
    domains = queries.domains_of(release)
    rows = all_rows(release)
    groups = UnitGroup.objects.filter(code__in={code for row in rows for code in row.groups})
    classes = release.classes
    wanted = RankingFilter.from_query(
        params,
        allowed={
            "tier": [row.tier_code for row in rows],
            "group": [group.code for group in groups],
            "class": [band["code"] for band in classes],
            "sort": [*SORTS, *(f"{sign}{node.code}" for node in domains for sign in ("", "-"))],
        },
    )
    previous = queries.previous_release(release)
    comparison = queries.compare_releases(previous, release)
    comparable = comparison.comparable
    found = [row for row in rows if wanted.accepts(row)]
    found = _with_change(found, previous if comparable else None)
    found = _sorted(found, wanted, release, domains)
    size = len(found) if len(found) <= WHOLE else PAGE_SIZE
    pages = max(1, -(-len(found) // size)) if size else 1
    if wanted.page > pages:
        raise ReleaseAbsent(_("There is no such page."))
    shown = _with_cells(found[(wanted.page - 1) * size : wanted.page * size], domains)
    stats = queries.stats_of(release)
    return {
        "release": release,
        "stats": stats,
        "finding": ranking_finding(release, stats),
        "domains": domains,
        "rows": shown,
        "found": len(found),
        "total": len(rows),
        "filter": wanted,
        "tiers": stats.tiers,
        "groups": groups,
        "heads": _heads(wanted, domains, comparable=comparable, shown=shown),
        "pager": _pager(wanted, pages),
        "previous": previous,
        "comparable": comparable,
        "comparison_note": comparison.why,
        "correction": queries.correction_of(release),
        "class_names": class_names(release),
        "distribution": distribution_chart(release, stats),
        "is_historic": release.edition_id is None,
    }


def class_names(release: IndexRelease) -> dict[str, str]:
    """Return the names of the release's classes by code, in the language of the interface."""
    english = (get_language() or "").startswith("en")
    return {
        band["code"]: band["name_en"] if english and band.get("name_en") else band["name"] for band in release.classes
    }


def distribution_chart(
    release: IndexRelease, stats: queries.ReleaseStats, marked: Decimal | None = None, tier: str = ""
) -> SafeString:
    """Return the strip with a stroke per unit."""
    group = stats.of_tier(tier)
    if group.count < 2 or group.lowest is None:
        return SafeString("")
    start = floor_ten(group.lowest)
    ticks = [(Decimal(at), f"{at} %") for at in range(int(start), 101, 10)]
    label = _("Distribution of %(count)s units from %(low)s to %(high)s") % {
        "count": group.count,
        "low": format_percent(group.lowest),
        "high": format_percent(group.values[0]),
    }
    return charts.distribution(group.values, marked, start=start, label=label, ticks=ticks)


def floor_ten(value: Decimal) -> Decimal:
    """Return the next lower multiple of ten, at most 90: where a track of percentages begins."""
    return min(Decimal(90), Decimal(int(value) // 10 * 10))


def _with_change(rows: list[RankingRow], previous: IndexRelease | None) -> list[RankingRow]:
    if previous is None:
        return rows
    before = dict(ReleaseEntry.objects.filter(release=previous, index__isnull=False).values_list("unit_id", "index"))
    return [replace(row, before=before.get(row.unit_id)) for row in rows]


def _with_cells(rows: list[RankingRow], domains: Sequence[queries.NodeName]) -> list[RankingRow]:
    """Add the heat map's cells of the rows shown, in one query."""
    if not domains or not rows:
        return rows
    scores = ReleaseScore.objects.filter(entry_id__in=[row.pk for row in rows], level=1)
    points = {
        (entry_id, code): (value, maximum)
        for entry_id, code, value, maximum in scores.values_list("entry_id", "code", "points", "maximum")
    }
    return [replace(row, cells=tuple(_cell(row, node, points) for node in domains)) for row in rows]


def _cell(
    row: RankingRow, node: queries.NodeName, points: Mapping[tuple[int, str], tuple[Decimal | None, Decimal]]
) -> HeatCell:
    value, maximum = points.get((row.pk, node.code), (None, Decimal(0)))
    share = value * 100 / maximum if value is not None and maximum else None
    return HeatCell(node.code, node.display_name, share, value, maximum)


def _sorted(
    rows: list[RankingRow], wanted: RankingFilter, release: IndexRelease, domains: Sequence[queries.NodeName]
) -> list[RankingRow]:
    """Sort by the asked column; units without a value come last either way, then by name."""
    down = wanted.sort.startswith("-")
    name = wanted.sort.lstrip("-")
    if name == "name":
        return sorted(rows, key=lambda row: row.folded, reverse=down)
    values = _values(rows, name, release)
    with_value = [row for row in rows if values.get(row.pk) is not None]
    without = [row for row in rows if values.get(row.pk) is None]
    tie_break = {row.pk: (row.tier_code if name == "rank" else "", row.folded) for row in rows}
    with_value.sort(key=lambda row: tie_break[row.pk])
    with_value.sort(key=lambda row: values[row.pk], reverse=down)
    return with_value + sorted(without, key=lambda row: (row.status, -(row.index or Decimal(-1)), row.folded))


def _values(rows: list[RankingRow], name: str, release: IndexRelease) -> dict[int, Any]:
    if name == "rank":
        return {row.pk: row.rank for row in rows}
    if name == "index":
        return {row.pk: row.index for row in rows}
    if name == "change":
        return {row.pk: row.change for row in rows}
    scores = ReleaseScore.objects.filter(entry__release=release, code=name, points__isnull=False, maximum__gt=0)
    return {
        entry_id: points * 100 / maximum
        for entry_id, points, maximum in scores.values_list("entry_id", "points", "maximum")
    }


def _heads(
    wanted: RankingFilter, domains: Sequence[queries.NodeName], *, comparable: bool, shown: Sequence[RankingRow]
) -> list[SortHead]:
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
