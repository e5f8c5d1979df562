"""Blocks to definition and back."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from criteria_pages.definition import Applicability, Definition
from criteria_pages.domain.authoring import body_from_definition, definition_from_page, parse_body
from tests.factories import criteria, rules

WHOLE = {"title_en": "", "bonus_cap": Decimal(0), "penalty_cap": Decimal(0)}


def parsed(body, total="20"):
    return parse_body(body, title="Bộ chỉ số thử", total=Decimal(total), **WHOLE)


@pytest.mark.unit
def test_round_trip_of_every_rule():
    definition = criteria.tiny_definition()
    result = parsed(body_from_definition(definition))
    assert result.problems == ()
    assert result.definition.sha256() == definition.sha256()


@pytest.mark.unit
def test_the_same_definition_gives_the_same_body():
    assert body_from_definition(criteria.tiny_definition()) == body_from_definition(criteria.tiny_definition())


@pytest.mark.unit
def test_numbers_are_read_as_people_write_them():
    body = body_from_definition(rules.definition(rules.domain("1", rules.scored_criterion("1.1"))))
    body[0]["value"]["maximum"] = "1,50"
    body[0]["value"]["criteria"][0]["value"]["maximum"] = "1.5"
    definition = parsed(body).definition
    assert (definition.domains[0].maximum, definition.leaves[0].maximum) == (Decimal("1.50"), Decimal("1.5"))


@pytest.mark.unit
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Maximum points are missing."),
        (
            "two",
            "Maximum points: “two” is not a number. Type digits with at most one decimal comma or point,"
            " for example 1,5.",
        ),
        (
            "1.000,5",
            "Maximum points: “1.000,5” has thousand separators. Type the number without them, for example 1234,5.",
        ),
    ],
)
def test_a_maximum_that_cannot_be_read_is_a_problem_with_its_place(typed, message):
    body = body_from_definition(rules.definition())
    body[0]["value"]["criteria"][0]["value"]["children"][0]["value"]["maximum"] = typed
    (problem,) = parsed(body).problems
    assert (problem.code, problem.path, problem.position, problem.message) == (
        "1.1.1",
        "1 › 1.1 › 1.1.1",
        (0, 0, 0),
        message,
    )


@pytest.mark.unit
def test_half_filled_blocks_are_read_without_failing():
    body = [{"type": "domain", "value": {"criteria": [{"type": "scored_criterion", "value": {}}]}}]
    result = parsed(body)
    assert result.definition.leaves[0].rule.kind == ""
    assert [(p.path, p.position) for p in result.problems] == [("(1)", (0,)), ("(1) › (1)", (0, 0))]


@pytest.mark.unit
def test_text_is_stored_in_normal_form():
    body = body_from_definition(rules.definition())
    body[0]["value"]["name"] = "Ca\u0309i ca\u0301ch "
    assert parsed(body).definition.domains[0].name == "Cải cách"


@pytest.mark.unit
def test_rule_parameters_are_canonical():
    leaf = rules.ruled("count", per_item="0,50")
    result = parsed(body_from_definition(rules.definition(rules.domain("1", rules.criterion("1.1", leaf)))))
    assert result.definition.leaves[0].rule.params == {"per_item": "0.5", "item_label": "initiative"}


@pytest.mark.unit
def test_applicability_of_a_scored_criterion_is_kept_wherever_it_stood():
    own = rules.scored_criterion("1.1")
    only = Applicability(tiers=("xa",))
    outside = rules.definition(rules.domain("1", replace(own, applicability=only)))
    assert parsed(body_from_definition(outside)).definition.leaves[0].applicability == only


names = st.text(alphabet="abcđêộ ", min_size=1).map(str.strip).filter(bool)
conditions = st.builds(
    Applicability, tiers=st.lists(st.sampled_from(["so", "xa"]), unique=True).map(tuple), groups=st.just(())
)


@st.composite
def definitions(draw):
    domains = []
    for d in range(draw(st.integers(1, 3))):
        parts = []
        for c in range(draw(st.integers(1, 3))):
            code = f"{d + 1}.{c + 1}"
            kinds = draw(st.lists(st.sampled_from(sorted(rules.SOUND_RULES)), min_size=1, max_size=3))
            leaves = [
                replace(
                    rules.ruled(kind, f"{code}.{s + 1}"),
                    name=draw(names),
                    evidence=draw(names),
                    applicability=draw(conditions),
                    legal_basis=tuple(draw(st.lists(names, max_size=2))),
                )
                for s, kind in enumerate(kinds)
            ]
            parts.append(rules.criterion(code, *leaves))
        domains.append(rules.domain(str(d + 1), *parts, applicability=draw(conditions)))
    return rules.definition(*domains)


@pytest.mark.unit
@given(definitions())
@settings(max_examples=40, deadline=None)
def test_json_and_blocks_lose_nothing(definition):
    through_json = Definition.from_json(json.loads(definition.canonical()))
    assert through_json == definition
    assert through_json.sha256() == definition.sha256()
    result = parse_body(body_from_definition(definition), title=definition.title, total=definition.total, **WHOLE)
    assert result.definition.sha256() == definition.sha256()


@pytest.mark.integration
@pytest.mark.django_db
def test_definition_from_a_saved_page():
    page = criteria.CriteriaSetPageFactory()
    page.refresh_from_db()
    assert definition_from_page(page).canonical() == replace(criteria.tiny_definition(), title=page.title).canonical()
