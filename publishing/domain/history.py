"""Results of past years as they were published elsewhere: one frozen release per year, each line with its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.models import Unit, UnitTier, User
from cms.text import fold
from publishing.domain.releases import free_slug, store_rows
from publishing.enums import EntryStatus, RankScope, ReleaseKind, ReleaseState
from publishing.models import IndexRelease, ReleaseEntry

# Words of rank that sources write or leave out in front of a unit's name.
_TITLES = ("thanh pho ", "tp. ", "tp ", "tinh ")


@dataclass(frozen=True, slots=True)
class PublishedLine:
    """One line of a published table."""

    year: int
    unit: Unit
    rank: int | None
    of: int | None
    index: Decimal | None
    kind: str
    source: str
    rule_set_mark: str = ""


class UnitNames:
    """Finds units by the names that sources print, among those valid at the end of the year."""

    def __init__(self, tier: UnitTier) -> None:
        self._units = list(Unit.objects.filter(tier=tier).select_related("tier").prefetch_related("groups"))
        self._by_year: dict[int, dict[str, Unit | None]] = {}

    def find(self, name: str, year: int) -> Unit | None:
        """Return the unit of that name in that year; None where there is none or the name is ambiguous."""
        names = self._by_year.get(year)
        if names is None:
            names = self._by_year[year] = self._names(year)
        return names.get(_bare(name))

    def _names(self, year: int) -> dict[str, Unit | None]:
        day = dt.date(year, 12, 31)
        names: dict[str, Unit | None] = {}
        for unit in self._units:
            if unit.is_valid_on(day):
                for name in {_bare(unit.name), _bare(unit.short_name), fold(unit.code)} - {""}:
                    names[name] = None if name in names and names[name] != unit else unit
        return names


def _bare(name: str) -> str:
    folded = fold(name)
    return next((folded.removeprefix(title) for title in _TITLES if folded.startswith(title)), folded)


def current_lines(series: str) -> dict[tuple[int, int], ReleaseEntry]:
    """Return the entries of the series' historic releases that stand or wait, by (year, unit id)."""
    standing = IndexRelease.objects.filter(
        series=series, kind=ReleaseKind.HISTORIC, state__in=[ReleaseState.DRAFT, ReleaseState.APPROVED]
    )
    superseded = standing.exclude(corrects=None).values("corrects")
    entries = ReleaseEntry.objects.filter(release__in=standing.exclude(pk__in=superseded)).select_related("release")
    return {(entry.release.year, entry.unit_id): entry for entry in entries}


@transaction.atomic
def store_published_results(
    *, lines: Sequence[PublishedLine], series: str, tier: UnitTier, user: User | None, owner: Unit | None = None
) -> list[IndexRelease]:
    """Freeze one draft release per year of the lines. The lines of a year are the whole table of that year.

    A year whose draft waits is built anew; a year that is published already gets a correction. An approver decides.
    """
    by_year: dict[int, list[PublishedLine]] = {}
    for line in lines:
        by_year.setdefault(line.year, []).append(line)
    return [_store_year(year, found, series, tier, user, owner) for year, found in sorted(by_year.items())]


def _store_year(
    year: int, lines: Sequence[PublishedLine], series: str, tier: UnitTier, user: User | None, owner: Unit | None
) -> IndexRelease:
    earlier = IndexRelease.objects.filter(series=series, year=year, kind=ReleaseKind.HISTORIC)
    earlier.filter(state=ReleaseState.DRAFT).update(state=ReleaseState.DISCARDED)
    published = earlier.filter(state=ReleaseState.APPROVED).order_by("-pk").first()
    release = IndexRelease(
        slug=free_slug(f"{series}-{year}"),
        title=_("%(tier)s: published results of %(year)s") % {"tier": tier.name, "year": year},
        title_en=f"{tier.name_en or tier.name}: published results of {year}",
        year=year,
        kind=ReleaseKind.HISTORIC,
        owner=owner,
        rank_scope=RankScope.ALL,
        series=series,
        rule_set_mark=next((line.rule_set_mark for line in lines if line.rule_set_mark), ""),
        source=_("Collected from published sources; each line names its own."),
        corrects=published,
        correction_note=_("The table was collected anew.") if published else "",
        built_by=user,
        built_at=clock.now(),
    )
    store_rows(release, [(_entry(line), []) for line in lines])
    audit.record(
        "publishing.release.import",
        release,
        user=user,
        after={"state": release.state, "rows_sha256": release.rows_sha256},
        units=len(lines),
    )
    return release


def _entry(line: PublishedLine) -> ReleaseEntry:
    unit = line.unit
    return ReleaseEntry(
        unit=unit,
        unit_code=unit.code,
        unit_name=unit.name,
        tier_code=unit.tier.code,
        tier_name=unit.tier.name,
        group_codes=sorted(group.code for group in unit.groups.all()),
        status=EntryStatus.RANKED,
        bonus=Decimal(0),
        penalty=Decimal(0),
        rank=line.rank,
        rank_of=line.of,
        index=line.index,
        source=line.source,
        source_kind=line.kind,
    )


def tier_of(context: Mapping[str, str]) -> UnitTier | None:
    """Return the tier that an import is for."""
    return UnitTier.objects.filter(code=context.get("tier", "")).first()
