"""What became of each node of the set before: computed, overridden with a reason, frozen, joined over the years."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from criteria_pages.definition import Applicability, RuleSpec
from criteria_pages.domain.authoring import NodeLink, body_from_definition, body_with_links, links_of_body
from criteria_pages.domain.editions import freeze_edition, reconcile_editions
from criteria_pages.domain.lineage import Lineage, compute_lineage, frozen_lineage, lineage_between
from criteria_pages.domain.publishing_gate import page_problems
from tests.factories import criteria, rules


def one(*leaves):
    return rules.definition(rules.domain("1", rules.criterion("1.1", *leaves)))


def status_of(old, new, **links):
    """Return status by code of comparing two leaves of the code 1.1.1."""
    (row,) = [row for row in compute_lineage(one(old), one(new), **links).rows if row.code == new.code]
    return row.status


RATIO = rules.SOUND_RULES["ratio"]
BANDS = [{"from": "0", "mode": "zero"}, {"from": "70", "mode": "ratio"}, {"from": "100", "mode": "full"}]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (rules.leaf(), rules.leaf(), "same"),
        (rules.leaf(), rules.leaf(name="Other words", evidence="Other", note="Other", agency="x"), "same"),
        (rules.leaf(), rules.leaf(maximum=Decimal(3)), "changed"),
        (rules.leaf(), rules.leaf(applicability=Applicability(tiers=("province",))), "changed"),
        (rules.ruled("ratio"), rules.ruled("ratio", bands=BANDS), "changed"),
        (rules.ruled("ratio"), rules.ruled("ratio", numerator_label="Other words"), "same"),
        (rules.ruled("ratio"), rules.ruled("ratio", lower_is_better=True), "not_comparable"),
        (rules.ruled("count"), rules.ruled("deduction"), "not_comparable"),
        (rules.ruled("manual"), rules.ruled("manual", "1.1.1", "2", step="0.5"), "changed"),
        (rules.leaf(), rules.leaf(scorer="central"), "not_comparable"),
        (rules.ruled("deadline"), rules.ruled("deadline", due="2026-12-31"), "same"),
        (rules.ruled("deadline"), rules.ruled("deadline", due="2026-11-30"), "changed"),
        (rules.ruled("deadline", due="2024-02-29"), rules.ruled("deadline", due="2025-02-28"), "same"),
        (rules.ruled("deadline"), rules.ruled("deadline", due="2026-12-31", late_days=5), "changed"),
    ],
)
def test_a_leaf_beside_its_predecessor(old, new, status):
    assert status_of(old, new) == status


@pytest.mark.unit
def test_a_node_under_another_code_is_followed_by_its_link():
    old = one(rules.leaf("1.1.1"), rules.leaf("1.1.2", name="Moved"))
    new = one(rules.leaf("1.1.1"), rules.leaf("1.1.7", name="Moved"), rules.leaf("1.1.8", name="Unknown"))
    links = [NodeLink(code, code) for code in ("1", "1.1", "1.1.1")] + [NodeLink("1.1.7", "1.1.2"), NodeLink("1.1.8")]
    lineage = compute_lineage(old, new, links=links)
    assert [(row.predecessor, row.code, row.status) for row in lineage.rows] == [
        ("1", "1", "changed"),
        ("1.1", "1.1", "changed"),
        ("1.1.1", "1.1.1", "same"),
        ("1.1.2", "1.1.7", "same"),
        ("", "1.1.8", "new"),
    ]
    assert lineage.after("1.1.2").code == "1.1.7"
    assert lineage.whole.status == "changed"


@pytest.mark.unit
def test_of_two_nodes_that_name_one_predecessor_the_one_of_its_code_has_it():
    old = one(rules.leaf("1.1.1"))
    new = one(rules.leaf("1.1.0"), rules.leaf("1.1.1"))
    lineage = compute_lineage(old, new, links=[NodeLink("1.1.0", "1.1.1"), NodeLink("1.1.1", "1.1.1")])
    assert (lineage.of("1.1.0").status, lineage.of("1.1.1").status) == ("new", "same")


@pytest.mark.unit
@pytest.mark.parametrize(
    ("changed", "whole", "group"),
    [
        (0, "same", "same"),
        (1, "changed", "changed"),
        (2, "changed", "changed"),
        (3, "not_comparable", "not_comparable"),
    ],
)
def test_a_group_is_as_comparable_as_half_of_its_points(changed, whole, group):
    """Four leaves of two points; so many of them are now scored by another kind of rule."""
    codes = [f"1.1.{n}" for n in range(1, 5)]
    old = one(*(rules.leaf(code) for code in codes))
    new = one(*(rules.ruled("count", code) if n < changed else rules.leaf(code) for n, code in enumerate(codes)))
    lineage = compute_lineage(old, new)
    assert (lineage.whole.status, lineage.of("1").status, lineage.of("1.1").status) == (whole, group, group)
    assert lineage.count("not_comparable") == changed + (2 if group == "not_comparable" else 0)


@pytest.mark.unit
def test_a_set_that_dropped_most_of_the_points_is_not_comparable_though_all_that_is_left_is_the_same():
    old = one(*(rules.leaf(f"1.1.{n}") for n in range(1, 5)))
    lineage = compute_lineage(old, one(rules.leaf("1.1.1")))
    assert lineage.of("1.1.1").status == "same"
    assert lineage.whole.status == "not_comparable"
    assert [row.predecessor for row in lineage.rows if row.status == "dropped"] == ["1.1.2", "1.1.3", "1.1.4"]


@pytest.mark.unit
def test_the_editors_word_counts_with_its_reason_and_reaches_the_groups_above():
    old = one(rules.leaf("1.1.1"), rules.leaf("1.1.2"))
    links = [NodeLink(code, code) for code in ("1", "1.1", "1.1.2")]
    links.append(NodeLink("1.1.1", "1.1.1", "not_comparable", "Counted by another office"))
    lineage = compute_lineage(old, old, links=links)
    row = lineage.of("1.1.1")
    assert (row.status, row.computed, row.reason, row.is_overridden) == (
        "not_comparable",
        "same",
        "Counted by another office",
        True,
    )
    assert lineage.of("1.1").status == "changed"
    forced = compute_lineage(old, old, whole_status="not_comparable", whole_reason="New decision")
    assert (forced.whole.status, forced.whole.computed, forced.whole.reason) == (
        "not_comparable",
        "same",
        "New decision",
    )


@pytest.mark.unit
@given(st.lists(st.sampled_from(["keep", "drop", "rescale", "rekind", "recode"]), min_size=1, max_size=12))
def test_every_node_of_both_sets_stands_in_the_lineage_exactly_once(fates):
    old = one(*(rules.leaf(f"1.1.{n}") for n in range(len(fates))))
    leaves, links = [], [NodeLink("1", "1"), NodeLink("1.1", "1.1")]
    for n, fate in enumerate(fates):
        code = f"1.1.{n}"
        changes = {"rescale": {"maximum": Decimal(5)}, "rekind": {"rule": RuleSpec("count", {})}}.get(fate, {})
        if fate != "drop":
            now = f"1.1.{n + 50}" if fate == "recode" else code
            leaves.append(rules.leaf(now, **changes))
            links.append(NodeLink(now, code))
    new = one(*(leaves or [rules.leaf("1.1.99")]))
    lineage = compute_lineage(old, new, links=links)
    assert [row.code for row in lineage.rows if row.code] == list(new.nodes)
    assert sorted(row.predecessor for row in lineage.rows if row.predecessor) == sorted(old.nodes)
    assert Lineage.from_json(json.loads(json.dumps(lineage.to_json()))) == lineage


@pytest.mark.unit
def test_links_travel_with_their_blocks():
    body = body_from_definition(criteria.tiny_definition())
    links = {link.position: replace(link, predecessor=link.code) for link in links_of_body(body)}
    links[(0, 1, 2)] = NodeLink("1.2.3", "9.9", "changed", "Because", (0, 1, 2))
    read = links_of_body(body_with_links(body, links))
    assert [link.code for link in read] == list(criteria.tiny_definition().nodes)
    assert next(link for link in read if link.code == "1.2.3") == links[(0, 1, 2)]
    assert {link.predecessor for link in links_of_body(body)} == {""}


# --- with the database ------------------------------------------------------------------------------------------------
def freeze(page):
    page.save()
    return freeze_edition(page=page, revision=page.save_revision(), user=None)


def following(edition, definition, recoded=None, **fields):
    """Return a live set that follows an edition, its nodes linked by code; `recoded`: new code -> old code."""
    body = body_from_definition(definition)
    links = {
        link.position: replace(link, predecessor=(recoded or {}).get(link.code, link.code))
        for link in links_of_body(body)
    }
    page = criteria.CriteriaSetPageFactory(definition=definition)
    page.predecessor = edition
    page.body = json.dumps(body_with_links(body, links))
    for name, value in fields.items():
        setattr(page, name, value)
    return page


def leaf_changed(definition, of, **changes):
    def node(leaf):
        return replace(leaf, **changes) if leaf.code == of else leaf

    return replace(
        definition,
        domains=tuple(
            replace(d, criteria=tuple(replace(c, children=tuple(map(node, c.children))) for c in d.criteria))
            for d in definition.domains
        ),
    )


@pytest.mark.integration
@pytest.mark.django_db
class TestFrozen:
    def test_the_lineage_is_frozen_with_the_edition(self):
        first = freeze(criteria.CriteriaSetPageFactory())
        assert (frozen_lineage(first), first.predecessor) == (None, None)
        changed = leaf_changed(criteria.tiny_definition(), "1.2.3", rule=RuleSpec("yes_no", {}))
        second = freeze(following(first, changed))
        assert second.predecessor == first
        lineage = frozen_lineage(second)
        assert {row.code for row in lineage.rows if row.status != "same"} == {"1", "1.2", "1.2.3"}
        assert lineage.of("1.2.3").status == "not_comparable"

    def test_an_editors_word_alone_makes_a_new_edition_of_no_change(self):
        first = freeze(criteria.CriteriaSetPageFactory())
        page = following(first, criteria.tiny_definition())
        second = freeze(page)
        assert freeze(page) == second
        page.comparison_status, page.comparison_reason = "not_comparable", "New decision"
        third = freeze(page)
        assert (third.number, third.change_kind, third.sha256) == (2, "none", second.sha256)
        assert frozen_lineage(third).whole.reason == "New decision"
        assert reconcile_editions() == []

    def test_steps_over_the_years_are_joined_and_the_weakest_counts(self):
        definition = criteria.tiny_definition()
        first = freeze(criteria.CriteriaSetPageFactory(definition=definition))
        second = freeze(
            following(
                first, leaf_changed(definition, "1.2.2", maximum=Decimal("2"), code="1.2.9"), recoded={"1.2.9": "1.2.2"}
            )
        )
        third_definition = leaf_changed(second.definition, "1.2.9", rule=RuleSpec("manual", {"step": "0.25"}))
        third = freeze(following(second, third_definition))
        assert lineage_between(first, second).of("1.2.9").predecessor == "1.2.2"
        row = lineage_between(first, third).of("1.2.9")
        assert (row.predecessor, row.status) == ("1.2.2", "not_comparable")
        assert lineage_between(first, third).of("1.2.1").status == "same"
        assert lineage_between(third, first) is None

    def test_two_editions_of_one_set_are_compared_by_code(self):
        page = criteria.CriteriaSetPageFactory()
        first = freeze(page)
        changed = leaf_changed(criteria.tiny_definition(), "1.2.1", name="Other words")
        page.body = json.dumps(body_from_definition(changed))
        second = freeze(page)
        assert second.number == 2
        assert {row.status for row in lineage_between(first, second).rows} == {"same"}
        follower = freeze(following(second, changed))
        assert lineage_between(first, follower).whole.status == "same"

    def test_sets_of_different_lines_are_not_compared(self):
        assert (
            lineage_between(freeze(criteria.CriteriaSetPageFactory()), freeze(criteria.CriteriaSetPageFactory()))
            is None
        )

    def test_the_gate_names_what_is_wrong_with_the_past(self):
        first = freeze(criteria.CriteriaSetPageFactory())
        page = following(first, criteria.tiny_definition(), comparison_status="changed")
        body = page.body.get_prep_value()
        links = {
            (0, 0): NodeLink("1.1", "8.8"),
            (0, 1, 0): NodeLink("1.2.1", "1.2.2"),
            (0, 1, 2): NodeLink("1.2.3", "1.2.3", "changed"),
        }
        page.body = json.dumps(body_with_links(body, links))
        assert [(problem.code, problem.message) for problem in page_problems(page)] == [
            ("", "Comparison of the whole set: give the reason."),
            ("1.1", "The set before has no node with the code “8.8”."),
            ("1.2.2", "“1.2.2” of the set before is already continued by 1.2.1; one node follows one."),
            ("1.2.3", "Comparison with the set before: give the reason."),
        ]
