"""What waits on the workspace's first page for those who run, judge and audit rounds; roles are named once."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone, translation

import pytest

from cms import clock
from cms.enums import Role
from cms.models import Membership
from submissions.enums import Phase, RoundState
from submissions.models import AssessmentRound, PhaseDeadline
from submissions.navigation import reader_todos, secretariat_todos
from tests.factories.appraisal import appraisal_round
from tests.factories.cms import UnitFactory, user_with_role
from tests.factories.submissions import RoundFactory, open_round

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def test_the_secretariat_is_told_the_next_step_of_each_round():
    this = open_round()
    closes = this.round.deadlines.get(phase=Phase.SELF_ASSESSMENT).closes_at
    [todo] = secretariat_todos(this.secretary)
    assert (todo.title, todo.due) == (f"Follow the self-assessment: {this.round.name}", closes)
    with clock.at(closes + dt.timedelta(hours=1)):
        [todo] = secretariat_todos(this.secretary)
    assert (todo.title, todo.due) == (f"Start the appraisal: {this.round.name}", None)
    RoundFactory(owner=this.round.owner, year=2030, name="Next")
    assert [todo.title for todo in secretariat_todos(this.secretary)][1:] == ["Prepare and open the round: Next"]
    assert secretariat_todos(user_with_role(Role.SECRETARIAT)) == []


def test_a_round_whose_phases_are_over_waits_for_its_seal():
    this = appraisal_round()
    [todo] = secretariat_todos(this.secretary)
    first = PhaseDeadline.objects.filter(round=this.round).order_by("closes_at").first()
    assert (todo.title, todo.due) == (f"Follow the appraisal: {this.round.name}", first.closes_at)
    with clock.at(timezone.now() + dt.timedelta(days=90)):
        [todo] = secretariat_todos(this.secretary)
    assert (todo.title, todo.url) == (
        f"Finalise the round: {this.round.name}",
        reverse("submissions:round_finalise", args=[this.round.code]),
    )
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.FINALISED)
    assert secretariat_todos(this.secretary) == []


def test_council_and_auditor_are_led_to_what_they_read():
    this = appraisal_round()
    member = user_with_role(Role.COUNCIL_MEMBER, this.round.owner)
    auditor = user_with_role(Role.AUDITOR, this.round.owner)
    page = reverse("submissions:round_page", args=[this.round.code])
    assert [(todo.kind, todo.url) for todo in reader_todos(member)] == [("council", page)]
    assert [(todo.kind, todo.url) for todo in reader_todos(auditor)] == [("audit", page)]
    AssessmentRound.objects.filter(pk=this.round.pk).update(state=RoundState.OPEN)
    assert [todo.kind for todo in reader_todos(member) + reader_todos(auditor)] == ["audit"]


@pytest.mark.parametrize("rounds", [1, 3])
def test_the_list_asks_the_database_as_often_for_many(rounds, django_assert_num_queries):
    owner = UnitFactory()
    for _number in range(rounds):
        RoundFactory(owner=owner)
    secretary = user_with_role(Role.SECRETARIAT, owner)
    with django_assert_num_queries(2):
        assert len(secretariat_todos(secretary)) == rounds


def test_the_home_page_names_a_role_and_a_unit_once(signed_in):
    user = user_with_role(Role.CONTRIBUTOR, UnitFactory(name="Sở Nội vụ"))
    for name in ("Sở Nội vụ", "Sở Y tế"):
        Membership.objects.create(user=user, unit=UnitFactory(name=name), role=Role.CONTRIBUTOR)
    page = signed_in(user).get(reverse("cms:workspace"))
    assert [sorted(place["units"]) for place in page.context["places"]] == [["Sở Nội vụ", "Sở Y tế"]]
