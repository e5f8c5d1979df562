"""Adopting a newer edition: the impact is exact, wording is told apart from scoring, nothing is dropped."""

import json
from dataclasses import replace
from decimal import Decimal

from django.urls import reverse

from wagtail.models import ModelLogEntry

import pytest

from cms.exceptions import PermissionRefused
from criteria_pages.definition import RuleSpec
from criteria_pages.domain.authoring import body_from_definition
from criteria_pages.models import CriteriaSetPage
from submissions.domain.adoption import adopt_edition, adoption_impact, newer_editions
from submissions.domain.answers import write_answer
from submissions.enums import RoundState, SubmissionState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Answer, Notice
from tests.factories import criteria, submissions

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def changed_leaf(definition, code, **changes):
    """Return the definition with one leaf changed (or dropped: `drop=True`)."""
    domains = []
    for domain in definition.domains:
        parts = []
        for criterion in domain.criteria:
            children = [
                replace(leaf, **{k: v for k, v in changes.items() if k != "drop"}) if leaf.code == code else leaf
                for leaf in criterion.children
                if not (leaf.code == code and changes.get("drop"))
            ]
            parts.append(replace(criterion, children=tuple(children)))
        domains.append(replace(domain, criteria=tuple(parts)))
    return replace(definition, domains=tuple(domains))


def next_edition(round_, definition):
    return criteria.EditionFactory(
        page=round_.edition.page,
        number=round_.edition.number + 1,
        previous=round_.edition,
        definition=definition,
        revision=round_.edition.page.save_revision(),
    )


@pytest.fixture
def opened():
    made = submissions.open_round()
    for code, inputs in (("1.2.3", {"count": "3"}), ("1.2.1", {"level": "b"})):
        write_answer(
            user=made.contributor,
            submission=made.plain.submission,
            code=code,
            expected_version=0,
            inputs=inputs,
            explanation="",
        )
    return made


def adopt(opened, edition, user=None):
    digest = adoption_impact(round=opened.round, edition=edition).digest
    return adopt_edition(round=opened.round, edition=edition, user=user or opened.secretary, confirmed_digest=digest)


def test_wording_only_leaves_every_answer_as_it_was(opened):
    whole = criteria.tiny_definition()
    edition = next_edition(opened.round, changed_leaf(whole, "1.2.3", name="Số sáng kiến, đã sửa"))
    before = list(Answer.objects.order_by("code").values("code", "inputs", "self_points", "version"))
    impact = adopt(opened, edition)
    opened.round.refresh_from_db()
    assert (impact.diff.kind, opened.round.edition) == ("wording", edition)
    assert [unit.answers for unit in impact.units] == [(), ()]
    assert list(Answer.objects.order_by("code").values("code", "inputs", "self_points", "version")) == before
    (entry,) = ModelLogEntry.objects.filter(action="submissions.adopt_edition")
    assert entry.data["after"]["kind"] == "wording"


def test_scoring_is_computed_anew_and_listed(opened):
    rule = RuleSpec("count", criteria.RULES["count"] | {"per_item": "0.25"})
    edition = next_edition(opened.round, changed_leaf(criteria.tiny_definition(), "1.2.3", rule=rule))
    impact = adopt(opened, edition)
    (unit,) = [unit for unit in impact.units if unit.answers]
    (answer,) = unit.answers
    assert (impact.diff.kind, answer.code, answer.fate) == ("scoring", "1.2.3", "rescored")
    assert (answer.before, answer.after, unit.points_moved) == (Decimal("1.5"), Decimal("0.75"), Decimal("-0.75"))
    stored = Answer.objects.get(code="1.2.3")
    assert (stored.self_points, stored.inputs, stored.version) == (Decimal("0.75"), {"count": "3"}, 2)
    assert Answer.objects.get(code="1.2.1").version == 1


def test_an_answer_that_the_new_rule_cannot_read_keeps_its_inputs_and_loses_its_points(opened):
    edition = next_edition(opened.round, changed_leaf(criteria.tiny_definition(), "1.2.3", rule=RuleSpec("yes_no", {})))
    impact = adopt(opened, edition)
    (answer,) = next(unit for unit in impact.units if unit.answers).answers
    assert (answer.fate, answer.after, bool(answer.reason)) == ("unscorable", None, True)
    stored = Answer.objects.get(code="1.2.3")
    assert (stored.self_points, stored.inputs) == (None, {"count": "3"})


def test_an_answer_to_a_dropped_criterion_is_listed_and_stays_stored(opened):
    edition = next_edition(opened.round, changed_leaf(criteria.tiny_definition(), "1.2.3", drop=True))
    impact = adopt(opened, edition)
    unit = next(unit for unit in impact.units if unit.answers)
    assert [(a.code, a.fate) for a in unit.not_carried] == [("1.2.3", "not_asked")]
    assert Answer.objects.get(code="1.2.3").inputs == {"count": "3"}


def heavier(opened):
    rule = RuleSpec("count", criteria.RULES["count"] | {"per_item": "0.25"})
    return next_edition(opened.round, changed_leaf(criteria.tiny_definition(), "1.2.3", rule=rule))


def test_forms_that_were_sent_are_not_changed_behind_their_back(opened):
    submission = opened.plain.submission
    submission.state = SubmissionState.SENT
    submission.save()
    edition = heavier(opened)
    assert [unit.submission for unit in adoption_impact(round=opened.round, edition=edition).blocking] == [submission]
    with pytest.raises(WrongState, match="Tỉnh A"):
        adopt(opened, edition)
    opened.round.refresh_from_db()
    assert opened.round.edition != edition
    assert Answer.objects.get(code="1.2.3").self_points == Decimal("1.5")


def test_what_nobody_saw_is_not_adopted(opened):
    edition = heavier(opened)
    digest = adoption_impact(round=opened.round, edition=edition).digest
    Answer.objects.filter(code="1.2.3").update(inputs={"count": "4"}, self_points=2)
    with pytest.raises(SubmissionError) as refused:
        adopt_edition(round=opened.round, edition=edition, user=opened.secretary, confirmed_digest=digest)
    assert refused.value.code == "stale_impact"


def test_only_the_secretariat_of_the_owner_adopts(opened):
    with pytest.raises(PermissionRefused):
        adopt(opened, heavier(opened), user=opened.contributor)


@pytest.mark.parametrize("state", [RoundState.APPRAISAL, RoundState.FINALISED])
def test_a_round_in_appraisal_keeps_its_edition(opened, state):
    opened.round.state = state
    opened.round.save()
    with pytest.raises(WrongState):
        adopt(opened, heavier(opened))


def test_only_newer_editions_of_the_same_set(opened):
    edition = heavier(opened)
    assert newer_editions(opened.round) == [edition]
    with pytest.raises(SubmissionError) as refusal:
        adoption_impact(round=opened.round, edition=criteria.EditionFactory(number=5))
    assert refusal.value.code == "not_newer"


def test_the_screen_shows_the_impact_and_adopts(opened, signed_in):
    edition = heavier(opened)
    client = signed_in(opened.secretary)
    url = reverse("submissions:round_edition", args=[opened.round.code])
    shown = client.get(url)
    assert len(shown.context["impact"].touched) == 2
    done = client.post(url, {"phien-ban": edition.number, "xac-nhan": shown.context["impact"].digest})
    assert done.status_code == 302
    opened.round.refresh_from_db()
    assert opened.round.edition == edition
    assert signed_in(opened.contributor).get(url).status_code == 404


def test_the_people_of_a_unit_are_told_once_what_changes_for_them(opened):
    rule = RuleSpec("count", criteria.RULES["count"] | {"per_item": "0.25"})
    edition = next_edition(opened.round, changed_leaf(criteria.tiny_definition(), "1.2.3", rule=rule))
    adopt(opened, edition)
    told = {notice.user: notice for notice in Notice.objects.filter(key__startswith="adoption:")}
    assert set(told) == {opened.contributor, opened.leader, opened.other_contributor}
    notice = told[opened.contributor]
    assert notice.url == reverse("submissions:overview", args=[opened.plain.submission.pk])
    anew, carried, change = notice.text.splitlines()
    assert ("1.2.3" in anew, "1,5 → 0,75" in anew) == (True, True)
    assert ("1.2.1" in carried, "0,5 → 0,25" in change) == (True, True)
    assert "1,5" not in told[opened.other_contributor].text


def test_an_edition_that_changes_nothing_for_a_unit_tells_it_nothing(opened):
    edition = next_edition(opened.round, changed_leaf(criteria.tiny_definition(), "2.6.1", name="Tên khác"))
    adopt(opened, edition)
    assert {notice.user for notice in Notice.objects.filter(key__startswith="adoption:")} == {opened.other_contributor}


def republished(page, definition, decision):
    """Publish the set with another content, as an approval does; return the edition that this froze."""
    page.body = json.dumps(body_from_definition(definition))
    page.decision_number = decision
    page.save_revision().publish()
    return type(page).objects.get(pk=page.pk).editions.order_by("-number").first()


def test_one_comma_then_one_band_of_a_published_set(opened):
    for submission, contributor, done in (
        (opened.plain.submission, opened.contributor, "72"),
        (opened.full.submission, opened.other_contributor, "90"),
    ):
        inputs = {"numerator": done, "denominator": "100"}
        write_answer(
            user=contributor, submission=submission, code="1.2.2", expected_version=0, inputs=inputs, explanation=""
        )
    stored = Answer.objects.order_by("submission__pk", "code").values_list("code", "inputs", "self_points", "version")
    before, pinned, page = list(stored.all()), opened.round.edition, opened.round.edition.page
    whole = criteria.tiny_definition()
    comma = republished(page, changed_leaf(whole, "1.2.2", name="Tiêu chí 1.2.2,"), "2/QĐ")
    opened.round.refresh_from_db()
    assert (opened.round.edition, list(stored.all())) == (pinned, before)

    impact = adopt(opened, comma)
    assert (impact.diff.kind, [unit.answers for unit in impact.units]) == ("wording", [(), ()])
    assert [(change.code, change.after) for change in impact.diff.changes if change.code] == [
        ("1.2.2", "Tiêu chí 1.2.2,")
    ]
    assert list(stored.all()) == before

    opened.round.refresh_from_db()
    bands = [{"from": "0", "mode": "zero"}, {"from": "70", "mode": "ratio"}, {"from": "100", "mode": "full"}]
    rule = RuleSpec("ratio", criteria.RULES["ratio"] | {"bands": bands})
    wider = changed_leaf(changed_leaf(whole, "1.2.2", rule=rule), "1.2.2", name="Tiêu chí 1.2.2,")
    band = republished(CriteriaSetPage.objects.get(pk=page.pk), wider, "3/QĐ")
    impact = adopt(opened, band)
    assert impact.diff.kind == "scoring"
    moved = [(unit.name, [(a.code, a.fate, a.before, a.after) for a in unit.answers]) for unit in impact.units]
    assert moved == [("Tỉnh A", [("1.2.2", "rescored", Decimal(0), Decimal("1.44"))]), ("Tỉnh B", [])]
    after = [
        (code, inputs, Decimal("1.44"), 2) if (code, points) == ("1.2.2", Decimal(0)) else (code, inputs, points, v)
        for code, inputs, points, v in before
    ]
    assert list(stored.all()) == after
