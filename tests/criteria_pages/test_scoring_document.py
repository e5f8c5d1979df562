"""The figures of docs/scoring.md, worked out by hand, equal the engine's."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from cms.numbers import round_display
from criteria_pages.definition import Applicability, RuleSpec, UnitFacts
from criteria_pages.rules import RULES, get_rule
from criteria_pages.scoring import LeafPoints, compute_index, score_leaf
from tests.factories.rules import definition, domain, leaf, scored_criterion

pytestmark = pytest.mark.unit
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")
MAXIMUM = Decimal(2)
TWO_UNITS = ("Leaf", "Maximum", "Unit A (has procedures)", "Unit B (has none)")


def tables():
    """Return every table of the document as (header, rows)."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", DOCUMENT, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in block.splitlines()]
        found.append((rows[0], rows[2:]))
    return found


def rows_of(*header):
    return [row for head, rows in tables() if head == list(header) for row in rows]


EXAMPLES = rows_of("Rule", "Inputs", "Worked out", "Points")


@pytest.mark.parametrize(("rule", "inputs", "_sum", "points"), EXAMPLES)
def test_worked_example(rule, inputs, _sum, points):
    kind, params = rule.strip("`").split(" ", 1)
    spec = RuleSpec(kind, json.loads(params))
    assert get_rule(spec, MAXIMUM).problems() == []
    given = dict(part.split("=") for part in inputs.strip("`").split())
    outcome = score_leaf(leaf("1.1", maximum=MAXIMUM, rule=spec), given)
    expected = (Decimal(0), False) if points == "n/a" else (Decimal(points), True)
    assert (outcome.points, outcome.applicable) == expected


def test_every_kind_of_rule_has_an_example():
    assert {row[0].strip("`").split(" ", 1)[0] for row in EXAMPLES} == {rule.kind for rule in RULES}


def example_set():
    only = Applicability(attributes=("procedures",))
    parts = {row[0]: Decimal(row[1]) for row in rows_of(*TWO_UNITS)}
    return definition(
        domain("1", *(scored_criterion(code, maximum=parts[code]) for code in ("1.1", "1.2", "1.3"))),
        domain("2", scored_criterion("2.1", maximum=parts["2.1"]), applicability=only),
        bonus_cap=Decimal("0.5"),
        penalty_cap=Decimal(1),
    )


def example_result(unit, **adjustments):
    column = {"A": 2, "B": 3}[unit]
    facts = UnitFacts(unit, "t", attributes=frozenset({"procedures"} if unit == "A" else ()))
    points = {
        row[0]: LeafPoints(None, applicable=False) if row[column] == "n/a" else LeafPoints(Decimal(row[column]))
        for row in rows_of(*TWO_UNITS)
        if row[column] != "not asked"
    }
    return compute_index(example_set().for_unit(facts), points, **adjustments)


@pytest.mark.parametrize(
    ("unit", "points", "maximum", "index", "shown"),
    rows_of("Unit", "Points", "Own maximum", "Index, unrounded", "Shown"),
)
def test_index_by_the_own_maximum(unit, points, maximum, index, shown):
    result = example_result(unit)
    assert (result.points, result.maximum, result.index) == (Decimal(points), Decimal(maximum), Decimal(index))
    assert round_display(result.index) == Decimal(shown)


@pytest.mark.parametrize(
    ("unit", "points", "maximum", "shown"),
    [row for row in rows_of("Unit", "Points", "Own maximum", "Shown") if row[0] != "published"],
)
def test_index_with_bonus_and_penalty(unit, points, maximum, shown):
    result = example_result(unit, bonus=Decimal(1), penalty=Decimal("0.2"))
    assert (result.points, result.maximum) == (Decimal(points), Decimal(maximum))
    assert round_display(result.index) == Decimal(shown)


def test_the_published_case():
    (row,) = [row for row in rows_of("Unit", "Points", "Own maximum", "Shown") if row[0] == "published"]
    whole = definition(domain("1", scored_criterion("1.1", maximum=Decimal(row[2]))))
    result = compute_index(whole, {"1.1": LeafPoints(Decimal(row[1]))})
    assert round_display(result.index) == Decimal(row[3])
