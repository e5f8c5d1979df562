"""Rounds under a superior round: what a child may be, and what is refused with which sentence."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from django.utils import timezone

import pytest

from cms.enums import Role
from criteria_pages.definition import Definition
from criteria_pages.models import CriteriaEdition
from submissions.domain.adoption import adopt_edition
from submissions.domain.extensions import grant_extension
from submissions.domain.relatives import allow_local_criteria, check_edition
from submissions.domain.rounds import add_participants, create_round, open_round
from submissions.enums import Phase, RoundState
from submissions.exceptions import SubmissionError
from submissions.models import AssessmentRound
from tests.factories.cms import UnitFactory, user_with_role
from tests.factories.criteria import EditionFactory
from tests.factories.submissions import PhaseDeadlineFactory, RoundFactory
from tests.factories.two_tiers import PERIOD, local_domain, province_definition, two_tiers

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def changed(**fields: object) -> Definition:
    """The province's definition with another first leaf."""
    whole = province_definition()
    first, *others = whole.domains
    criterion, *rest = first.criteria
    altered = replace(criterion, leaf=replace(criterion.leaf, **fields))
    return replace(whole, domains=(replace(first, criteria=(altered, *rest)), *others))


def frozen(definition: Definition) -> CriteriaEdition:
    """An edition that is not stored: what the check reads of it is its definition."""
    return CriteriaEdition(
        number=1, title=definition.title, definition_json=definition.to_json(), sha256=definition.sha256()
    )


def without_last_domain() -> Definition:
    whole = province_definition()
    return replace(whole, domains=whole.domains[:-1], total=Decimal(5))


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        (without_last_domain(), "3.1"),
        (changed(maximum=Decimal(2)), "1.1"),
        (changed(rule=replace(province_definition().leaves[0].rule, params={})), "1.1"),
        (replace(province_definition(), bonus_cap=Decimal(0)), ""),
    ],
    ids=["missing", "points", "rule", "cap"],
)
def test_an_edition_that_is_not_the_superior_rounds_is_refused(definition: Definition, words: str):
    parent = RoundFactory.build(edition=frozen(province_definition()), owner=None)
    with pytest.raises(SubmissionError) as refused:
        check_edition(parent=parent, edition=frozen(definition))
    assert (refused.value.code, words in refused.value.message) == ("edition_deviates", True)


def test_local_criteria_may_be_added_unless_they_are_forbidden():
    parent = RoundFactory(edition=EditionFactory(definition=province_definition()))
    local = EditionFactory(definition=province_definition(local_domain()))
    check_edition(parent=parent, edition=local)
    parent.local_criteria = False
    with pytest.raises(SubmissionError, match=r"9\.1"):
        check_edition(parent=parent, edition=local)


def test_local_criteria_cannot_be_forbidden_once_a_round_below_has_them():
    this = two_tiers()
    with pytest.raises(SubmissionError, match="huyện Bắc"):
        allow_local_criteria(round=this.province.round, allowed=False, user=this.province.secretary)
    assert AssessmentRound.objects.get(pk=this.province.round.pk).local_criteria


def test_who_may_stand_under_whom():
    this = two_tiers()
    stranger = UnitFactory()
    fields = {"name": "x", "edition": this.province.round.edition, **PERIOD}

    def refusal(**more: object) -> str:
        with pytest.raises(SubmissionError) as refused:
            create_round(**{**fields, "code": "x", "year": 2025, "owner": this.north.unit, **more})
        return refused.value.code

    secretary = this.north.secretary
    assert refusal(user=secretary, parent=this.south.round) == "parent_not_above"
    assert refusal(user=user_with_role(Role.SECRETARIAT, stranger), owner=stranger, parent=this.province.round) == (
        "parent_not_above"
    )
    assert refusal(user=secretary, parent=this.province.round, year=2024) == "parent_year"
    AssessmentRound.objects.filter(pk=this.province.round.pk).update(state=RoundState.FINALISED)
    this.province.round.refresh_from_db()
    assert refusal(user=secretary, parent=this.province.round) == "parent_finalised"


def test_a_unit_is_scored_by_one_of_the_rounds_beside_each_other():
    this = two_tiers()
    with pytest.raises(SubmissionError) as refused:
        add_participants(round=this.south.round, units=[this.north.participants[0].unit], user=this.south.secretary)
    assert refused.value.code == "in_sibling"


def test_more_time_for_one_unit_ends_no_later_than_the_superior_round():
    this = two_tiers()
    open_round(round=this.north.round, user=this.north.secretary)
    with pytest.raises(SubmissionError) as refused:
        grant_extension(
            participant=this.north.round.participants.first(),
            until=timezone.now() + dt.timedelta(days=11),
            reason="Bão",
            user=this.north.secretary,
        )
    assert refused.value.code == "after_parent"


def test_a_deadline_two_levels_above_counts_too():
    top = RoundFactory()
    middle = RoundFactory(parent=top, edition=top.edition)
    low = RoundFactory(parent=middle, edition=top.edition)
    PhaseDeadlineFactory(round=top, closes_at=timezone.now() + dt.timedelta(days=5))
    PhaseDeadlineFactory(round=low, closes_at=timezone.now() + dt.timedelta(days=6))
    secretary = user_with_role(Role.SECRETARIAT, low.owner)
    add_participants(round=low, units=[UnitFactory()], user=secretary)
    with pytest.raises(SubmissionError) as refused:
        open_round(round=low, user=secretary)
    assert refused.value.code == "after_parent"


def test_opening_and_adopting_ask_again_what_the_superior_round_pins():
    this = two_tiers()
    other = EditionFactory(page=this.north.round.edition.page, number=2, definition=without_last_domain())
    with pytest.raises(SubmissionError) as refused:
        adopt_edition(round=this.north.round, edition=other, user=this.north.secretary, confirmed_digest="")
    assert refused.value.code == "edition_deviates"
    AssessmentRound.objects.filter(pk=this.north.round.pk).update(edition=other)
    this.north.round.refresh_from_db()
    with pytest.raises(SubmissionError) as refused:
        open_round(round=this.north.round, user=this.north.secretary)
    assert refused.value.code == "edition_deviates"


# --- on the screens ---------------------------------------------------------------------------------------------------
def _form(this: object, **changes: object) -> dict[str, object]:
    return {
        "name": "Đợt khác",
        "year": "2025",
        "edition": this.province.round.edition.pk,
        "owner": this.north.unit.pk,
        "parent": this.province.round.pk,
        "period_from": "2025-01-01",
        "period_to": "2025-12-31",
        **changes,
    }


def test_screen__an_unknown_or_a_departing_edition_is_told_at_its_field(signed_in):
    this = two_tiers()
    client = signed_in(this.north.secretary)
    wrong = EditionFactory(definition=without_last_domain())
    before = AssessmentRound.objects.count()
    for edition, words in ((999_999, 'id="id_edition_error"'), (wrong.pk, "3.1.")):
        answer = client.post("/lam-viec/dot/moi/", _form(this, edition=edition))
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
        assert "edition" in answer.context["form"].errors
    assert AssessmentRound.objects.count() == before
    assert client.post("/lam-viec/dot/moi/", _form(this)).status_code == 302


def test_screen__only_rounds_of_units_above_are_offered(signed_in):
    this = two_tiers()
    foreign = RoundFactory(name="Đợt của tỉnh khác")
    page = signed_in(this.north.secretary).get("/lam-viec/dot/moi/").content.decode()
    assert this.province.round.name in page
    assert foreign.name not in page
    assert this.south.round.name not in page


def test_screen__a_deadline_before_the_rounds_below_is_refused(signed_in):
    this = two_tiers()
    phase, now = Phase.APPRAISAL_1, timezone.localtime()
    data = {
        f"{phase}-opens_at": f"{now - dt.timedelta(days=1):%Y-%m-%dT%H:%M}",
        f"{phase}-closes_at": f"{now + dt.timedelta(days=3):%Y-%m-%dT%H:%M}",
    }
    answer = signed_in(this.province.secretary).post(f"/lam-viec/dot/{this.province.round.code}/thoi-han/", data)
    assert answer.status_code == 422
    assert this.north.round.name in answer.content.decode()
    assert this.province.round.deadlines.get(phase=phase).closes_at > timezone.now() + dt.timedelta(days=10)
