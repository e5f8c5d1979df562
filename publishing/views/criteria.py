"""A criterion's page in a release: who scored what, how it is spread, and the definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cms.numbers import format_count, format_percent
from criteria_pages.definition import Leaf
from criteria_pages.domain.lineage import LineageRow, lineage_between
from criteria_pages.models import LegalDocument
from publishing import charts
from publishing.domain import edition_nodes, queries
from publishing.domain.ranking_rows import RankingRow, all_rows, points_of, share_of, shares_of
from publishing.domain.reasons import rule_sentence, why
from publishing.models import IndexRelease, ReleaseScore
from publishing.views.access import ReleaseAbsent, released
from publishing.views.ranking import floor_ten

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A unit's points for the criterion."""

    unit_code: str
    unit_name: str
    tier_name: str
    points: Decimal | None
    maximum: Decimal
    share: Decimal | None
    reason: str
    chart: SafeString


@dataclass(frozen=True, slots=True)
class _Line:
    row: RankingRow
    points: Decimal | None
    maximum: Decimal
    share: Decimal | None


@dataclass(frozen=True, slots=True)
class YearFigure:
    """Mean share of the criterion in another year of the series."""

    release: IndexRelease
    code: str
    mean: Decimal | None
    maximum: Decimal
    name: str
    status: str
    label: str
    reason: str


@released
def criterion(request: HttpRequest, release: IndexRelease, code: str) -> HttpResponse:
    """Show who scored what for a domain, criterion or sub-criterion."""
    nodes = edition_nodes.nodes_of(release)
    node = nodes.get(code)
    if node is None or release.edition is None:
        raise ReleaseAbsent(_("There is no criterion %(code)s in this result.") % {"code": code[:40]})
    leaf = release.edition.definition.leaf(code) if release.edition.definition.has_leaf(code) else None
    lines = _lines(release, code)
    shares = [line.share for line in lines if line.share is not None]
    page, pages = _page(request, len(lines))
    shown = lines[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    scores = ReleaseScore.objects.filter(code=code, entry_id__in=[line.row.pk for line in shown])
    score_of = {score.entry_id: score for score in scores}
    context = {
        "release": release,
        "node": node,
        "leaf": leaf,
        "parents": _parents(node, nodes),
        "children": [child for child in nodes.values() if child.parent == code],
        "rule": rule_sentence(leaf) if leaf else "",
        "legal_basis": _legal_basis(leaf.legal_basis) if leaf else [],
        "rows": [_row(line, score_of[line.row.pk], leaf) for line in shown],
        "count": len(shares),
        "not_applicable": len(lines) - len(shares),
        "full": sum(share == 100 for share in shares),
        "none": sum(share == 0 for share in shares),
        "mean": sum(shares, Decimal(0)) / len(shares) if shares else None,
        "finding": _finding(shares),
        "distribution": _strip(shares),
        "in_columns": len(shares) > charts.STROKES,
        "years": _years(release, code),
        "page": page,
        "pages": pages,
        "correction": queries.correction_of(release),
    }
    return render(request, "publishing/criterion.html", context)


def _legal_basis(numbers: Sequence[str]) -> list[tuple[str, str]]:
    """Return each number with the address of the document's page, "" where the register does not hold it."""
    known = {document.number: document for document in LegalDocument.objects.filter(number__in=numbers)}
    return [(number, known[number].get_absolute_url() if number in known else "") for number in numbers]


def _page(request: HttpRequest, count: int) -> tuple[int, int]:
    text = request.GET.get("page", "1") or "1"
    pages = max(1, -(-count // PAGE_SIZE))
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and 1 <= int(text) <= pages):
        raise ReleaseAbsent(_("There is no such page."))
    return int(text), pages


def _lines(release: IndexRelease, code: str) -> list[_Line]:
    """Return every unit with its points in the node, the highest share first, those it does not apply to last."""
    points = points_of(release, code)
    lines = [
        _Line(row=row, points=points[row.pk][0], maximum=points[row.pk][1], share=share_of(*points[row.pk]))
        for row in all_rows(release)
        if row.pk in points
    ]
    return sorted(lines, key=_by_share)


def _by_share(line: _Line) -> tuple[bool, Decimal, str]:
    return (line.share is None, -(line.share or Decimal(0)), line.row.folded)


def _row(line: _Line, score: ReleaseScore, leaf: Leaf | None) -> NodeRow:
    applies = line.share is not None
    return NodeRow(
        unit_code=line.row.unit_code,
        unit_name=line.row.unit_name,
        tier_name=line.row.tier_name,
        points=line.points,
        maximum=line.maximum,
        share=line.share,
        reason=why(leaf, score) if leaf else "",
        chart=charts.bar(line.points or Decimal(0), line.maximum) if applies else SafeString(""),
    )


def _parents(node: edition_nodes.NodeName, nodes: dict[str, edition_nodes.NodeName]) -> list[edition_nodes.NodeName]:
    chain: list[edition_nodes.NodeName] = []
    while node.parent:
        node = nodes[node.parent]
        chain.insert(0, node)
    return chain


def _finding(shares: list[Decimal]) -> str:
    if not shares:
        return _("This criterion applied to no unit.")
    values: dict[str, Any] = {
        "full": sum(share == 100 for share in shares),
        "count": len(shares),
        "mean": format_percent(sum(shares, Decimal(0)) / len(shares)),
    }
    return _("%(full)s of %(count)s units have full points; the mean is %(mean)s of the maximum.") % values


def _strip(shares: list[Decimal]) -> SafeString:
    if len(shares) < 2:
        return SafeString("")
    start = floor_ten(min(shares))
    ticks = [(Decimal(at), f"{at} %") for at in range(int(start), 101, 10)]
    label = _("Distribution of %(count)s units in percent of the maximum") % {"count": format_count(len(shares))}
    mean = sum(shares, Decimal(0)) / len(shares)
    return charts.distribution(sorted(shares), None, start=start, label=label, ticks=ticks, mean=mean)


def _years(release: IndexRelease, code: str) -> list[YearFigure]:
    """Return the criterion in other years of the series, followed by the lineage of the sets, whatever its code."""
    figures = []
    for other in queries.current_releases().filter(series=release.series).exclude(pk=release.pk).order_by("-year"):
        found = _in_other_year(release, other, code)
        if found is None:
            continue
        there, row = found
        node = edition_nodes.nodes_of(other)[there]
        shares = [share for share in shares_of(other, there).values() if share is not None]
        figures.append(
            YearFigure(
                release=other,
                code=there,
                mean=sum(shares, Decimal(0)) / len(shares) if shares else None,
                maximum=node.maximum,
                name=node.display_name,
                status=row.status,
                label=row.status_label,
                reason=row.reason,
            )
        )
    return figures


def _in_other_year(release: IndexRelease, other: IndexRelease, code: str) -> tuple[str, LineageRow] | None:
    """Return the code of the criterion in another release, and how the two compare; None where it was not there."""
    if release.edition is None or other.edition is None:
        return None
    is_later = other.year > release.year
    older, newer = (release.edition, other.edition) if is_later else (other.edition, release.edition)
    lineage = lineage_between(older, newer)
    row = None
    if lineage is not None:
        row = lineage.after(code) if is_later else lineage.of(code)
    if row is None or not row.predecessor:
        return None
    return (row.code if is_later else row.predecessor), row
