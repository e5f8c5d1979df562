"""What differs between two definitions, in words, and how heavy it is."""

from dataclasses import replace
from decimal import Decimal

import pytest

from criteria_pages.definition import Applicability, RuleSpec
from criteria_pages.domain.comparison import Change, compare_definitions
from tests.factories.rules import SOUND_RULES, criterion, definition, domain, leaf, ruled, scored_criterion

pytestmark = pytest.mark.unit
LEAF = leaf("1.1.1")


def whole(*leaves, **overrides):
    return definition(domain("1", criterion("1.1", *(leaves or (LEAF,)))), **overrides)


def compared(old, new):
    diff = compare_definitions(old, new)
    return diff.kind, [str(change) for change in diff.changes]


def test_no_difference():
    assert compared(whole(), whole()) == ("none", [])


CASES = [
    (LEAF, replace(LEAF, name="Leaf, 1.1.1"), "wording", ["1.1.1: Name: Leaf 1.1.1 → Leaf, 1.1.1"]),
    (LEAF, replace(LEAF, note="New"), "wording", ["1.1.1 Leaf 1.1.1: Note: — → New"]),
    (LEAF, replace(LEAF, evidence="Plan"), "evidence", ["1.1.1 Leaf 1.1.1: Evidence asked for: Report → Plan"]),
    (
        LEAF,
        replace(LEAF, evidence_required=False),
        "evidence",
        ["1.1.1 Leaf 1.1.1: Evidence or an explanation is a must: Yes → No"],
    ),
    (LEAF, replace(LEAF, legal_basis=("1/A",)), "wording", ["1.1.1 Leaf 1.1.1: Legal basis: — → 1/A"]),
    (
        LEAF,
        replace(LEAF, applicability=Applicability(tiers=("xa",))),
        "applicability",
        ["1.1.1 Leaf 1.1.1: Applies to: every unit → tiers: xa"],
    ),
    (
        LEAF,
        replace(LEAF, rule=RuleSpec("count", SOUND_RULES["count"])),
        "scoring",
        [
            "1.1.1 Leaf 1.1.1: Scoring rule: Yes or no (yes: 2; no: 0) → "
            "Count, capped (0.5 for each (initiative), at most 2)"
        ],
    ),
    (
        ruled("count"),
        ruled("count", item_label="new initiative"),
        "wording",
        ["1.1.1 Leaf 1.1.1: What is counted: initiative → new initiative"],
    ),
    (
        ruled("count"),
        ruled("count", per_item="0.25"),
        "scoring",
        ["1.1.1 Leaf 1.1.1: Points per item: 0.5 → 0.25"],
    ),
    (
        ruled("ratio"),
        ruled("ratio", bands=[*SOUND_RULES["ratio"]["bands"], {"from": "90", "mode": "points", "points": "1.9"}]),
        "scoring",
        ["1.1.1 Leaf 1.1.1: Bands added: From (%) 90, Gives fixed points, Fixed points 1.9"],
    ),
    (
        ruled("ratio"),
        ruled("ratio", bands=[{"from": "0", "mode": "ratio"}, *SOUND_RULES["ratio"]["bands"][1:]]),
        "scoring",
        ["1.1.1 Leaf 1.1.1: Bands “0”, Gives: 0 points → ratio × maximum"],
    ),
    (
        ruled("formula"),
        ruled(
            "formula",
            alternatives=[{"value": "x", "label": "With procedures", "expression": "a / b"}],
        ),
        "scoring",
        ["1.1.1 Leaf 1.1.1: Formulas “x”, Formula: a / b * maximum → a / b"],
    ),
]


@pytest.mark.parametrize(("old", "new", "kind", "changes"), CASES)
def test_one_change(old, new, kind, changes):
    assert compared(whole(old), whole(new)) == (kind, changes)


def test_points_of_a_leaf_and_what_follows_from_them():
    kind, changes = compared(whole(), whole(replace(LEAF, maximum=Decimal("2.5"))))
    assert kind == "scoring"
    assert changes == [
        "Declared total: 2 → 2.5",
        "1 Domain 1: Points: 2 → 2.5",
        "1.1 Criterion 1.1: Points: 2 → 2.5",
        "1.1.1 Leaf 1.1.1: Points: 2 → 2.5",
    ]


def test_added_removed_and_moved():
    old = definition(domain("1", criterion("1.1", leaf("1.1.1"), leaf("1.1.2")), criterion("1.2", leaf("1.2.1"))))
    new = definition(domain("1", criterion("1.1", leaf("1.1.1")), criterion("1.2", leaf("1.2.1"), leaf("1.1.2"))))
    kind, changes = compared(old, new)
    assert kind == "scoring"
    assert "1.1.2 Leaf 1.1.2: Place: 1.1 → 1.2" in changes
    _kind, changes = compared(whole(), whole(LEAF, leaf("1.1.2")))
    assert "1.1.2 Leaf 1.1.2: Sub-criterion added: Leaf 1.1.2 (2 points)" in changes
    _kind, changes = compared(whole(LEAF, leaf("1.1.2")), whole())
    assert "1.1.2 Leaf 1.1.2: Sub-criterion removed: Leaf 1.1.2 (2 points)" in changes


def test_order_is_wording():
    first, second = leaf("1.1.1"), leaf("1.1.2")
    assert compared(whole(first, second), whole(second, first)) == ("wording", ["The order of the criteria changed."])


def test_a_criterion_that_is_scored_itself():
    old = definition(domain("1", scored_criterion("1.1")))
    new = definition(domain("1", scored_criterion("1.1", applicability=Applicability(groups=("g",)))))
    assert compared(old, new) == ("applicability", ["1.1 Leaf 1.1: Applies to: every unit → groups: g"])
    split = definition(domain("1", criterion("1.1", leaf("1.1.1"), name="Leaf 1.1")))
    kind, changes = compared(old, split)
    assert kind == "scoring"
    assert "1.1 Leaf 1.1: Kind of node: Criterion scored itself → Criterion" in changes


def test_the_heaviest_change_gives_the_kind():
    old, new = whole(), whole(replace(LEAF, note="x", evidence="y", applicability=Applicability(tiers=("xa",))))
    diff = compare_definitions(old, new)
    assert diff.kind == "applicability"
    assert [len(diff.of_kind(kind)) for kind in ("wording", "evidence", "applicability", "scoring")] == [1, 1, 1, 0]


def test_a_change_of_words_names_the_signs_that_changed():
    said = Change("wording", "1.1", "Files", "Name", "on time , early", "on time, early")
    assert said.parts == (("equal", "on time"), ("deletion", " "), ("equal", ", early"))
    assert Change("score", "1.2", "Reports", "Rule", after="0.5 each").parts == ()
