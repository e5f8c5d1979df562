"""Up to four units of one release side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cms.text import fold
from publishing.domain import queries
from publishing.domain.ranking_rows import RankingRow, all_rows, heat_step
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

    node: queries.NodeName
    cells: tuple[ComparedCell, ...]
    mean: Decimal | None


@released
def compare(request: HttpRequest, release: IndexRelease) -> HttpResponse:
    """Show the chosen units (`?unit=a&unit=b`) side by side; without a choice, the form to choose."""
    codes = list(dict.fromkeys(code for code in request.GET.getlist("unit") if code))
    if len(codes) > AT_MOST:
        raise ReleaseAbsent(_("At most %(number)s units are compared.") % {"number": AT_MOST})
    entries = [queries.find_entry(release, code) for code in codes]
    rows = all_rows(release)
    is_long = len(rows) > WHOLE
    nodes = queries.nodes_of(release)
    context = {
        "release": release,
        "entries": entries,
        "slots": [codes[place] if place < len(codes) else "" for place in range(AT_MOST)],
        "choices": [] if is_long else sorted((row.folded, row.unit_name, row.unit_code) for row in rows),
        "is_long": is_long,
        "looked_for": request.GET.get("q", "")[:MAX_QUERY],
        "matching": _matching(rows, request.GET.get("q", ""), codes) if is_long else [],
        "at_most": AT_MOST,
        "lines": _lines(release, entries, [node for node in nodes.values() if node.level == 1]),
        "criteria": _lines(release, entries, [node for node in nodes.values() if node.level == 2]),
        "class_names": class_names(release),
        "correction": queries.correction_of(release),
        "years": _years(release, entries),
    }
    return render(request, "publishing/compare.html", context)


def _matching(rows: Sequence[RankingRow], query: str, chosen: list[str]) -> list[RankingRow]:
    """Return the first units of a long list that have all words in their names, best ranks first, no chosen ones."""
    words = fold(query[:MAX_QUERY]).split()
    if not words:
        return []
    found = (row for row in rows if row.unit_code not in chosen and all(word in row.folded for word in words))
    return list(islice(found, SHOWN))


def _lines(release: IndexRelease, entries: list[ReleaseEntry], nodes: list[queries.NodeName]) -> list[ComparedLine]:
    if not entries or not nodes:
        return []
    scores = {
        (score.entry_id, score.code): score
        for score in ReleaseScore.objects.filter(entry__in=entries, code__in=[node.code for node in nodes])
    }
    stats = queries.stats_of(release).all
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


def _years(release: IndexRelease, entries: list[ReleaseEntry]) -> list[tuple[int, list[ReleaseEntry | None]]]:
    """Return the compared units' results of every year of the series, newest first."""
    by_unit = [
        {result.year: result.entry for result in queries.results_of_unit(entry.unit, series=release.series)}
        for entry in entries
    ]
    years = sorted({year for results in by_unit for year in results}, reverse=True)
    return [(year, [results.get(year) for results in by_unit]) for year in years]
