"""Up to four units side by side: in one release domain by domain, and over the years of its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cms.numbers import format_percent
from cms.text import fold
from publishing import charts
from publishing.domain import edition_nodes, queries, release_figures, unit_years
from publishing.domain.findings import years_finding
from publishing.domain.ranking_rows import RankingRow, all_rows, heat_step
from publishing.enums import ReleaseKind
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.views.access import ReleaseAbsent, released
from publishing.views.ranking import MAX_QUERY, WHOLE, class_names

AT_MOST = 4
# Of the units that were looked for in a long list, this many are shown.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """A unit's share of a domain; `best` among the compared."""

    share: Decimal | None
    points: Decimal | None
    maximum: Decimal
    best: bool

    @property
    def step(self) -> int:
        """The step of the colour scale."""
        return heat_step(self.share) if self.share is not None else 0


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """A domain over the compared units."""

    node: edition_nodes.NodeName
    cells: tuple[ComparedCell, ...]
    mean: Decimal | None


@dataclass(frozen=True, slots=True)
class ComparedUnit:
    """A chosen unit; `entry` is its line in the release, None where only other years of the series name it."""

    code: str
    name: str
    entry: ReleaseEntry | None
    results: tuple[unit_years.YearResult, ...]
    mark: SafeString


@dataclass(frozen=True, slots=True)
class ComparedYear:
    """A year with each unit's result, None where the year does not name it; `why`: not comparable with those before."""

    year: int
    entries: tuple[ReleaseEntry | None, ...]
    why: str


@released
def compare(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show the chosen units (`?unit=a&unit=b`) side by side; without a choice, the form to choose."""
    codes = list(dict.fromkeys(code for code in request.GET.getlist("unit") if code))
    if len(codes) > AT_MOST:
        raise ReleaseAbsent(_("At most %(number)s units are compared.") % {"number": AT_MOST})
    units = [_compared(release, code, place) for place, code in enumerate(codes)]
    entries = [unit.entry for unit in units if unit.entry is not None]
    rows = all_rows(release)
    is_long = len(rows) > WHOLE
    nodes = edition_nodes.nodes_of(release)
    years = _years(units)
    context = {
        "release": release,
        "units": units,
        "entries": entries,
        "slots": [codes[place] if place < len(codes) else "" for place in range(AT_MOST)],
        "choices": [] if is_long else _choices(release, rows),
        "is_long": is_long,
        "looked_for": request.GET.get("q", "")[:MAX_QUERY],
        "matching": _matching(rows, request.GET.get("q", ""), codes) if is_long else [],
        "at_most": AT_MOST,
        "lines": _lines(release, entries, [node for node in nodes.values() if node.level == 1]),
        "criteria": _lines(release, entries, [node for node in nodes.values() if node.level == 2]),
        "class_names": class_names(release),
        "correction": queries.correction_of(release),
        "years": years,
        "columns": len(units) + 1,
        "years_finding": years_finding(
            [unit.name for unit in units],
            {line.year: [entry.index if entry else None for entry in line.entries] for line in years},
        ),
        "trend": _trend(units),
        "is_historic": release.kind == ReleaseKind.HISTORIC,
    }
    return render(request, "publishing/compare.html", context)


def _compared(release: IndexRelease, code: str, place: int) -> ComparedUnit:
    """Return the unit of that code in the release or, as sources do not name all each year, in others of its series."""
    entry = ReleaseEntry.objects.filter(release=release, unit_code=code).select_related("unit").first()
    if entry is None and release.kind != ReleaseKind.HISTORIC:
        entry = queries.find_entry(release, code)
    named = entry or _of_series(release).filter(unit_code=code).select_related("unit").first()
    if named is None:
        named = queries.find_entry(release, code)
    return ComparedUnit(
        code=named.unit_code,
        name=named.unit_name,
        entry=entry,
        results=tuple(unit_years.results_of_unit(named.unit, series=release.series)),
        mark=charts.series_mark(place),
    )


def _of_series(release: IndexRelease) -> QuerySet[ReleaseEntry]:
    """Return the lines of all public results of the release's series, newest years first."""
    others = queries.current_releases().filter(series=release.series)
    return ReleaseEntry.objects.filter(release__in=others.order_by()).order_by("-release__year", "unit_code")


def _choices(release: IndexRelease, rows: Sequence[RankingRow]) -> list[tuple[str, str, str]]:
    """Return what may be chosen, as (folded name, name, code) in the order of names."""
    choices = {row.unit_code: (row.folded, row.unit_name, row.unit_code) for row in rows}
    if release.kind == ReleaseKind.HISTORIC:
        for code, name in _of_series(release).values_list("unit_code", "unit_name"):
            choices.setdefault(code, (fold(name), name, code))
    return sorted(choices.values())


def _matching(rows: Sequence[RankingRow], query: str, chosen: list[str]) -> list[RankingRow]:
    """Return the first units of a long list that have all words in their names, best ranks first, no chosen ones."""
    words = fold(query[:MAX_QUERY]).split()
    if not words:
        return []
    found = (row for row in rows if row.unit_code not in chosen and all(word in row.folded for word in words))
    return list(islice(found, SHOWN))


def _lines(
    release: IndexRelease, entries: list[ReleaseEntry], nodes: list[edition_nodes.NodeName]
) -> list[ComparedLine]:
    if not entries or not nodes:
        return []
    scores = {
        (score.entry_id, score.code): score
        for score in ReleaseScore.objects.filter(entry__in=entries, code__in=[node.code for node in nodes])
    }
    stats = release_figures.stats_of(release).all
    lines = []
    for node in nodes:
        found = [scores.get((entry.pk, node.code)) for entry in entries]
        shares = [_share(score) for score in found]
        top = max((share for share in shares if share is not None), default=None)
        cells = tuple(
            ComparedCell(
                share=share,
                points=score.points if score else None,
                maximum=score.maximum if score else Decimal(0),
                best=share is not None and share == top and len(entries) > 1,
            )
            for share, score in zip(shares, found, strict=True)
        )
        figures = stats.nodes.get(node.code)
        lines.append(ComparedLine(node=node, cells=cells, mean=figures.mean if figures else None))
    return lines


def _share(score: ReleaseScore | None) -> Decimal | None:
    if score is None or score.points is None or not score.maximum:
        return None
    return score.points * 100 / score.maximum


def _years(units: Sequence[ComparedUnit]) -> list[ComparedYear]:
    """Return the compared units' results of every year of the series, newest first."""
    by_unit = [{result.year: result for result in unit.results} for unit in units]
    lines = []
    for year in sorted({year for results in by_unit for year in results}, reverse=True):
        found = [results.get(year) for results in by_unit]
        why = next((result.why for result in found if result is not None and result.breaks), "")
        lines.append(ComparedYear(year, tuple(result.entry if result else None for result in found), why))
    return lines


def _trend(units: Sequence[ComparedUnit]) -> SafeString:
    """Return the units' indices over the years as one chart."""
    series = [
        charts.Series(
            name=unit.name,
            points=tuple(
                charts.TrendPoint(year=result.year, value=result.entry.index, breaks=result.breaks)
                for result in unit_years.with_index(unit.results)
                if result.entry.index is not None
            ),
        )
        for unit in units
    ]
    parts = [
        f"{one.name}: " + ", ".join(f"{point.year} {format_percent(point.value)}" for point in one.points)
        for one in series
    ]
    return charts.comparison(series, label=_("Index by year. %(series)s") % {"series": "; ".join(parts)})
