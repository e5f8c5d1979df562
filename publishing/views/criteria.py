"""A criterion's page in a release: who scored what, how it is spread, and the definition."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cms.numbers import format_percent
from cms.text import fold
from criteria_pages.definition import Leaf
from criteria_pages.domain.lineage import LineageRow, lineage_between
from publishing import charts
from publishing.domain import queries
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
    nodes = queries.nodes_of(release)
    node = nodes.get(code)
    if node is None or release.edition is None:
        raise ReleaseAbsent(_("There is no criterion %(code)s in this result.") % {"code": code[:40]})
    leaf = release.edition.definition.leaf(code) if release.edition.definition.has_leaf(code) else None
    scores = list(ReleaseScore.objects.filter(entry__release=release, code=code).select_related("entry"))
    shares = [score.points * 100 / score.maximum for score in scores if score.points is not None and score.maximum]
    page, pages = _page(request, len(scores))
    scores.sort(key=_by_share)
    shown = scores[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    context = {
        "release": release,
        "node": node,
        "leaf": leaf,
        "parents": _parents(node, nodes),
        "children": [child for child in nodes.values() if child.parent == code],
        "rule": rule_sentence(leaf) if leaf else "",
        "rows": [_row(score, leaf) for score in shown],
        "count": len(shares),
        "not_applicable": len(scores) - len(shares),
        "full": sum(share == 100 for share in shares),
        "none": sum(share == 0 for share in shares),
        "mean": sum(shares, Decimal(0)) / len(shares) if shares else None,
        "finding": _finding(shares),
        "distribution": _strip(shares),
        "years": _years(release, code),
        "page": page,
        "pages": pages,
        "correction": queries.correction_of(release),
    }
    return render(request, "publishing/criterion.html", context)


def _page(request: HttpRequest, count: int) -> tuple[int, int]:
    text = request.GET.get("page", "1") or "1"
    pages = max(1, -(-count // PAGE_SIZE))
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and 1 <= int(text) <= pages):
        raise ReleaseAbsent(_("There is no such page."))
    return int(text), pages


def _by_share(score: ReleaseScore) -> tuple[bool, Decimal, str]:
    share = score.points * 100 / score.maximum if score.points is not None and score.maximum else Decimal(-1)
    return (share < 0, -share, fold(score.entry.unit_name))


def _row(score: ReleaseScore, leaf: Leaf | None) -> NodeRow:
    applies = score.points is not None and bool(score.maximum)
    return NodeRow(
        unit_code=score.entry.unit_code,
        unit_name=score.entry.unit_name,
        tier_name=score.entry.tier_name,
        points=score.points,
        maximum=score.maximum,
        share=score.points * 100 / score.maximum if score.points is not None and applies else None,
        reason=why(leaf, score) if leaf else "",
        chart=charts.bar(score.points or Decimal(0), score.maximum) if applies else SafeString(""),
    )


def _parents(node: queries.NodeName, nodes: dict[str, queries.NodeName]) -> list[queries.NodeName]:
    chain: list[queries.NodeName] = []
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
    label = _("Distribution of %(count)s units in percent of the maximum") % {"count": len(shares)}
    return charts.distribution(sorted(shares), None, start=start, label=label, ticks=ticks)


def _years(release: IndexRelease, code: str) -> list[YearFigure]:
    """Return the criterion in other years of the series, followed by the lineage of the sets, whatever its code."""
    figures = []
    for other in queries.current_releases().filter(series=release.series).exclude(pk=release.pk).order_by("-year"):
        found = _in_other_year(release, other, code)
        if found is None:
            continue
        there, row = found
        node = queries.nodes_of(other)[there]
        shares = [
            points * 100 / maximum
            for points, maximum in ReleaseScore.objects.filter(
                entry__release=other, code=there, points__isnull=False, maximum__gt=0
            ).values_list("points", "maximum")
        ]
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
