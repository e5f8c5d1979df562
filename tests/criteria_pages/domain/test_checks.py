"""The checks before publishing: each problem with its sentence and place, all at once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from criteria_pages.definition import Applicability, Criterion, RuleSpec
from criteria_pages.domain.checks import MAX_NODES, check_definition
from criteria_pages.domain.vocabulary import Vocabulary
from tests.factories import criteria
from tests.factories.rules import criterion, definition, domain, leaf, ruled, scored_criterion

pytestmark = pytest.mark.unit
WORDS = Vocabulary(
    tiers=frozenset({"so", "xa"}),
    groups=frozenset({"g"}),
    attributes=frozenset({"co-tthc"}),
    units=frozenset({"noi-vu"}),
    legal_documents=frozenset({"876/QĐ-BNV"}),
)


def check(whole):
    return [str(problem) for problem in check_definition(whole, vocabulary=WORDS)]


def one_leaf(**overrides):
    return definition(domain("1", criterion("1.1", leaf("1.1.1", **overrides))))


def test_a_sound_set_has_no_problems():
    assert check(criteria.tiny_definition()) == []


def test_known_codes_are_no_problem():
    whole = one_leaf(agency="noi-vu", legal_basis=("876/QĐ-BNV",), applicability=Applicability(tiers=("so",)))
    assert check(whole) == []


ASK = "Choose it by its name, or ask an administrator to enter it."
CASES = [
    (definition(title=""), ["The set has no title."]),
    (
        replace(definition(), domains=(), total=Decimal(0)),
        ["The set has no domains.", "The declared total is not above 0."],
    ),
    (definition(total=Decimal(100)), ["Total: 100 points are declared, but the parts add up to 2."]),
    (definition(bonus_cap=Decimal(-1)), ["The caps of bonus and penalty points are numbers from 0."]),
    (definition(replace(domain("1"), criteria=())), ["1: The domain has no criteria."]),
    (
        definition(domain("1", Criterion("1.1", "Empty", Decimal(2)))),
        ["1 › 1.1: The criterion has neither a rule nor sub-criteria."],
    ),
    (
        definition(domain("1", criterion("1.1", leaf("1.1.1"), leaf("1.1.1")))),
        ["1 › 1.1 › 1.1.1: The code “1.1.1” is used twice, also at 1 › 1.1 › 1.1.1."],
    ),
    (
        definition(domain("1", criterion("1.1", leaf("1 1/1")))),
        [
            "1 › 1.1 › 1 1/1: The code “1 1/1” is not well formed: letters and digits parted by points,"
            " for instance 1.2.3."
        ],
    ),
    (definition(domain("1", criterion("1.1", leaf("")))), ["1 › 1.1 › (1): The code is missing."]),
    (one_leaf(name=""), ["1 › 1.1 › 1.1.1: The name is missing."]),
    (
        definition(domain("1", scored_criterion("1.1", maximum=Decimal("0.1234567")), maximum=Decimal("0.1234567"))),
        [
            "1: The maximum points have more than 6 decimals.",
            "1 › 1.1: The maximum points have more than 6 decimals.",
        ],
    ),
    (
        definition(domain("1", criterion("1.1", leaf("1.1.1"), maximum=Decimal(3)))),
        ["1 › 1.1: 3 points are declared, but the parts add up to 2."],
    ),
    (
        definition(domain("1", scored_criterion("1.1"), maximum=Decimal(5))),
        ["1: 5 points are declared, but the parts add up to 2."],
    ),
    (one_leaf(rule=RuleSpec("")), ["1 › 1.1 › 1.1.1: There is no scoring rule."]),
    (one_leaf(rule=RuleSpec("magic")), ["1 › 1.1 › 1.1.1: There is no scoring rule of the kind “magic”."]),
    (
        definition(domain("1", criterion("1.1", ruled("count", per_item="9")))),
        ["1 › 1.1 › 1.1.1: Points per item: 9 is more than the maximum of 2."],
    ),
    (
        one_leaf(scorer="survey"),
        ["1 › 1.1 › 1.1.1: The source of points “Sociological survey” needs the rule “Sociological survey”."],
    ),
    (
        definition(domain("1", criterion("1.1", replace(ruled("central"), scorer="self")))),
        ["1 › 1.1 › 1.1.1: The rule “Entered centrally” needs the source of points “Entered centrally”."],
    ),
    (one_leaf(scorer="nobody"), ["1 › 1.1 › 1.1.1: “nobody” is not one of those who score."]),
    (one_leaf(agency="x"), [f"1 › 1.1 › 1.1.1: Unknown agency: x. {ASK}"]),
    (definition(domain("1", agency="x")), [f"1: Unknown agency: x. {ASK}"]),
    (one_leaf(legal_basis=("1/X", "2/Y")), [f"1 › 1.1 › 1.1.1: Unknown legal document: 1/X, 2/Y. {ASK}"]),
    (
        one_leaf(applicability=Applicability(tiers=("t",), groups=("h",), units=("u",), attributes=("a",))),
        [
            "1 › 1.1 › 1.1.1: Unknown tier: t. Use one of: so, xa.",
            "1 › 1.1 › 1.1.1: Unknown group: h. Use one of: g.",
            "1 › 1.1 › 1.1.1: Unknown unit: u. Use one of: noi-vu.",
            "1 › 1.1 › 1.1.1: Unknown attribute: a. Use one of: co-tthc.",
        ],
    ),
    (
        one_leaf(applicability=Applicability(attributes=("co-tthc",), without_attributes=("co-tthc",))),
        ["1 › 1.1 › 1.1.1: “co-tthc” is asked for and excluded at once, so no unit is asked."],
    ),
]


@pytest.mark.parametrize(("whole", "problems"), CASES)
def test_each_problem(whole, problems):
    assert check(whole) == problems


def test_all_problems_at_once_in_the_order_of_the_nodes():
    whole = definition(
        domain("1", criterion("1.1", leaf("1.1.1", name=""), leaf("1.1.2", rule=RuleSpec("")))),
        domain("2", scored_criterion("2.1", name="")),
        total=Decimal(9),
    )
    problems = check_definition(whole, vocabulary=WORDS)
    assert [(p.code, p.position) for p in problems] == [
        ("", ()),
        ("1.1.1", (0, 0, 0)),
        ("1.1.2", (0, 0, 1)),
        ("2.1", (1, 0)),
    ]


def test_each_problem_names_the_field_in_which_it_is_mended():
    unsound = leaf("1.1.1", name="", maximum=Decimal(0), rule=RuleSpec(""), agency="x", legal_basis=("x",), scorer="x")
    other = leaf("1.1.1", applicability=Applicability(tiers=("x",)), scorer="survey")
    whole = definition(
        domain("1", criterion("1.1", unsound, other)),
        domain("2", Criterion("2.1", "Empty", Decimal(0))),
        total=Decimal(-1),
    )
    found = {(problem.place) for problem in check_definition(replace(whole, title=""), vocabulary=WORDS)}
    assert found == {
        ":title",
        ":declared_total",
        "0-0-0:name",
        "0-0-0:maximum",
        "0-0-0:rule",
        "0-0-0:agency",
        "0-0-0:legal_basis",
        "0-0-1:code",
        "0-0-1:applicability",
        "0-0-1:scorer",
        "1-0:maximum",
        "1-0:children",
        "1:maximum",
    }


def test_parts_for_several_tiers_may_stand_side_by_side():
    so = leaf("1.1.1", applicability=Applicability(tiers=("so",)))
    xa = leaf("1.1.2", applicability=Applicability(tiers=("xa",)))
    whole = definition(domain("1", criterion("1.1", so, xa, maximum=Decimal(2)), maximum=Decimal(2)), total=Decimal(2))
    assert check(whole) == []


def test_a_huge_set_is_refused_before_it_is_read_in_full():
    parts = tuple(leaf(f"1.1.{n}") for n in range(MAX_NODES))
    whole = definition(domain("1", criterion("1.1", *parts)))
    assert check(whole) == [f"The set has {MAX_NODES + 2} nodes; at most {MAX_NODES} are allowed."]
