"""A unit's page in a release: result, trend, domains, points gained and lost with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cms.models import Unit
from cms.numbers import format_percent
from publishing import charts
from publishing.domain import edition_nodes, queries, release_figures, sharing, unit_years
from publishing.domain.findings import domains_finding, losses_finding, trend_finding, unit_finding
from publishing.domain.plans import tasks_of_unit
from publishing.domain.reasons import why
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.views.access import ReleaseAbsent, public, released
from publishing.views.ranking import class_names, distribution_chart, floor_ten

LOSSES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class DomainLine:
    """A domain of the unit against mean and best, all in percent of the maximum."""

    node: edition_nodes.NodeName
    share: Decimal | None
    points: Decimal | None
    maximum: Decimal
    mean: Decimal | None
    best: Decimal | None
    chart: SafeString


@dataclass(frozen=True, slots=True)
class LeafLine:
    """A leaf with its points and the reason; `lost` is what is missing to the maximum."""

    node: edition_nodes.NodeName
    score: ReleaseScore | None
    reason: str
    lost: Decimal
    chart: SafeString


@dataclass(frozen=True, slots=True)
class CriterionLines:
    """A criterion with its leaves; one that is scored itself has one leaf of its own code."""

    node: edition_nodes.NodeName
    score: ReleaseScore | None
    leaves: tuple[LeafLine, ...]


@dataclass(frozen=True, slots=True)
class DomainTree:
    """A domain with its criteria."""

    node: edition_nodes.NodeName
    score: ReleaseScore | None
    criteria: tuple[CriterionLines, ...]


@dataclass(frozen=True, slots=True)
class LossLine:
    """One step of the waterfall."""

    node: edition_nodes.NodeName
    lost: Decimal
    points: Decimal
    maximum: Decimal
    chart: SafeString


def unit_context(release: IndexRelease, entry: ReleaseEntry) -> dict[str, Any]:
    """Return what the unit's page shows."""
    stats = release_figures.stats_of(release)
    scores = {score.code: score for score in entry.scores.all()}
    nodes = edition_nodes.nodes_of(release)
    domains = _domain_lines(entry, nodes, scores, stats)
    losses, others = _losses(entry, nodes, scores)
    all_lost = sum((line.lost for line in losses), Decimal(0)) + others
    results = unit_years.results_of_unit(entry.unit, series=release.series)
    predecessors = unit_years.predecessors_of(entry.unit, series=release.series)
    tied = is_tied(release, entry)
    return {
        "release": release,
        "entry": entry,
        "unit": entry.unit,
        "finding": unit_finding(entry, stats, tied=tied),
        "tied": tied,
        "group": stats.of_tier(entry.tier_code),
        "class_names": class_names(release),
        "class_name": class_names(release).get(entry.class_code, ""),
        "domains": domains,
        "domains_finding": domains_finding(
            entry, [(line.node, line.share, line.mean) for line in domains if line.share is not None and line.mean]
        ),
        "losses": losses,
        "other_losses": others,
        "other_losses_chart": charts.waterfall_bar(all_lost - others, others, all_lost),
        "losses_finding": losses_finding(
            all_lost,
            losses[0].node if losses else None,
            losses[0].lost if losses else Decimal(0),
        ),
        "tree": _tree(release, nodes, scores),
        "results": results,
        "predecessors": predecessors,
        "trend_finding": trend_finding(results),
        "trend": trend_chart(entry.unit_name, results, predecessors),
        "distribution": distribution_chart(release, stats, entry.index, entry.tier_code),
        "in_columns": stats.of_tier(entry.tier_code).count > charts.STROKES,
        "correction": queries.correction_of(release),
        "tasks": tasks_of_unit(entry.unit)[:20],
        "is_historic": release.edition_id is None,
    }


def is_tied(release: IndexRelease, entry: ReleaseEntry) -> bool:
    """Whether the unit shares its rank."""
    if entry.rank is None:
        return False
    same = ReleaseEntry.objects.filter(release=release, rank=entry.rank, rank_of=entry.rank_of)
    return same.filter(tier_code=entry.tier_code).exclude(pk=entry.pk).exists()


def _share(score: ReleaseScore | None) -> Decimal | None:
    if score is None or score.points is None or not score.maximum:
        return None
    return score.points * 100 / score.maximum


def _domain_lines(
    entry: ReleaseEntry,
    nodes: Mapping[str, edition_nodes.NodeName],
    scores: Mapping[str, ReleaseScore],
    stats: release_figures.ReleaseStats,
) -> list[DomainLine]:
    group = stats.of_tier(entry.tier_code)
    found = []
    for node in nodes.values():
        if node.level != 1 or not scores:
            continue
        score, figures = scores.get(node.code), group.nodes.get(node.code)
        found.append((node, score, _share(score), figures))
    shares = [share for _node, _score, share, _figures in found if share is not None]
    means = [figures.mean for _node, _score, _share, figures in found if figures]
    start = floor_ten(min([*shares, *means], default=Decimal(0)))
    return [
        DomainLine(
            node=node,
            share=share,
            points=score.points if score else None,
            maximum=score.maximum if score else Decimal(0),
            mean=figures.mean if figures else None,
            best=figures.best if figures else None,
            chart=charts.dot_row(
                share, figures.mean if figures else None, figures.best if figures else None, start=start
            ),
        )
        for node, score, share, figures in found
    ]


def _losses(
    entry: ReleaseEntry, nodes: Mapping[str, edition_nodes.NodeName], scores: Mapping[str, ReleaseScore]
) -> tuple[list[LossLine], Decimal]:
    """Return the criteria that lost most, each step beginning where the one before ended, and the sum of the others."""
    lost = [
        (node, score.maximum - (score.points or Decimal(0)), score)
        for code, score in scores.items()
        if (node := nodes.get(code)) is not None and node.level == 2 and score.maximum
    ]
    lost = sorted([item for item in lost if item[1] > 0], key=lambda item: -item[1])
    total = sum((loss for _node, loss, _score in lost), Decimal(0))
    running, steps = Decimal(0), []
    for node, loss, score in lost[:LOSSES_SHOWN]:
        steps.append(
            LossLine(
                node=node,
                lost=loss,
                points=score.points or Decimal(0),
                maximum=score.maximum,
                chart=charts.waterfall_bar(running, loss, total),
            )
        )
        running += loss
    return steps, sum((loss for _node, loss, _score in lost[LOSSES_SHOWN:]), Decimal(0))


def _tree(
    release: IndexRelease, nodes: Mapping[str, edition_nodes.NodeName], scores: Mapping[str, ReleaseScore]
) -> list[DomainTree]:
    if release.edition is None or not scores:
        return []
    tree = []
    for domain in release.edition.definition.domains:
        criteria = []
        for criterion in domain.criteria:
            leaves = tuple(
                LeafLine(
                    node=nodes[leaf.code],
                    score=scores.get(leaf.code),
                    reason=why(leaf, scores[leaf.code]),
                    lost=scores[leaf.code].maximum - (scores[leaf.code].points or Decimal(0)),
                    chart=charts.bar(scores[leaf.code].points or Decimal(0), scores[leaf.code].maximum),
                )
                for leaf in criterion.leaves
                if leaf.code in scores
            )
            if leaves:
                criteria.append(CriterionLines(nodes[criterion.code], scores.get(criterion.code), leaves))
        if criteria:
            tree.append(DomainTree(nodes[domain.code], scores.get(domain.code), tuple(criteria)))
    return tree


def trend_chart(
    name: str, results: Sequence[unit_years.YearResult], predecessors: Sequence[unit_years.Predecessor]
) -> SafeString:
    """Return the unit's results over the years; predecessors' results are rings, never joined to the unit's line."""
    own = [
        charts.TrendPoint(
            year=result.year,
            value=result.entry.index,
            breaks=result.breaks,
            shifted=result.shifted,
            label=_rank_words(result.entry),
            css="mark-dot mark-dot--current" if result.entry is results[-1].entry else "mark-dot",
        )
        for result in unit_years.with_index(results)
        if result.entry.index is not None
    ]
    others = [
        charts.TrendPoint(
            year=result.year,
            value=result.entry.index,
            label=predecessor.succession.predecessor.name,
            css="mark-dot mark-dot--best",
        )
        for predecessor in predecessors
        for result in predecessor.results
        if result.entry.index is not None
    ]
    if len(own) + len(others) < 2:
        return SafeString("")
    label = _("%(unit)s, index by year: %(points)s") % {
        "unit": name,
        "points": "; ".join(f"{point.year}: {format_percent(point.value)}" for point in own),
    }
    return charts.trend(own, others=others, label=label)


def _rank_words(entry: ReleaseEntry) -> str:
    if entry.rank is None:
        return ""
    return _("rank %(rank)s of %(of)s") % {"rank": entry.rank, "of": entry.rank_of}


@released
def unit(request: HttpRequest, release: IndexRelease, unit_code: str) -> HttpResponse:
    """Show the unit's page in the release."""
    entry = queries.find_entry(release, unit_code)
    context = {**unit_context(release, entry), **sharing.share_context(release, entry)}
    return render(request, "publishing/unit.html", context)


@public
def unit_latest(request: HttpRequest, unit_code: str) -> HttpResponse:
    """Lead from a unit's short address to its newest result, or list what there is of a unit without results."""
    units = Unit.objects.filter(code=unit_code).select_related("tier", "parent").order_by("-valid_from")
    known = units.first()
    if known is None:
        raise ReleaseAbsent(_("There is no such unit."))
    for one in units:
        results = unit_years.results_of_unit(one)
        if results:
            newest = max(results, key=lambda result: (result.year, result.entry.release.publish_at))
            return redirect("publishing:unit", slug=newest.entry.release.slug, unit_code=newest.entry.unit_code)
    context = {
        "unit": known,
        "predecessors": unit_years.predecessors_of(known),
        "tasks": tasks_of_unit(known)[:20],
    }
    return render(request, "publishing/unit_bare.html", context)
