"""The factories give what they promise; other tests rest on them."""

from decimal import Decimal

import pytest

from criteria_pages.definition import Definition, UnitFacts
from submissions.enums import Phase
from tests.factories import cms, criteria, publishing, submissions

ALL = [
    cms.UnitFactory,
    cms.MembershipFactory,
    cms.SectionPageFactory,
    cms.TextPageFactory,
    cms.StoredFileFactory,
    cms.JobRunFactory,
    criteria.CriteriaSetPageFactory,
    criteria.EditionFactory,
    submissions.PhaseDeadlineFactory,
    submissions.AnswerFactory,
    submissions.EvidenceUseFactory,
    submissions.ExtensionFactory,
    submissions.AssignmentFactory,
    submissions.ScoreEntryFactory,
    publishing.ReleaseScoreFactory,
]


@pytest.mark.integration
@pytest.mark.django_db
@pytest.mark.parametrize("factory", ALL, ids=lambda factory: factory.__name__)
def test_factory_makes_sound_objects(factory) -> None:
    for instance in (factory(), factory()):
        instance.full_clean()


@pytest.mark.unit
def test_tiny_definition_has_every_rule_and_adds_up() -> None:
    definition = criteria.tiny_definition()

    assert {leaf.rule.kind for leaf in definition.leaves} == set(criteria.RULES)
    assert definition.total == Decimal(20)
    assert Definition.from_json(definition.to_json()) == definition


@pytest.mark.unit
def test_tiny_definition_asks_two_units_different_things() -> None:
    definition = criteria.tiny_definition()
    plain = definition.for_unit(UnitFacts(code="a", tier="province"))
    full = definition.for_unit(UnitFacts(code="b", tier="province", attributes=frozenset({criteria.ATTRIBUTE})))

    assert (len(plain.leaves), plain.total) == (10, Decimal(18))
    assert (len(full.leaves), full.total) == (11, Decimal(20))


@pytest.mark.integration
@pytest.mark.django_db
def test_open_round_has_one_account_per_role() -> None:
    world = submissions.open_round()

    assert [d.phase for d in world.round.deadlines.all()] == [Phase.SELF_ASSESSMENT]
    assert world.contributor.memberships.get().unit == world.plain.unit
    assert world.plain.facts["attributes"] == []
    assert world.full.facts["attributes"] == [criteria.ATTRIBUTE]


@pytest.mark.integration
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_that_commits_finds_what_the_migrations_made(turn: int) -> None:
    assert cms.home_page().get_parent() == cms.root_page()
