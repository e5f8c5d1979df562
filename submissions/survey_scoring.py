"""From answers to points of survey leaves. Pure: counts and Decimals in, dataclasses out.

Rule (docs/scoring.md, section on the survey): every counted answer weighs 0 to 100. A group's mean for a leaf is the
sum of the weights of all counted answers to the leaf's questions, divided by their number. Groups with fewer than the
smallest number of respondents are put together into one; where that is still too small, it joins the smallest group
that is large enough; where none is, the unit has no survey result. The unit's mean is the mean of the groups by their
weights (a merged group has the sum of its parts' weights). Points = mean / 100 x maximum, on the ledger's grain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from criteria_pages.scoring import CONTEXT, to_grain

ZERO = Decimal(0)
MEAN_GRAIN = Decimal("0.0000000001")
HUNDRED = Decimal(100)


@dataclass(slots=True)
class LeafTally:
    """Sum of weights and number of counted answers of one leaf in one group."""

    weights: Decimal = ZERO
    answers: int = 0


@dataclass(slots=True)
class GroupTally:
    """What one group answered about one unit: number of respondents, and a tally per leaf."""

    group: str
    weight: Decimal
    respondents: int = 0
    leaves: dict[str, LeafTally] = field(default_factory=dict)

    def add(self, code: str, weight: Decimal) -> None:
        """Count one answer."""
        tally = self.leaves.setdefault(code, LeafTally())
        tally.weights += weight
        tally.answers += 1


@dataclass(frozen=True, slots=True)
class MergedGroup:
    """A group as it is shown and counted: one or several groups together, never under the smallest number."""

    groups: tuple[str, ...]
    weight: Decimal
    respondents: int
    leaves: Mapping[str, LeafTally]


@dataclass(frozen=True, slots=True)
class LeafResult:
    """Mean (0 to 100, ten decimals) and points of one leaf of one unit, with the numbers behind them."""

    code: str
    mean: Decimal
    points: Decimal
    respondents: int
    answers: int


def merge_small(groups: Sequence[GroupTally], smallest: int) -> tuple[MergedGroup, ...]:
    """Put groups under the smallest number together by the declared rule; empty where all together are too few."""
    answered = [g for g in groups if g.respondents]
    large = [[g] for g in answered if g.respondents >= smallest]
    small = [g for g in answered if g.respondents < smallest]
    if small and sum(g.respondents for g in small) >= smallest:
        large.append(small)
    elif small and large:
        min(large, key=lambda parts: (sum(g.respondents for g in parts), parts[0].group)).extend(small)
    return tuple(_merged(parts) for parts in large)


def _merged(parts: Sequence[GroupTally]) -> MergedGroup:
    leaves: dict[str, LeafTally] = {}
    for part in parts:
        for code, tally in part.leaves.items():
            into = leaves.setdefault(code, LeafTally())
            into.weights += tally.weights
            into.answers += tally.answers
    return MergedGroup(
        groups=tuple(part.group for part in parts),
        weight=sum((part.weight for part in parts), ZERO),
        respondents=sum(part.respondents for part in parts),
        leaves=leaves,
    )


def score_leaves(
    groups: Sequence[GroupTally], maxima: Mapping[str, Decimal], *, smallest: int
) -> dict[str, LeafResult]:
    """Return the result of every leaf in `maxima` that at least one (merged) group answered.

    A leaf that nobody could be asked about, or whose groups are too small even together, has no result: it is missing,
    never zero.
    """
    merged = merge_small(groups, smallest)
    results: dict[str, LeafResult] = {}
    with localcontext(CONTEXT):
        for code, maximum in maxima.items():
            parts = [g for g in merged if code in g.leaves and g.leaves[code].answers]
            if not parts:
                continue
            weight = sum((g.weight for g in parts), ZERO)
            exact = sum((g.weight * g.leaves[code].weights / g.leaves[code].answers for g in parts), ZERO) / weight
            # The ledger keeps the mean with ten decimals; the points follow from exactly that figure.
            mean = exact.quantize(MEAN_GRAIN)
            results[code] = LeafResult(
                code=code,
                mean=mean,
                points=to_grain(mean * maximum / HUNDRED),
                respondents=sum(g.respondents for g in parts),
                answers=sum(g.leaves[code].answers for g in parts),
            )
    return results
