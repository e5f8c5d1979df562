"""The index: sums, the unit's own maximum, missing and inapplicable leaves, bonus and penalty, properties."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from criteria_pages.definition import Applicability, UnitFacts
from criteria_pages.exceptions import CriteriaError, InputError
from criteria_pages.rules import get_rule
from criteria_pages.scoring import GRAIN, LeafPoints, compute_index, score_leaf
from tests.factories.rules import (
    SOUND_RULES,
    criterion,
    definition,
    domain,
    leaf,
    ruled,
    scored_criterion,
)

pytestmark = pytest.mark.unit


def two_domains():
    return definition(
        domain("1", criterion("1.1", leaf("1.1.1"), leaf("1.1.2", maximum=Decimal("1.5"))), scored_criterion("1.2")),
        domain("2", scored_criterion("2.1", maximum=Decimal("4.5"))),
        bonus_cap=Decimal(1),
        penalty_cap=Decimal(1),
    )


def test_index_of_a_whole_set():
    result = compute_index(
        two_domains(),
        {
            "1.1.1": LeafPoints(Decimal(2)),
            "1.1.2": LeafPoints(Decimal("0.5")),
            "1.2": LeafPoints(Decimal(1)),
            "2.1": LeafPoints(Decimal(3)),
        },
    )
    assert (result.points, result.maximum, result.index) == (Decimal("6.5"), Decimal(10), Decimal(65))
    assert (result.nodes["1.1"].points, result.nodes["1.1"].maximum) == (Decimal("2.5"), Decimal("3.5"))
    assert (result.nodes["1"].points, result.nodes["1"].maximum) == (Decimal("3.5"), Decimal("5.5"))
    assert result.missing == ()


def test_a_leaf_that_does_not_apply_leaves_the_maximum():
    points = {"1.1.1": LeafPoints(Decimal(2)), "1.1.2": LeafPoints(Decimal("1.5")), "1.2": LeafPoints(Decimal(2))}
    result = compute_index(two_domains(), {**points, "2.1": LeafPoints(None, applicable=False)})
    assert (result.points, result.maximum, result.index) == (Decimal("5.5"), Decimal("5.5"), Decimal(100))
    assert result.nodes["2"].index is None


def test_a_missing_leaf_is_named_and_is_not_taken_out_of_the_maximum():
    result = compute_index(two_domains(), {"1.1.1": LeafPoints(Decimal(2)), "1.2": LeafPoints(None)})
    assert result.missing == ("1.1.2", "1.2", "2.1")
    assert result.maximum == Decimal(10)
    assert result.nodes["1"].missing == ("1.1.2", "1.2")


def test_the_index_is_none_where_nothing_applies():
    result = compute_index(
        two_domains().for_unit(UnitFacts("x", "t")),
        {code: LeafPoints(None, applicable=False) for code in ("1.1.1", "1.1.2", "1.2", "2.1")},
    )
    assert (result.maximum, result.index) == (Decimal(0), None)


def test_bonus_and_penalty_are_capped_and_the_points_stay_within_the_maximum():
    full = {
        "1.1.1": LeafPoints(Decimal(2)),
        "1.1.2": LeafPoints(Decimal("1.5")),
        "1.2": LeafPoints(Decimal(2)),
        "2.1": LeafPoints(Decimal(4)),
    }
    more = compute_index(two_domains(), full, bonus=Decimal(5))
    less = compute_index(two_domains(), full, penalty=Decimal(5))
    assert (more.points, more.bonus, more.index) == (Decimal(10), Decimal(1), Decimal(100))
    assert (less.points, less.penalty, less.index) == (Decimal("8.5"), Decimal(1), Decimal(85))


def test_negative_bonus_is_refused():
    with pytest.raises(CriteriaError, match="numbers from 0"):
        compute_index(two_domains(), {}, bonus=Decimal(-1))


def test_points_outside_the_maximum_are_refused():
    with pytest.raises(CriteriaError, match=r"Criterion 1\.2 has 9 points"):
        compute_index(two_domains(), {"1.2": LeafPoints(Decimal(9))})


def test_codes_that_are_not_asked_are_named_and_do_not_count():
    result = compute_index(two_domains(), {"9.9": LeafPoints(Decimal(1))})
    assert (result.unknown, result.points) == (("9.9",), Decimal(0))


def test_the_real_case_of_a_unit_with_its_own_maximum():
    own = definition(domain("1", scored_criterion("1.1", maximum=Decimal(84))))
    result = compute_index(own, {"1.1": LeafPoints(Decimal("68.32"))})
    assert result.index.quantize(Decimal("0.01")) == Decimal("81.33")


# --- properties -------------------------------------------------------------------------------------------------------
numbers = st.decimals(min_value=0, max_value=10_000, places=2, allow_nan=False, allow_infinity=False)
maxima = st.integers(min_value=1, max_value=80).map(lambda quarter: Decimal(quarter) / 4)


def _inputs_for(rule, data):
    values = {}
    for field in rule.inputs():
        if field.kind == "choice":
            values[field.name] = data.draw(st.sampled_from([value for value, _label in field.choices]))
        elif field.kind == "date":
            values[field.name] = data.draw(st.dates()).isoformat()
        elif field.kind == "integer":
            values[field.name] = str(data.draw(st.integers(min_value=0, max_value=1000)))
        else:
            values[field.name] = str(data.draw(numbers))
    return values


@pytest.mark.parametrize("kind", SOUND_RULES)
@given(data=st.data(), maximum=maxima)
@settings(max_examples=60, deadline=None)
def test_points_lie_within_0_and_the_maximum(kind, data, maximum):
    rule_leaf = ruled(kind, maximum=str(maximum))
    try:
        points = score_leaf(rule_leaf, _inputs_for(get_rule(rule_leaf.rule, maximum), data)).points
    except InputError:
        return
    except CriteriaError:
        assert get_rule(rule_leaf.rule, maximum).problems()
        return
    assert 0 <= points <= maximum
    assert points == points.quantize(GRAIN)


@pytest.mark.parametrize("kind", SOUND_RULES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_rules_are_monotone_where_they_say_so(kind, data):
    rule_leaf = ruled(kind)
    rule = get_rule(rule_leaf.rule, rule_leaf.maximum)
    base = _inputs_for(rule, data)
    for name, sign in rule.direction().items():
        field = next(f for f in rule.inputs() if f.name == name)
        draw = st.dates() if field.kind == "date" else st.integers(min_value=0, max_value=300)
        low, high = sorted((data.draw(draw), data.draw(draw)))
        try:
            first = score_leaf(rule_leaf, {**base, name: str(low)}).points
            second = score_leaf(rule_leaf, {**base, name: str(high)}).points
        except InputError:
            continue
        assert (second - first) * sign >= 0


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_parts_add_up_to_the_whole(data):
    whole = two_domains()
    points = {}
    for part in whole.leaves:
        grains = data.draw(st.integers(min_value=0, max_value=int(part.maximum / GRAIN)))
        points[part.code] = LeafPoints(grains * GRAIN, applicable=data.draw(st.booleans()))
    result = compute_index(whole, points)
    assert result.points == sum(result.nodes[d.code].points for d in whole.domains)
    assert result.maximum == sum(result.nodes[d.code].maximum for d in whole.domains)
    assert result.index is None or 0 <= result.index <= 100


@given(has=st.booleans())
def test_the_maximum_of_a_unit_is_the_sum_of_its_own_leaves(has):
    only = Applicability(attributes=("procedures",))
    whole = definition(
        domain("1", criterion("1.1", leaf("1.1.1"), replace(leaf("1.1.2"), applicability=only))),
        domain("2", scored_criterion("2.1"), applicability=only),
    )
    mine = whole.for_unit(UnitFacts("u", "t", attributes=frozenset({"procedures"} if has else ())))
    assert mine.total == sum((part.maximum for part in mine.leaves), Decimal(0)) == Decimal(6 if has else 2)
