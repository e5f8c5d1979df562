"""Every rule: points, trace sentence, inputs, description, unsound parameters, inputs that cannot be scored."""

from decimal import Decimal

from django.utils import translation

import pytest

from criteria_pages.definition import RuleSpec
from criteria_pages.exceptions import CriteriaError, InputError
from criteria_pages.rules import RULES, get_rule
from criteria_pages.scoring import score_leaf
from tests.factories.rules import SOUND_RULES, ruled

pytestmark = pytest.mark.unit
FORMULA = "“Files done” / “Files received” × maximum points"


@pytest.mark.parametrize("kind", SOUND_RULES)
def test_sound_parameters_have_no_problems(kind):
    assert get_rule(RuleSpec(kind, SOUND_RULES[kind]), Decimal(2)).problems() == []


def test_every_kind_has_sound_parameters_in_the_factory():
    assert [rule.kind for rule in RULES] == list(SOUND_RULES)


def test_unknown_kind_is_refused():
    with pytest.raises(CriteriaError, match="no scoring rule of the kind “magic”"):
        get_rule(RuleSpec("magic"), Decimal(1))


ZERO_BY_ZERO = {"numerator": "0", "denominator": "0"}
ABOVE = {"numerator": "20", "denominator": "18"}
SCORES = [
    ("yes_no", {}, {"answer": "yes"}, "2", "Yes: 2."),
    ("yes_no", {}, {"answer": "no"}, "0", "No: 0."),
    ("levels", {}, {"level": "b"}, "1", "Level “Half”: 50\u00a0% of 2 = 1."),
    ("levels", {}, {"level": "c"}, "0", "Level “None”: 0."),
    (
        "ratio",
        {},
        {"numerator": "15", "denominator": "18"},
        "1.666667",
        "15/18 = 83.33\u00a0% lies in “from 80\u00a0% to under 100\u00a0%”: 2 × 0.8333 = 1.6667.",
    ),
    ("ratio", {}, {"numerator": "18", "denominator": "18"}, "2", "18/18 = 100\u00a0% lies in “100\u00a0%”: 2."),
    ("ratio", {}, {"numerator": "7", "denominator": "18"}, "0", "7/18 = 38.89\u00a0% lies in “under 80\u00a0%”: 0."),
    (
        "ratio",
        {"zero_denominator": "full"},
        {"numerator": "0", "denominator": "0"},
        "2",
        "“Tasks planned” is 0; the rule then gives 2.",
    ),
    (
        "ratio",
        {"zero_denominator": "zero"},
        {"numerator": "0", "denominator": "0"},
        "0",
        "“Tasks planned” is 0; the rule then gives 0.",
    ),
    (
        "ratio",
        {"allow_above": True},
        {"numerator": "20", "denominator": "18"},
        "2",
        "20/18 = 111.11\u00a0% lies in “100\u00a0%”: 2.",
    ),
    ("count", {}, {"count": "3"}, "1.5", "3 × 0.5 = 1.5."),
    ("count", {}, {"count": "7"}, "2", "7 × 0.5 = 3.5, at most 2."),
    ("deduction", {}, {"count": "3"}, "1.7", "2 − 3 × 0.1 = 1.7."),
    ("deduction", {}, {"count": "25"}, "0", "2 − 25 × 0.1 = -0.5, not below 0: 0."),
    ("deadline", {}, {"done": "yes", "date": "2025-12-31"}, "2", "31/12/2025 is not after 31/12/2025: 2."),
    ("deadline", {}, {"done": "yes", "date": "2026-01-10"}, "0.5", "10/01/2026 is 10 days after 31/12/2025: 0.5."),
    ("deadline", {}, {"done": "yes", "date": "2026-01-11"}, "0", "11/01/2026 is 11 days after 31/12/2025: 0."),
    ("deadline", {}, {"done": "no"}, "0", "Not done: 0."),
    ("formula", {}, {"a": "1", "b": "3"}, "0.666667", f"{FORMULA} = 1 / 3 × 2 = 0.6667."),
    (
        "formula",
        {},
        {"a": "4", "b": "3"},
        "2",
        f"{FORMULA} = 4 / 3 × 2 = 2.6667, held within 0 and 2: 2.",
    ),
    ("manual", {}, {"points": "1.75"}, "1.75", "Judged: 1.75 of 2."),
    ("survey", {}, {"points": "1.234567"}, "1.234567", "Survey: 1.2346 of 2."),
    ("central", {}, {"points": "1.2"}, "1.2", "Satisfaction index: 1.2 of 2."),
]


@pytest.mark.parametrize(("kind", "params", "inputs", "points", "sentence"), SCORES)
def test_score(kind, params, inputs, points, sentence):
    outcome = score_leaf(ruled(kind, **params), inputs)
    assert (outcome.points, outcome.sentence, outcome.applicable) == (Decimal(points), sentence, True)


@pytest.mark.parametrize(
    ("kind", "params", "inputs"),
    [
        ("yes_no", {"allow_not_applicable": True}, {"answer": "na"}),
        ("levels", {"allow_not_applicable": True}, {"level": "na"}),
        ("ratio", {"zero_denominator": "not_applicable"}, {"numerator": "0", "denominator": "0"}),
    ],
)
def test_not_applicable(kind, params, inputs):
    outcome = score_leaf(ruled(kind, **params), inputs)
    assert (outcome.points, outcome.applicable) == (Decimal(0), False)


REFUSED = [
    ("yes_no", {"answer": "na"}, "answer", "unknown_choice", "Answer: “na” is not one of the choices."),
    ("yes_no", {}, "answer", "missing", "“Answer” is not filled in."),
    ("levels", {"level": "d"}, "level", "unknown_choice", "Level reached: “d” is not one of the choices."),
    (
        "ratio",
        {"numerator": "19", "denominator": "18"},
        "numerator",
        "numerator_above_denominator",
        "“Tasks done” (19) is more than “Tasks planned” (18). Check both numbers.",
    ),
    (
        "ratio",
        {"numerator": "0", "denominator": "0"},
        "denominator",
        "zero_denominator",
        "“Tasks planned” is 0, so no ratio can be computed. Enter a number above 0.",
    ),
    ("ratio", {"numerator": "-1", "denominator": "8"}, "numerator", "too_small", "Tasks done: -1 is less than 0."),
    ("count", {"count": "1.5"}, "count", "not_whole", "initiative: 1.5 is not a whole number."),
    ("count", {"count": "-1"}, "count", "too_small", "initiative: -1 is less than 0."),
    (
        "deadline",
        {"done": "no", "date": "2025-12-01"},
        "date",
        "contradiction",
        "“Done” says no, but a date is given. Correct one of the two.",
    ),
    ("deadline", {"done": "yes"}, "date", "missing", "“Date” is not filled in."),
    (
        "formula",
        {"a": "1", "b": "0"},
        "b",
        "division_by_zero",
        f"The formula {FORMULA} divides by 0 for these numbers. Check “Files received”.",
    ),
    ("manual", {"points": "0.3"}, "points", "off_step", "Points: 0.3 is not a multiple of 0.25."),
    ("manual", {"points": "2.25"}, "points", "too_large", "Points: 2.25 is more than 2."),
    ("central", {"points": "2.5"}, "points", "too_large", "Points: 2.5 is more than 2."),
    (
        "survey",
        {"points": "0.12345678901"},
        "points",
        "too_many_digits",
        "Points: Enter at most 15 digits before and 10 after the decimal sign.",
    ),
]


@pytest.mark.parametrize(("kind", "inputs", "field", "code", "sentence"), REFUSED)
def test_inputs_that_cannot_be_scored(kind, inputs, field, code, sentence):
    with pytest.raises(InputError) as caught:
        score_leaf(ruled(kind), inputs)
    assert (caught.value.field, caught.value.code, caught.value.message) == (field, code, sentence)


BAND = {"from": "0", "mode": "zero"}
FULL = {"from": "100", "mode": "full"}
UNSOUND = [
    ("levels", {"levels": []}, ["“Levels” is missing."]),
    (
        "levels",
        {"levels": [{"value": "a", "label": "All", "points": "2.5"}]},
        ["Level “All” gives 2.5, more than the maximum of 2."],
    ),
    (
        "levels",
        {"levels": [{"value": "a", "label": "All", "points": "2", "percent": "100"}]},
        ["Level “All”: give either points or a per cent of the maximum."],
    ),
    (
        "levels",
        {"levels": [{"value": "a", "label": "All", "points": "2"}, {"value": "a", "label": "Half", "points": "1"}]},
        ["Two levels have the mark “a”."],
    ),
    (
        "levels",
        {"levels": [{"value": "na", "label": "All", "points": "2"}]},
        ["The mark “na” is kept for “does not apply”. Choose another."],
    ),
    ("levels", {"levels": [{"value": "a", "label": "Half", "points": "1"}]}, ["No level gives the maximum of 2."]),
    (
        "levels",
        {"levels": [{"value": "a", "label": "All", "points": "two"}]},
        [
            "Levels, row 1: Points: “two” is not a number. Type digits with at most one decimal comma or point,"
            " for example 1,5."
        ],
    ),
    ("ratio", {"bands": [FULL]}, ["Bands have a gap: nothing is said about a ratio under 100\u00a0%."]),
    (
        "ratio",
        {"bands": [BAND, {"from": "80", "to": "90", "mode": "ratio"}, FULL]},
        ["Bands have a gap between 90\u00a0% and 100\u00a0%."],
    ),
    (
        "ratio",
        {"bands": [BAND, {"from": "80", "to": "110", "mode": "ratio"}, FULL]},
        ["Bands overlap between 100\u00a0% and 110\u00a0%."],
    ),
    (
        "ratio",
        {"bands": [BAND, {"from": "80", "mode": "ratio"}, {"from": "80", "mode": "full"}]},
        ["Bands overlap or are out of order: 80\u00a0% is followed by 80\u00a0%."],
    ),
    (
        "ratio",
        {"bands": [BAND, {"from": "80", "mode": "points", "points": "3"}, FULL]},
        ["The band from 80\u00a0% gives 3, more than the maximum of 2."],
    ),
    ("ratio", {"bands": [BAND, {"from": "80", "mode": "points"}, FULL]}, ["The band from 80\u00a0% needs its points."]),
    (
        "ratio",
        {"bands": [BAND, {"from": "50", "mode": "full"}, {"from": "90", "mode": "ratio"}]},
        ["From 90\u00a0% on a better ratio gives fewer points than before."],
    ),
    ("ratio", {"bands": [BAND, {"from": "50", "mode": "points", "points": "1"}]}, ["No ratio gives the maximum of 2."]),
    (
        "ratio",
        {"lower_is_better": True},
        [
            "From 80\u00a0% on a worse ratio gives more points than before.",
            "From 100\u00a0% on a worse ratio gives more points than before.",
        ],
    ),
    ("count", {"per_item": "0"}, ["Points per item: 0 gives nothing, however many there are."]),
    ("count", {"per_item": "3"}, ["Points per item: 3 is more than the maximum of 2."]),
    ("count", {"surprise": "1"}, ["Unknown parameters: surprise."]),
    ("deduction", {"per_item": "0"}, ["Points taken off per fault: 0 takes nothing off, however many there are."]),
    ("deadline", {"due": "31/12/2025"}, ["Due on: “31/12/2025” is not a date (year-month-day)."]),
    ("deadline", {"late_days": 0}, ["Points while late need the number of days late that still count."]),
    ("deadline", {"late_points": "0"}, ["Days late that still count need their points."]),
    ("deadline", {"late_points": "2.5"}, ["Points while late: 2.5 is more than the maximum of 2."]),
    ("manual", {"step": "0"}, ["Step: a step of 0 allows no points."]),
    ("manual", {"step": "0.3"}, ["Step: the maximum of 2 is not a multiple of 0.3."]),
    ("central", {"source": ""}, ["“Source of the figure” is missing."]),
    (
        "formula",
        {"variables": [{"name": "a", "label": "A"}, {"name": "b", "label": "B"}, {"name": "c", "label": "C"}]},
        ["The variable “c” is used in no formula."],
    ),
    (
        "formula",
        {"variables": [{"name": "Số", "label": "A"}, {"name": "b", "label": "B"}]},
        [
            "The name “Số” cannot be used in a formula: small letters without marks, digits and _ only.",
            "With procedures: The formula uses “a”, which is not among its variables.",
        ],
    ),
]


@pytest.mark.parametrize(("kind", "params", "problems"), UNSOUND)
def test_unsound_parameters(kind, params, problems):
    assert get_rule(RuleSpec(kind, SOUND_RULES[kind] | params), Decimal(2)).problems() == problems


def test_lower_is_better_reads_bands_over_the_ratio_itself():
    bands = [{"from": "0", "mode": "full"}, {"from": "5", "mode": "ratio"}, {"from": "20", "mode": "zero"}]
    late = ruled("ratio", bands=bands, lower_is_better=True)
    assert score_leaf(late, {"numerator": "1", "denominator": "10"}).points == Decimal("1.8")
    assert score_leaf(late, {"numerator": "0", "denominator": "10"}).points == Decimal(2)
    assert score_leaf(late, {"numerator": "5", "denominator": "10"}).points == Decimal(0)


def test_a_repeating_fraction_lies_in_the_band_it_belongs_to():
    third = [{"from": "0", "mode": "zero"}, {"from": "33.3333", "mode": "points", "points": "1"}, FULL]
    assert score_leaf(ruled("ratio", bands=third), {"numerator": "1", "denominator": "3"}).points == Decimal(1)


def test_alternatives_ask_for_a_choice_and_only_for_their_own_variables():
    rule = ruled(
        "formula",
        alternatives=[
            {"value": "x", "label": "With procedures", "expression": "a / b * maximum"},
            {"value": "y", "label": "Without procedures", "expression": "min(a, 1)"},
        ],
    )
    fields = get_rule(rule.rule, rule.maximum).inputs()
    assert [(f.name, f.required) for f in fields] == [("alternative", True), ("a", True), ("b", False)]
    assert score_leaf(rule, {"alternative": "y", "a": "5"}).points == Decimal(1)


def test_only_where_there_are_several_formulas_each_says_when_it_is_used():
    one = {"value": "a", "expression": "a / b * maximum"}
    other = {"value": "b", "label": "Without procedures", "expression": "min(a, 1)"}
    alone = get_rule(ruled("formula", alternatives=[one]).rule, Decimal(2))
    assert alone.problems() == []
    assert alone.describe() == DESCRIPTIONS["formula"]
    both = get_rule(ruled("formula", alternatives=[other, one]).rule, Decimal(2))
    assert both.problems() == ["Formulas, row 2: “When this formula is used” is missing; the unit chooses by it."]


DESCRIPTIONS = {
    "yes_no": "yes: 2; no: 0",
    "levels": "All: 2; Half: 1; None: 0",
    "ratio": "Tasks done / Tasks planned: under 80\u00a0%: 0; from 80\u00a0% to under 100\u00a0%: ratio × 2;"
    " 100\u00a0%: 2",
    "count": "0.5 for each (initiative), at most 2",
    "deduction": "2, less 0.1 for each (late report), not below 0",
    "deadline": "by 31/12/2025: 2; up to 10 days late: 0.5; later or not done: 0",
    "formula": f"{FORMULA} (from 0 to 2)",
    "manual": "judged from 0 to 2 in steps of 0.25",
    "survey": "sociological survey, from 0 to 2 (Quality of texts)",
    "central": "entered centrally, from 0 to 2; source: Satisfaction index",
}


@pytest.mark.parametrize(("kind", "sentence"), DESCRIPTIONS.items())
def test_describe(kind, sentence):
    assert get_rule(RuleSpec(kind, SOUND_RULES[kind]), Decimal(2)).describe() == sentence


def test_sentences_carry_the_decimal_comma_in_vietnamese():
    with translation.override("vi"):
        assert "0,8333 = 1,6667" in score_leaf(ruled("ratio"), {"numerator": "15", "denominator": "18"}).sentence
        assert "7,5 / 3 × 2 = 5, " in score_leaf(ruled("formula"), {"a": "7.5", "b": "3"}).sentence
