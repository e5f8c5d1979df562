"""Means, medians and bests over the units of a release, computed once, since a release never changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from django.core.cache import cache

from publishing.enums import EntryStatus
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore

# What was kept under an older number is not read again: what is kept names its classes by their module.
STATS_VERSION = 3
DAY = 86_400


@dataclass(frozen=True, slots=True)
class NodeStats:
    """Mean and best of a node in percent of the unit's own maximum."""

    mean: Decimal
    best: Decimal


@dataclass(frozen=True, slots=True)
class GroupStats:
    """Figures over the assessed units of one tier, or of all (tier "").

    Where the source ranks more units than it names (`ranked_by_source`, else 0), a mean of those that it names would be
    a mean of nothing: then there is neither mean nor median.
    """

    tier_code: str
    tier_name: str
    values: tuple[Decimal, ...]
    mean: Decimal | None
    median: Decimal | None
    best: Decimal | None
    best_names: tuple[str, ...]
    lowest: Decimal | None
    nodes: dict[str, NodeStats] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    ranked_by_source: int = 0

    @property
    def count(self) -> int:
        """How many units have an index."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class ReleaseStats:
    """Figures over a whole release and over each of its tiers; computed once, since a release never changes."""

    groups: dict[str, GroupStats]
    ranked: int
    not_ranked: int
    not_assessed: int

    @property
    def all(self) -> GroupStats:
        """Figures over all units."""
        return self.groups[""]

    @property
    def tiers(self) -> list[GroupStats]:
        """Figures of each tier."""
        return [group for code, group in self.groups.items() if code]

    def of_tier(self, tier_code: str) -> GroupStats:
        """Figures of one tier."""
        return self.groups.get(tier_code, self.all)


def stats_of(release: IndexRelease) -> ReleaseStats:
    """Return the figures over a release. Callers have asked the embargo; what is kept is kept under the rows' hash."""
    return _stats(release.pk, release.rows_sha256)


@lru_cache(maxsize=16)
def _stats(release_id: int, rows_sha256: str) -> ReleaseStats:
    key = f"release-stats-{STATS_VERSION}-{release_id}-{rows_sha256}"
    stats = cache.get(key)
    if stats is None:
        stats = _compute_stats(release_id)
        cache.set(key, stats, DAY)
    return stats


def _compute_stats(release_id: int) -> ReleaseStats:
    rows = list(
        ReleaseEntry.objects.filter(release_id=release_id).values_list(
            "tier_code", "tier_name", "status", "index", "unit_name", "class_code", "pk", "rank_of"
        )
    )
    tier_of = {row[6]: row[0] for row in rows if row[3] is not None}
    shares = _domain_shares(release_id, tier_of)
    statuses = [row[2] for row in rows]
    groups = {"": _group("", "", rows, shares)}
    for tier_code, tier_name in dict.fromkeys((row[0], row[1]) for row in rows):
        groups[tier_code] = _group(tier_code, tier_name, [row for row in rows if row[0] == tier_code], shares)
    return ReleaseStats(
        groups=groups,
        ranked=statuses.count(EntryStatus.RANKED),
        not_ranked=statuses.count(EntryStatus.NOT_RANKED),
        not_assessed=statuses.count(EntryStatus.NOT_ASSESSED),
    )


def _domain_shares(release_id: int, tier_of: dict[int, str]) -> dict[str, dict[str, list[Decimal]]]:
    shares: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
    rows = ReleaseScore.objects.filter(entry__release_id=release_id, level=1, points__isnull=False, maximum__gt=0)
    for entry_id, code, points, maximum in rows.values_list("entry_id", "code", "points", "maximum").iterator(5000):
        if entry_id in tier_of and points is not None:
            share = points * 100 / maximum
            shares[""][code].append(share)
            shares[tier_of[entry_id]][code].append(share)
    return shares


def _group(
    tier_code: str, tier_name: str, rows: Sequence[tuple], shares: dict[str, dict[str, list[Decimal]]]
) -> GroupStats:
    values = tuple(sorted((row[3] for row in rows if row[3] is not None), reverse=True))
    ranked = [row for row in rows if row[3] is not None and row[2] == EntryStatus.RANKED]
    best = max((row[3] for row in ranked), default=None)
    classes: dict[str, int] = {}
    for row in rows:
        if row[5]:
            classes[row[5]] = classes.get(row[5], 0) + 1
    ranked_by_source = _ranked_by_source(rows)
    return GroupStats(
        tier_code=tier_code,
        tier_name=tier_name,
        values=values,
        mean=None if ranked_by_source else _mean(values),
        median=None if ranked_by_source else _median(values),
        best=best,
        best_names=tuple(row[4] for row in ranked if row[3] == best),
        lowest=values[-1] if values else None,
        nodes={
            code: NodeStats(mean=_mean(parts) or Decimal(0), best=max(parts))
            for code, parts in shares.get(tier_code, {}).items()
        },
        classes=classes,
        ranked_by_source=ranked_by_source,
    )


def _ranked_by_source(rows: Sequence[tuple]) -> int:
    """Return how many units the ranks are said to be of, 0 unless they are more than the rows."""
    tiers = {row[0] for row in rows}
    told = sum(max((row[7] or 0 for row in rows if row[0] == tier), default=0) for tier in tiers)
    return told if told > len(rows) else 0


def _mean(values: Sequence[Decimal]) -> Decimal | None:
    return sum(values, Decimal(0)) / len(values) if values else None


def _median(values: Sequence[Decimal]) -> Decimal | None:
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
