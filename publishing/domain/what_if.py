"""What a result would be under other rules, on a copy: another maximum, tie rule, scope or class threshold.

Nothing can be published from here: the ledger and the releases are only read. A leaf with another
maximum keeps its share of the points (half of the old maximum is half of the new one), which is what a change of weight
means as long as nobody appraises anew; where the new maximum is 0 the leaf counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from typing import Any

from django.utils.translation import gettext as _

from cms.numbers import exact
from criteria_pages.definition import Definition
from criteria_pages.scoring import CONTEXT, LeafPoints, compute_index
from publishing.domain.computation import ComputedEntry, definition_for_facts, place, subjects_of_round
from publishing.domain.releases import bands_of
from publishing.enums import EntryStatus
from publishing.exceptions import PublishingError
from submissions.domain import ledger
from submissions.domain.definitions import definition_of
from submissions.models import AssessmentRound

GREATEST = Decimal(1000)
STEP = 100


@dataclass(frozen=True, slots=True)
class Assumption:
    """The rules of the copy. `maxima`: leaf code -> assumed maximum; leaves that are not named keep theirs."""

    tie_rule: str
    rank_scope: str
    classes: Sequence[Mapping[str, Any]] = ()
    maxima: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """A unit as it stands and as it would stand."""

    now: ComputedEntry
    then: ComputedEntry

    @property
    def moves(self) -> int:
        """How many ranks the unit would climb; negative: fall; 0 where it has no rank in one of the two."""
        if self.now.rank is None or self.then.rank is None:
            return 0
        return self.now.rank - self.then.rank


def check_assumption(round: AssessmentRound, rules: Assumption) -> None:
    """Raise `PublishingError` for classes that are not sound, and for a maximum of an unknown leaf or out of bounds."""
    _check(definition_of(round.edition), rules.maxima)
    bands_of(rules.classes)


def what_if(
    round: AssessmentRound,
    *,
    now: Assumption,
    then: Assumption,
    progress: Callable[[int, int], object] | None = None,
) -> list[Line]:
    """Return every unit under the rules `now` and under the rules `then`, by the rank that it would have.

    `progress` is told how many units of how many are computed. Raises as `check_assumption`.
    """
    check_assumption(round, then)
    subjects = {subject.participant_id: subject for subject in subjects_of_round(round)}
    extra = ledger.adjustments(round)
    copies: dict[int, Definition] = {}
    before: list[ComputedEntry] = []
    after: list[ComputedEntry] = []
    for number, (pk, points) in enumerate(ledger.iter_final_points(round), start=1):
        if progress is not None and (number % STEP == 0 or number == len(subjects)):
            progress(number, len(subjects))
        subject = subjects[pk]
        if subject.status == EntryStatus.NOT_ASSESSED:
            before.append(ComputedEntry(subject=subject))
            after.append(ComputedEntry(subject=subject))
            continue
        definition = definition_for_facts(round.edition, subject.facts)
        asked = {leaf.code: points[leaf.code] for leaf in definition.leaves if leaf.code in points}
        totals = extra.get(pk, ledger.AdjustmentTotals())
        changed = copies.setdefault(id(definition), _copy(definition, then.maxima))
        scaled = _scaled(definition, asked, then.maxima)
        for entries, rules, counted in ((before, definition, asked), (after, changed, scaled)):
            found = compute_index(rules, counted, bonus=totals.bonus, penalty=totals.penalty)
            entries.append(ComputedEntry(subject, found.points, found.maximum, found.bonus, found.penalty, found.index))
    placed = {entry.subject.unit_id: entry for entry in _place(before, now)}
    return [Line(placed[entry.subject.unit_id], entry) for entry in _place(after, then)]


def _place(entries: Iterable[ComputedEntry], rules: Assumption) -> list[ComputedEntry]:
    return place(entries, bands=bands_of(rules.classes), tie_rule=rules.tie_rule, rank_scope=rules.rank_scope)


def _check(definition: Definition, maxima: Mapping[str, Decimal]) -> None:
    for code, maximum in maxima.items():
        if not definition.has_leaf(code):
            raise PublishingError(
                _("There is no criterion %(code)s in this criteria set.") % {"code": code[:40]}, code="unknown_code"
            )
        if not maximum.is_finite() or not Decimal(0) <= maximum <= GREATEST:
            raise PublishingError(
                _("%(code)s: the assumed maximum must lie between 0 and %(greatest)s.")
                % {"code": code, "greatest": exact(GREATEST)},
                code="maximum_out_of_range",
            )


def _copy(definition: Definition, maxima: Mapping[str, Decimal]) -> Definition:
    """Return a copy of the definition with the assumed maxima."""
    domains = []
    for domain in definition.domains:
        criteria = []
        for criterion in domain.criteria:
            children = tuple(replace(leaf, maximum=maxima.get(leaf.code, leaf.maximum)) for leaf in criterion.children)
            own = criterion.leaf
            leaf = replace(own, maximum=maxima.get(own.code, own.maximum)) if own is not None else None
            criteria.append(replace(criterion, leaf=leaf, children=children))
        domains.append(replace(domain, criteria=tuple(criteria)))
    return replace(definition, domains=tuple(domains))


def _scaled(
    definition: Definition, points: Mapping[str, LeafPoints], maxima: Mapping[str, Decimal]
) -> dict[str, LeafPoints]:
    """Return the points with those of the concerned leaves in the same share of their assumed maximum."""
    scaled = dict(points)
    with localcontext(CONTEXT):
        for code, maximum in maxima.items():
            given = scaled.get(code)
            old = definition.leaf(code).maximum if given is not None else None
            if given is not None and given.points is not None and old:
                scaled[code] = replace(given, points=min(given.points * maximum / old, maximum))
    return scaled
