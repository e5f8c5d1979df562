"""The one sentence that a page says first: its finding, from the exact figures, rounded for reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms.numbers import format_percent, format_points
from publishing.domain.edition_nodes import NodeName
from publishing.domain.release_figures import GroupStats, ReleaseStats
from publishing.domain.unit_years import YearResult, with_index
from publishing.enums import EntryStatus
from publishing.models import IndexRelease, ReleaseEntry

MANY = 3


def ranking_finding(release: IndexRelease, stats: ReleaseStats) -> str:
    """Return who leads, with what, and how far above the mean."""
    tiers = [group for group in stats.tiers if group.best is not None]
    if not tiers and stats.ranked:
        return ngettext(
            "The source prints the rank of %(count)s unit and no index.",
            "The source prints the ranks of %(count)s units and no index.",
            stats.ranked,
        ) % {"count": stats.ranked}
    if not tiers:
        return _("No unit has been ranked in this result.")
    if len(tiers) > 1:
        return " ".join(_tier_finding(group) for group in tiers)
    return _leader(tiers[0])


def _tier_finding(group: GroupStats) -> str:
    return f"{group.tier_name}: {_leader(group)}"


def _leader(group: GroupStats) -> str:
    best, mean = group.best, group.mean
    values = {"index": format_percent(best), "names": _names(group.best_names), "count": len(group.best_names)}
    if group.ranked_by_source:
        values |= {"named": group.count, "of": group.ranked_by_source}
        return (
            _("The source names %(named)s of %(of)s units; the highest of them is %(names)s with %(index)s.") % values
        )
    if best is None or mean is None:
        return ""
    values["difference"] = format_points(best - mean)
    if len(group.best_names) > MANY:
        return _("%(count)s units share the lead with %(index)s, %(difference)s points above the mean.") % values
    if len(group.best_names) > 1:
        return _("%(names)s share the lead with %(index)s, %(difference)s points above the mean.") % values
    if group.count == 1:
        return _("%(names)s reaches %(index)s.") % values
    return _("%(names)s leads with %(index)s, %(difference)s points above the mean.") % values


def _names(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def unit_finding(entry: ReleaseEntry, stats: ReleaseStats, *, tied: bool) -> str:
    """Return the unit's result in one sentence."""
    if entry.status == EntryStatus.NOT_ASSESSED:
        return _("%(unit)s was not assessed: %(reason)s") % {"unit": entry.unit_name, "reason": entry.reason}
    values = {
        "unit": entry.unit_name,
        "index": format_percent(entry.index),
        "rank": entry.rank,
        "of": entry.rank_of,
        "reason": entry.reason,
    }
    if entry.index is None:
        return _("%(unit)s took rank %(rank)s of %(of)s; the source does not print the index.") % values
    if entry.rank is None:
        if entry.status == EntryStatus.NOT_RANKED:
            return _("%(unit)s reached %(index)s and is not ranked: %(reason)s") % values
        return _("%(unit)s reached %(index)s; the source does not print the rank.") % values
    if tied:
        sentence = _("%(unit)s reached %(index)s and shares rank %(rank)s of %(of)s") % values
    else:
        sentence = _("%(unit)s reached %(index)s, rank %(rank)s of %(of)s") % values
    group = stats.of_tier(entry.tier_code)
    return f"{sentence}." if group.ranked_by_source else f"{sentence}, {_against_mean(entry.index, group)}"


def _against_mean(index: Decimal, group: GroupStats) -> str:
    if group.mean is None or group.count < 2:
        return _("the only unit of its tier.")
    difference = index - group.mean
    values = {"difference": format_points(abs(difference))}
    if difference > 0:
        return _("%(difference)s points above the mean.") % values
    if difference < 0:
        return _("%(difference)s points below the mean.") % values
    return _("exactly the mean.")


def domains_finding(entry: ReleaseEntry, shares: Sequence[tuple[NodeName, Decimal, Decimal]]) -> str:
    """Return the title of the domains' chart: where the unit stands best and worst against the mean.

    `shares`: (domain, unit's share, mean share) in percent, of the domains that apply.
    """
    if not shares:
        return ""
    above = sum(share > mean for _node, share, mean in shares)
    best = max(shares, key=lambda item: item[1] - item[2])
    worst = min(shares, key=lambda item: item[1] - item[2])
    head = ngettext(
        "Above the mean in %(above)s of %(count)s domain",
        "Above the mean in %(above)s of %(count)s domains",
        len(shares),
    ) % {"above": above, "count": len(shares)}
    if len(shares) == 1:
        return head
    return _("%(head)s; strongest: %(best)s; weakest: %(worst)s") % {
        "head": head,
        "best": best[0].display_name,
        "worst": worst[0].display_name,
    }


def losses_finding(lost: Decimal, largest: NodeName | None, largest_lost: Decimal) -> str:
    """Return the title of the chart of lost points."""
    if largest is None or not lost:
        return _("No points were lost.")
    return _("%(lost)s points lost, most of them (%(part)s) in “%(criterion)s”") % {
        "lost": format_points(lost),
        "part": format_points(largest_lost),
        "criterion": largest.display_name,
    }


def trend_finding(results: Sequence[YearResult]) -> str:
    """Return the title of the trend: the change since the year before, or that the two cannot be compared."""
    found = with_index(results)
    if len(found) < 2:
        return _("Over the years")
    before, last = found[-2], found[-1]
    years = {"year": last.year, "before": before.year}
    if last.breaks or before.entry.index is None or last.entry.index is None:
        return _("%(year)s cannot be compared with %(before)s") % years
    difference = last.entry.index - before.entry.index
    values = {**years, "difference": format_points(abs(difference))}
    if difference > 0:
        return _("Up by %(difference)s points from %(before)s to %(year)s") % values
    if difference < 0:
        return _("Down by %(difference)s points from %(before)s to %(year)s") % values
    return _("Unchanged from %(before)s to %(year)s") % values


def years_finding(names: Sequence[str], years: Mapping[int, Sequence[Decimal | None]]) -> str:
    """Return the title of the comparison over the years: who was ahead how often, of the years that all have.

    `years`: per year the indices of the named units, in the same order.
    """
    common = {year: [index for index in found if index is not None] for year, found in years.items()}
    common = {year: found for year, found in common.items() if len(found) == len(names)}
    if len(names) < 2:
        return _("Over the years")
    if not common:
        return _("There is no year in which all of them have an index")
    ahead = [sum(found[place] == max(found) > min(found) for found in common.values()) for place in range(len(names))]
    most = max(ahead)
    values: dict[str, Any] = {"count": len(common), "first": min(common), "last": max(common), "ahead": most}
    if len(common) == 1:
        head = _("All have an index in %(last)s only") % values
    else:
        head = _("All have an index in %(count)s years from %(first)s to %(last)s") % values
    if ahead.count(most) != 1 or not most:
        return head
    values |= {"head": head, "name": names[ahead.index(most)]}
    return _("%(head)s; %(name)s was highest in %(ahead)s of them") % values
