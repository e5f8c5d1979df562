"""The lines of a ranking: every unit of a release with its place, its shares of the domains and its change.

A release never changes, so what was read of the last few is kept in the process, under the hash of what they say.
Callers have asked the embargo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet

from cms.models import UnitGroup
from cms.text import fold
from publishing.domain.edition_nodes import NodeName
from publishing.enums import EntryStatus, SourceKind
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore

HEAT_STEPS = (50, 60, 70, 75, 80, 85, 90)
Share = Decimal | None


def heat_step(share: Decimal) -> int:
    """Return the step of the one sequential scale (0 to 7) for a share in percent; the same for every release."""
    return sum(share >= step for step in HEAT_STEPS)


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One unit as the table shows it; `shares` in percent per domain, None where a domain does not apply."""

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
    shares: tuple[Share, ...] = ()
    before: Decimal | None = None

    @property
    def change(self) -> Decimal | None:
        """Change of the index against the year before, in percentage points."""
        return None if self.index is None or self.before is None else self.index - self.before

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
_COLUMNS = tuple("groups" if name == "group_codes" else name for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class RankingTable:
    """All lines of a release in the order of ranks, and what they may be narrowed by."""

    rows: tuple[RankingRow, ...]
    tiers: frozenset[str]
    groups: frozenset[str]


def all_rows(release: IndexRelease) -> tuple[RankingRow, ...]:
    """Return every unit of the release in the order of ranks, ties marked."""
    return table_of(release).rows


def table_of(release: IndexRelease) -> RankingTable:
    """Return the lines of the release with their tiers and groups."""
    return _table(release.pk, release.rows_sha256)


@lru_cache(maxsize=8)
def _table(release_id: int, rows_sha256: str) -> RankingTable:
    values = list(ReleaseEntry.objects.filter(release_id=release_id).values_list(*_FIELDS))
    places = Counter((row[4], row[12], row[13]) for row in values if row[12] is not None)
    rows = [_row(row, places) for row in values]
    return RankingTable(
        rows=tuple(sorted(rows, key=by_rank)),
        tiers=frozenset(row.tier_code for row in rows),
        groups=frozenset(code for row in rows for code in row.groups),
    )


def _row(row: tuple[Any, ...], places: Counter[tuple[str, int | None, int | None]]) -> RankingRow:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    values["groups"] = tuple(values["groups"])
    tied = row[12] is not None and places[row[4], row[12], row[13]] > 1
    return RankingRow(**values, folded=fold(f"{row[3]} {row[2]}"), tied=tied)


def by_rank(row: RankingRow) -> tuple[Any, ...]:
    """Order ranked units by place, then tier and name; after them those without a place."""
    if row.rank is None:
        return (1, row.status, -(row.index or Decimal(-1)), row.folded)
    return (0, row.rank, row.tier_code, row.folded)


def groups_of(table: RankingTable) -> QuerySet[UnitGroup]:
    """Return the groups that occur in the table."""
    return UnitGroup.objects.filter(code__in=table.groups)


def points_of(release: IndexRelease, code: str) -> Mapping[int, tuple[Decimal | None, Decimal]]:
    """Return points and own maximum of each unit (by entry) in a node."""
    return _points(release.pk, release.rows_sha256, code)


@lru_cache(maxsize=32)
def _points(release_id: int, rows_sha256: str, code: str) -> Mapping[int, tuple[Decimal | None, Decimal]]:
    scores = ReleaseScore.objects.filter(entry__release_id=release_id, code=code)
    return {pk: (points, maximum) for pk, points, maximum in scores.values_list("entry_id", "points", "maximum")}


def share_of(points: Decimal | None, maximum: Decimal) -> Decimal | None:
    """Return the points in percent of the own maximum, None where the node does not apply."""
    return points * 100 / maximum if points is not None and maximum else None


def shares_of(release: IndexRelease, code: str) -> Mapping[int, Decimal | None]:
    """Return what each unit (by entry) reached of its own maximum in a node, in percent."""
    return {pk: share_of(*given) for pk, given in points_of(release, code).items()}


def indices_of(release: IndexRelease) -> Mapping[int, Decimal]:
    """Return the index of each unit (by unit) of the release."""
    return {row.unit_id: row.index for row in all_rows(release) if row.index is not None}


def with_change(rows: list[RankingRow], previous: IndexRelease | None) -> list[RankingRow]:
    """Add the index of the year before, where there is a year to compare with."""
    if previous is None:
        return rows
    before = indices_of(previous)
    return [replace(row, before=before.get(row.unit_id)) for row in rows]


def with_shares(rows: list[RankingRow], domains: Sequence[NodeName]) -> list[RankingRow]:
    """Add the shares of the domains to the rows that are shown, in one query."""
    if not domains or not rows:
        return rows
    codes = [node.code for node in domains]
    scores = ReleaseScore.objects.filter(entry_id__in=[row.pk for row in rows], level=1)
    shares = {
        (entry_id, code): share_of(points, maximum)
        for entry_id, code, points, maximum in scores.values_list("entry_id", "code", "points", "maximum")
    }
    return [replace(row, shares=tuple(shares.get((row.pk, code)) for code in codes)) for row in rows]
