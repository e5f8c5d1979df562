"""What changed between a release and the one built before it from the same round: for whoever approves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from publishing.models import IndexRelease, ReleaseEntry, ReleaseScore
from submissions.domain.adjustments import corrections_of
from submissions.enums import STAGE_ORDER
from submissions.models import Adjustment, ScoreEntry

# Above this only units whose own line differs are looked into; two leaves that outweigh each other are missed there.
ALL_UNITS = 1000
_LINE = ("points", "maximum", "bonus", "penalty", "index", "rank", "status", "class_code")


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """One leaf that differs. None: not asked, or does not apply. `entry` is what the ledger says of the new points."""

    code: str
    before: Decimal | None
    after: Decimal | None
    entry: ScoreEntry | None


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A unit whose line or leaves differ; `before` or `after` is None where it is not in that release.

    `adjustments` are the entries of bonus and penalty that the later release counts and the earlier one did not.
    """

    unit_name: str
    before: ReleaseEntry | None
    after: ReleaseEntry | None
    scores: tuple[ScoreChange, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseChanges:
    """All differences. `rules`: sentences on the ranking's rules; `whole`: whether every leaf was compared."""

    before: IndexRelease
    rules: tuple[str, ...]
    units: tuple[UnitChange, ...]
    whole: bool


def release_before(release: IndexRelease) -> IndexRelease | None:
    """Return the release of the same round that was built last before this one, whatever became of it."""
    if release.round_id is None:
        return None
    return IndexRelease.objects.filter(round=release.round_id, pk__lt=release.pk).order_by("-pk").first()


def changes_since(before: IndexRelease, release: IndexRelease) -> ReleaseChanges:
    """Return what differs between two releases of a round, in a fixed number of queries."""
    old, new = _entries(before), _entries(release)
    rules = tuple(_rules(before, release))
    if before.rows_sha256 == release.rows_sha256:
        return ReleaseChanges(before, rules, (), whole=True)
    whole = max(len(old), len(new)) <= ALL_UNITS
    both = [unit for unit in new if unit in old]
    looked = both if whole else [unit for unit in both if _line(old[unit]) != _line(new[unit])]
    scores = _score_changes(release, {unit: (old[unit].pk, new[unit].pk) for unit in looked})
    extra = _adjustments(before, release)
    found = [
        UnitChange(new[unit].unit_name, old[unit], new[unit], tuple(scores.get(unit, ())), tuple(extra.get(unit, ())))
        for unit in both
        if unit in scores or _line(old[unit]) != _line(new[unit])
    ]
    found += [UnitChange(entry.unit_name, None, entry) for unit, entry in new.items() if unit not in old]
    found += [UnitChange(entry.unit_name, entry, None) for unit, entry in old.items() if unit not in new]
    return ReleaseChanges(before, rules, tuple(found), whole=whole)


def _adjustments(before: IndexRelease, release: IndexRelease) -> dict[int, list[Adjustment]]:
    """Return the entries of bonus and penalty between the two releases, by unit."""
    found: dict[int, list[Adjustment]] = {}
    if release.round is None:
        return found
    for row in corrections_of(release.round, after=before.adjustments_until or 0, upto=release.adjustments_until):
        found.setdefault(row.participant.unit_id, []).append(row)
    return found


def _entries(release: IndexRelease) -> dict[int, ReleaseEntry]:
    rows = ReleaseEntry.objects.filter(release=release).order_by("tier_code", "rank", "unit_name")
    return {entry.unit_id: entry for entry in rows.defer("facts", "group_codes")}


def _line(entry: ReleaseEntry) -> tuple[object, ...]:
    return tuple(getattr(entry, name) for name in _LINE)


def _rules(before: IndexRelease, release: IndexRelease) -> Iterator[str]:
    if before.edition_id != release.edition_id:
        yield _("Another edition of the criteria set: %(edition)s.") % {"edition": release.edition}
    if before.tie_rule != release.tie_rule:
        yield _("Equal results: %(rule)s.") % {"rule": release.get_tie_rule_display()}
    if before.rank_scope != release.rank_scope:
        yield _("Ranked among: %(scope)s.") % {"scope": release.get_rank_scope_display()}
    if before.classes != release.classes:
        yield _("The classes or their thresholds are others.")


def _score_changes(release: IndexRelease, pairs: Mapping[int, tuple[int, int]]) -> dict[int, list[ScoreChange]]:
    """Return the leaves that differ by unit, with the ledger's entry for the new points."""
    unit_of = {pk: unit for unit, pair in pairs.items() for pk in pair}
    values: dict[int, dict[str, list[Decimal | None]]] = {}
    rows = ReleaseScore.objects.filter(entry__in=list(unit_of)).exclude(stage="").order_by("code")
    for entry_id, code, points in rows.values_list("entry_id", "code", "points").iterator(5000):
        unit = unit_of[entry_id]
        values.setdefault(unit, {}).setdefault(code, [None, None])[pairs[unit].index(entry_id)] = points
    differing = {
        (unit, code): (before, after)
        for unit, codes in values.items()
        for code, (before, after) in codes.items()
        if before != after
    }
    ledger = _ledger(release, {unit for unit, _code in differing}, {code for _unit, code in differing})
    found: dict[int, list[ScoreChange]] = {}
    for (unit, code), (before, after) in differing.items():
        found.setdefault(unit, []).append(ScoreChange(code, before, after, ledger.get((unit, code))))
    return found


def _ledger(release: IndexRelease, units: set[int], codes: set[str]) -> dict[tuple[int, str], ScoreEntry]:
    rows = ScoreEntry.objects.filter(
        participant__round=release.round_id, participant__unit__in=units, code__in=codes, pk__lte=release.ledger_until
    )
    counted: dict[tuple[int, str], ScoreEntry] = {}
    for entry in rows.select_related("participant", "agency", "actor").order_by("pk"):
        key = (entry.participant.unit_id, entry.code)
        known = counted.get(key)
        if known is None or STAGE_ORDER[entry.stage] >= STAGE_ORDER[known.stage]:
            counted[key] = entry
    return counted
