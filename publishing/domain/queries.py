"""What citizens may read of releases. Every function that finds a release asks the embargo (invariant 10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from django.core.cache import cache
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cms import clock
from cms.models import Unit, UnitSuccession
from criteria_pages.domain.lineage import Lineage, lineage_between
from criteria_pages.enums import LineageStatus
from publishing.enums import EntryStatus, ReleaseState
from publishing.exceptions import ReleaseAbsent, ReleaseWithdrawn
from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from publishing.models.releases import ReleaseQuerySet
from submissions.models import AssessmentRound

STATS_VERSION = 2
DAY = 86_400


def public_releases() -> ReleaseQuerySet:
    """Return the releases that citizens may see now, corrected ones included."""
    return IndexRelease.objects.public(clock.now()).select_related("round", "edition", "owner")


def current_releases() -> ReleaseQuerySet:
    """Return the public releases that no public release corrects."""
    return IndexRelease.objects.current(clock.now()).select_related("round", "edition", "owner")


def has_public_result(round: AssessmentRound) -> bool:
    """Whether citizens may see a result of the round now."""
    return IndexRelease.objects.public(clock.now()).filter(round=round).exists()


def find_release(slug: str) -> IndexRelease:
    """Return the release at the address. Raises `ReleaseAbsent`, or `ReleaseWithdrawn` where it was public once."""
    release = IndexRelease.objects.select_related("round", "edition", "owner").filter(slug=slug).first()
    now = clock.now()
    if release is None:
        raise ReleaseAbsent(_("There is no such result."))
    if release.is_public(now):
        return release
    was_public = release.publish_at is not None and release.publish_at <= now
    if (
        release.state == ReleaseState.WITHDRAWN
        and was_public
        and release.withdrawn_at is not None
        and release.publish_at is not None
        and release.withdrawn_at >= release.publish_at
    ):
        raise ReleaseWithdrawn(_("This result was withdrawn."), release=release)
    raise ReleaseAbsent(_("There is no such result."))


def correction_of(release: IndexRelease) -> IndexRelease | None:
    """Return the public release that corrects this one."""
    return public_releases().filter(corrects=release).first()


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


# --- nodes of the rule set --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NodeName:
    """A domain, criterion or leaf as the release's edition names it."""

    code: str
    name: str
    name_en: str
    level: int
    maximum: Decimal
    parent: str = ""

    @property
    def display_name(self) -> str:
        """The name in the language of the interface."""
        return self.name_en if self.name_en and get_language() == "en" else self.name


def nodes_of(release: IndexRelease) -> dict[str, NodeName]:
    """Return all nodes of the release's edition by code, in order; none for historic results."""
    nodes: dict[str, NodeName] = {}
    if release.edition is None:
        return nodes
    for domain in release.edition.definition.domains:
        nodes[domain.code] = NodeName(domain.code, domain.name, domain.name_en, 1, domain.maximum)
        for criterion in domain.criteria:
            nodes[criterion.code] = NodeName(
                criterion.code, criterion.name, criterion.name_en, 2, criterion.maximum, domain.code
            )
            for leaf in criterion.leaves:
                if leaf.code != criterion.code:
                    nodes[leaf.code] = NodeName(
                        leaf.code, leaf.name, leaf.name_en, leaf.level, leaf.maximum, criterion.code
                    )
    return nodes


def domains_of(release: IndexRelease) -> list[NodeName]:
    """Return the domains of the release's edition in order."""
    return [node for node in nodes_of(release).values() if node.level == 1]


# --- figures over all units -------------------------------------------------------------------------------------------
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


# --- units over the years ---------------------------------------------------------------------------------------------
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


def find_entry(release: IndexRelease, unit_code: str) -> ReleaseEntry:
    """Return the unit's line in the release. Raises `ReleaseAbsent` where the unit is not in it."""
    entry = ReleaseEntry.objects.filter(release=release, unit_code=unit_code).select_related("unit").first()
    if entry is None:
        raise ReleaseAbsent(_("This unit is not in this result."), code="unit_absent")
    entry.release = release
    return entry
