"""Last year's answer: followed over codes by the lineage of the sets, copied on request only, through the gate."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone, translation

import pytest

from cms import clock
from criteria_pages.definition import RuleSpec
from criteria_pages.domain.authoring import body_from_definition, body_with_links, links_of_body
from criteria_pages.domain.editions import freeze_edition
from submissions.domain.earlier import copy_earlier_answer, earlier_answer
from submissions.domain.inputs import read_inputs, typed_inputs
from submissions.exceptions import Locked, SubmissionError
from submissions.models import Answer
from tests.factories import criteria, submissions
from tests.factories.criteria import leaf

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
OLD, NEW = "1.2.3", "1.2.7"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def next_edition(edition, *, status="", **changes):
    """Freeze a set that follows the edition, its leaf 1.2.3 now 1.2.7 with the changes."""
    definition = edition.definition
    domains = [
        replace(
            domain,
            criteria=tuple(
                replace(
                    c,
                    children=tuple(
                        replace(child, code=NEW, **changes) if child.code == OLD else child for child in c.children
                    ),
                )
                for c in domain.criteria
            ),
        )
        for domain in definition.domains
    ]
    body = body_from_definition(replace(definition, domains=tuple(domains)))
    links = {link.position: replace(link, predecessor=link.code) for link in links_of_body(body)}
    (place,) = [place for place, link in links.items() if link.code == NEW]
    links[place] = replace(links[place], predecessor=OLD, status=status, reason="Said so" if status else "")
    page = criteria.CriteriaSetPageFactory()
    page.predecessor = edition
    page.body = json.dumps(body_with_links(body, links))
    page.save()
    return freeze_edition(page=page, revision=page.save_revision(), user=None)


def two_years(answered=True, **changes):
    """Return this year's open round; last year the plain unit answered leaf 1.2.3."""
    before = submissions.RoundFactory(year=2025)
    now = submissions.open_round(year=2026, edition=next_edition(before.edition, **changes))
    then = submissions.SubmissionFactory(participant=submissions.ParticipantFactory(round=before, unit=now.plain.unit))
    if answered:
        submissions.AnswerFactory(
            submission=then, code=OLD, inputs={"count": "3"}, self_points=Decimal("1.5"), explanation="Three"
        )
    return now


def test_the_answer_is_found_under_the_code_it_had():
    now = two_years()
    found = earlier_answer(now.plain.submission, NEW)
    assert (found.answer.inputs, found.row.predecessor, found.row.status, found.fits) == (
        {"count": "3"},
        OLD,
        "same",
        True,
    )
    assert earlier_answer(now.plain.submission, "1.2.1") is None
    assert earlier_answer(now.full.submission, NEW) is None


def test_it_is_copied_only_when_asked_for_and_as_if_typed():
    now = two_years()
    assert Answer.objects.filter(submission=now.plain.submission).count() == 0
    answer = copy_earlier_answer(user=now.contributor, submission=now.plain.submission, code=NEW)
    assert (answer.code, answer.inputs, answer.self_points, answer.explanation, answer.updated_by) == (
        NEW,
        {"count": "3"},
        Decimal("1.5"),
        "Three",
        now.contributor,
    )


@pytest.mark.parametrize("stored", ["1.125", "0.125", "2", "1.5"])
def test_stored_figures_are_read_again_as_they_stood(stored):
    manual = leaf("2.1.2", "manual", params={"step": "0.125"})
    assert read_inputs(leaf=manual, typed=typed_inputs(manual, {"points": stored})).inputs == {"points": stored}


def test_points_are_computed_by_todays_rule():
    rule = RuleSpec("count", criteria.RULES["count"] | {"per_item": "0.25"})
    now = two_years(rule=rule)
    assert earlier_answer(now.plain.submission, NEW).row.status == "changed"
    answer = copy_earlier_answer(user=now.contributor, submission=now.plain.submission, code=NEW)
    assert answer.self_points == Decimal("0.75")


@pytest.mark.parametrize(
    "changes",
    [{"rule": RuleSpec("yes_no", {})}, {"status": "not_comparable"}],
)
def test_a_leaf_that_is_not_comparable_has_no_earlier_answer(changes):
    now = two_years(**changes)
    assert earlier_answer(now.plain.submission, NEW) is None
    with pytest.raises(SubmissionError, match="no earlier answer"):
        copy_earlier_answer(user=now.contributor, submission=now.plain.submission, code=NEW)


def test_inputs_that_do_not_fit_are_shown_and_not_copied(signed_in):
    now = two_years(rule=RuleSpec("yes_no", {}), status="changed")
    found = earlier_answer(now.plain.submission, NEW)
    assert (found.fits, bool(found.why_not)) == (False, True)
    place = reverse("submissions:leaf_side", args=[now.plain.submission.pk, NEW])
    shown = signed_in(now.contributor).get(place).content.decode()
    copying = reverse("submissions:copy_earlier", args=[now.plain.submission.pk, NEW])
    assert copying not in shown
    signed_in(now.contributor).post(copying)
    assert Answer.objects.filter(submission=now.plain.submission).count() == 0


def test_copying_passes_the_gate():
    now = two_years()
    with clock.at(timezone.now() + dt.timedelta(days=30)), pytest.raises(Locked):
        copy_earlier_answer(user=now.contributor, submission=now.plain.submission, code=NEW)


def test_the_form_offers_it_beside_the_field(signed_in):
    now = two_years()
    client = signed_in(now.contributor)
    shown = client.get(reverse("submissions:leaf_side", args=[now.plain.submission.pk, NEW])).content.decode()
    copying = reverse("submissions:copy_earlier", args=[now.plain.submission.pk, NEW])
    assert copying in shown
    assert OLD in shown
    assert client.post(copying).status_code == 302
    assert Answer.objects.get(submission=now.plain.submission, code=NEW).self_points == Decimal("1.5")


def test_an_answered_leaf_is_not_overwritten(signed_in):
    now = two_years()
    submissions.AnswerFactory(submission=now.plain.submission, code=NEW, inputs={"count": "1"}, version=1)
    signed_in(now.contributor).post(reverse("submissions:copy_earlier", args=[now.plain.submission.pk, NEW]))
    assert Answer.objects.get(submission=now.plain.submission, code=NEW).inputs == {"count": "1"}
