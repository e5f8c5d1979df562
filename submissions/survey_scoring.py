"""From answers to points of survey leaves. Pure: counts and Decimals in, dataclasses out.

Rule (docs/scoring.md, section on the survey): every counted answer weighs 0 to 100. Groups of a unit with fewer than
the smallest number of respondents are put together into one; where that is still too small, it joins the smallest group
that is large enough; where none is, the unit has no survey result. A group's mean for a leaf is the sum of the weights
of all counted answers to the leaf's questions, divided by their number; a group of whom fewer than the smallest number
answered the leaf is not counted in it. The unit's mean is the mean of the groups by their weights (a merged group has
the sum of its parts' weights). Points = mean / 100 x maximum, on the ledger's grain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from criteria_pages.scoring import CONTEXT, to_grain

ZERO = Decimal(0)
MEAN_GRAIN = Decimal("0.0000000001")
HUNDRED = Decimal(100)


@dataclass(slots=True)
class LeafTally:
    """Of one leaf in one group: who gave a counted answer, how many counted answers, the sum of their weights."""

    respondents: int = 0
    answers: int = 0
    weights: Decimal = ZERO

    @property
    def mean(self) -> Decimal:
        """The mean weight, 0 to 100."""
        with localcontext(CONTEXT):
            return self.weights / self.answers


@dataclass(slots=True)
class ClassTally:
    """What one group, or several small ones together, answered about one unit."""

    groups: tuple[str, ...]
    weight: Decimal
    respondents: int = 0
    leaves: dict[str, LeafTally] = field(default_factory=dict)

    def add(self, answers: Iterable[tuple[str, Decimal]]) -> None:
        """Count the answers of one respondent: (leaf, weight) of everything that counts."""
        self.respondents += 1
        seen = set()
        for code, weight in answers:
            tally = self.leaves.setdefault(code, LeafTally())
            tally.answers += 1
            tally.weights += weight
            if code not in seen:
                tally.respondents += 1
                seen.add(code)


@dataclass(frozen=True, slots=True)
class LeafResult:
    """Mean (0 to 100, ten decimals) and points of one leaf of one unit, with the numbers behind them."""

    code: str
    mean: Decimal
    points: Decimal
    respondents: int
    answers: int


def merge_small(sizes: Mapping[str, int], smallest: int) -> tuple[tuple[str, ...], ...]:
    """Return the groups as they are shown and counted; empty where all together are too few.

    `sizes`: respondents by group, in the order of the groups.
    """
    answered = {group: size for group, size in sizes.items() if size}
    large = [[group] for group, size in answered.items() if size >= smallest]
    small = [group for group, size in answered.items() if size < smallest]
    if small and sum(answered[group] for group in small) >= smallest:
        large.append(small)
    elif small and large:
        min(large, key=lambda parts: (answered[parts[0]], parts[0])).extend(small)
    return tuple(tuple(parts) for parts in large)


def score_leaves(
    classes: Sequence[ClassTally], maxima: Mapping[str, Decimal], *, smallest: int
) -> dict[str, LeafResult]:
    """Return the result of every leaf in `maxima` that at least one group answered in sufficient number.

    A leaf that nobody could be asked about, or that too few answered, has no result: it is missing, never zero.
    """
    results: dict[str, LeafResult] = {}
    with localcontext(CONTEXT):
        for code, maximum in maxima.items():
            parts = [c for c in classes if code in c.leaves and c.leaves[code].respondents >= smallest]
            if not parts:
                continue
            weight = sum((c.weight for c in parts), ZERO)
            exact = sum((c.weight * c.leaves[code].mean for c in parts), ZERO) / weight
            # The ledger keeps the mean with ten decimals; the points follow from exactly that figure.
            mean = exact.quantize(MEAN_GRAIN)
            results[code] = LeafResult(
                code=code,
                mean=mean,
                points=to_grain(mean * maximum / HUNDRED),
                respondents=sum(c.leaves[code].respondents for c in parts),
                answers=sum(c.leaves[code].answers for c in parts),
            )
    return results
