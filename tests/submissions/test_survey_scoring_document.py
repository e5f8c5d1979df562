"""The round with a survey in docs/scoring.md, worked out by hand, equals what the engine computes from the answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cms.numbers import round_display
from criteria_pages.scoring import LeafPoints, compute_index
from submissions.survey_scoring import MEAN_GRAIN, ClassTally, merge_small, score_leaves
from tests.criteria_pages.test_scoring_document import rows_of
from tests.factories.rules import definition, domain, scored_criterion

pytestmark = pytest.mark.unit
MAXIMUM = Decimal("2.5")
WEIGHTS = {"A": 100, "B": 60, "C": 20, "D": 0}
PRIORITY = ("deputies", "heads", "officers")
GROUP_WEIGHTS = {"deputies": 2, "heads": 1, "officers": 1}
# What people chose, as the document tells it.
ANSWERS = {
    "A": {"deputies": ["AA"] * 4 + ["BC"] * 2, "heads": ["CC"] * 6},
    "B": {"deputies": ["BB"] * 7, "heads": ["AD"] * 3, "officers": ["AA"]},
}


def classes_of(unit: str) -> list[ClassTally]:
    """Return the groups of a unit as they are counted, from the single answers."""
    given = ANSWERS[unit]
    found = []
    for together in merge_small({group: len(given.get(group, ())) for group in PRIORITY}, 5):
        tally = ClassTally(together, Decimal(sum(GROUP_WEIGHTS[group] for group in together)))
        for group in together:
            for sheet in given[group]:
                tally.add([("2.1", Decimal(WEIGHTS[mark])) for mark in sheet])
        found.append(tally)
    return found


def test_the_groups_of_the_document() -> None:
    header = ("Unit", "Groups counted together", "Weight", "Respondents", "Answers", "Sum of weights", "Mean")
    computed = [
        [
            unit,
            ", ".join(tally.groups),
            *map(str, (tally.weight, tally.respondents, leaf.answers, leaf.weights)),
            f"{leaf.mean.quantize(MEAN_GRAIN).normalize():f}",
        ]
        for unit in ANSWERS
        for tally in classes_of(unit)
        for leaf in tally.leaves.values()
    ]
    assert computed == rows_of(*header)


@pytest.mark.parametrize(
    ("unit", "mean", "_sum", "points"), rows_of("Unit", "Mean of the unit", "Worked out", "Points of 2.1")
)
def test_the_points_of_the_document(unit: str, mean: str, _sum: str, points: str) -> None:
    result = score_leaves(classes_of(unit), {"2.1": MAXIMUM}, smallest=5)["2.1"]
    assert (result.mean, result.points) == (Decimal(mean), Decimal(points))


@pytest.mark.parametrize(
    ("_unit", "first", "second", "points", "maximum", "shown"),
    rows_of("Unit", "1.1 (at most 4)", "2.1 (at most 2.5)", "Points reached", "Maximum of the unit", "Index shown"),
)
def test_the_index_of_the_document(_unit: str, first: str, second: str, points: str, maximum: str, shown: str) -> None:
    whole = definition(
        domain("1", scored_criterion("1.1", maximum=Decimal(4))), domain("2", scored_criterion("2.1", maximum=MAXIMUM))
    )
    survey = LeafPoints(None, applicable=False) if second == "n/a" else LeafPoints(Decimal(second))
    result = compute_index(whole, {"1.1": LeafPoints(Decimal(first)), "2.1": survey})
    assert (result.points, result.maximum) == (Decimal(points), Decimal(maximum))
    assert result.index is not None
    assert round_display(result.index) == Decimal(shown)
