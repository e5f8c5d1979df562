"""Results over the years: which may be set against each other, and those of a unit and of the units before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from cms.models import Unit, UnitSuccession
from criteria_pages.domain.lineage import Lineage, lineage_between
from criteria_pages.enums import LineageStatus
from publishing.domain.queries import current_releases
from publishing.models import IndexRelease, ReleaseEntry


def previous_release(release: IndexRelease) -> IndexRelease | None:
    """Return the public result of the year before in the same series."""
    return current_releases().filter(series=release.series, year=release.year - 1).first()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a result may be set against an earlier one. `why`: why not, or what a reader must know where it may."""

    comparable: bool
    why: str = ""


def compare_releases(before: IndexRelease | None, release: IndexRelease) -> Comparison:
    """Return whether the results of two releases may be compared, by the lineage of their criteria sets.

    The mark that a publisher set on the later release overrides the lineage.
    """
    if before is None:
        return Comparison(comparable=False)
    if release.rule_set_mark:
        return Comparison(comparable=False, why=release.rule_set_mark)
    if before.edition is None and release.edition is None:
        return Comparison(comparable=True)
    lineage = lineage_between(before.edition, release.edition) if before.edition and release.edition else None
    if lineage is None:
        return Comparison(comparable=False, why=_("Another criteria set"))
    if not lineage.whole.is_comparable:
        return Comparison(comparable=False, why=lineage.whole.reason or _("Most of the points are scored otherwise"))
    if lineage.whole.status == LineageStatus.SAME:
        return Comparison(comparable=True)
    return Comparison(comparable=True, why=lineage.whole.reason or _changes_in_words(lineage))


def _changes_in_words(lineage: Lineage) -> str:
    counted = [
        (_("%(number)s changed"), lineage.count(LineageStatus.CHANGED)),
        (_("%(number)s not comparable"), lineage.count(LineageStatus.NOT_COMPARABLE)),
        (_("%(number)s new"), lineage.count(LineageStatus.NEW)),
        (_("%(number)s dropped"), lineage.count(LineageStatus.DROPPED)),
    ]
    parts = [words % {"number": number} for words, number in counted if number]
    return _("The criteria set changed: %(changes)s") % {"changes": ", ".join(parts)}


@dataclass(frozen=True, slots=True)
class YearResult:
    """A unit's result of one year in a series. `breaks`: not comparable with the one before, `why` says why.

    `shifted`: comparable, but the criteria set changed in the way that `why` says.
    """

    entry: ReleaseEntry
    breaks: bool = False
    why: str = ""
    shifted: bool = False

    @property
    def year(self) -> int:
        """The year assessed."""
        return self.entry.release.year


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A unit that this one follows, with its results."""

    succession: UnitSuccession
    results: tuple[YearResult, ...]


def results_of_unit(unit: Unit, *, series: str = "") -> list[YearResult]:
    """Return the unit's current public results, oldest first, breaks marked; of one series where it is named."""
    releases = current_releases()
    if series:
        releases = releases.filter(series=series)
    entries = (
        ReleaseEntry.objects.filter(unit=unit, release__in=releases.order_by())
        .select_related("release__edition")
        .order_by("release__series", "release__year", "release__publish_at")
    )
    return _with_breaks(entries)


def with_index(results: Iterable[YearResult]) -> list[YearResult]:
    """Return the results that have an index; a break at one that has none counts at the next that has one."""
    found: list[YearResult] = []
    broken: YearResult | None = None
    for result in results:
        if result.breaks and broken is None:
            broken = result
        if result.entry.index is not None:
            carried = result if broken is None or result.breaks else replace(result, breaks=True, why=broken.why)
            found.append(carried)
            broken = None
    return found


def _with_breaks(entries: Iterable[ReleaseEntry]) -> list[YearResult]:
    results: list[YearResult] = []
    for entry in entries:
        before = results[-1].entry.release if results else None
        found = _against(before, entry.release)
        results.append(
            YearResult(
                entry=entry,
                breaks=not found.comparable,
                why=found.why,
                shifted=found.comparable and bool(found.why),
            )
        )
    return results


def _against(before: IndexRelease | None, release: IndexRelease) -> Comparison:
    """Return how a result compares with the one before it; a mark on a year in between that is missing here counts."""
    if before is None or before.series != release.series:
        return Comparison(comparable=True)
    found = compare_releases(before, release)
    if not found.comparable:
        return found
    marked = (
        current_releases()
        .filter(series=release.series, year__gt=before.year, year__lt=release.year)
        .exclude(rule_set_mark="")
        .first()
    )
    return Comparison(comparable=False, why=marked.rule_set_mark) if marked is not None else found


def predecessors_of(unit: Unit, *, series: str = "") -> list[Predecessor]:
    """Return the units that this one follows, nearest first, each with its results; renamings chain on."""
    found: list[Predecessor] = []
    queue, seen = [unit.pk], {unit.pk}
    while queue:
        successions = (
            UnitSuccession.objects.filter(successor_id__in=queue)
            .exclude(predecessor_id__in=seen)
            .select_related("predecessor__tier", "successor")
            .order_by("-date", "predecessor__name")
        )
        queue = []
        for succession in successions:
            if succession.predecessor_id not in seen:
                seen.add(succession.predecessor_id)
                queue.append(succession.predecessor_id)
                results = tuple(results_of_unit(succession.predecessor, series=series))
                found.append(Predecessor(succession=succession, results=results))
    return found
