"""The editors' screens: who may use them, what they show, that they store nothing."""

import json

from django.urls import reverse

import pytest

from cms.enums import Role
from criteria_pages.blocks import CriteriaBody
from criteria_pages.domain.authoring import body_from_definition
from criteria_pages.domain.editions import freeze_edition
from criteria_pages.models import CriteriaEdition
from tests.factories import criteria
from tests.factories.cms import UnitAttributeFactory, UnitFactory, UserFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
BODY = CriteriaBody()


@pytest.fixture
def page():
    return criteria.CriteriaSetPageFactory()


@pytest.fixture
def client(signed_in):
    return signed_in(UserFactory(is_superuser=True), **{"accept-language": "en"})


def state_of(definition):
    return json.dumps(BODY.get_form_state(BODY.to_python(body_from_definition(definition))))


def text(response):
    return " ".join(response.content.decode().split())


def test_check_lists_the_problems_of_what_stands_in_the_editor(client, page):
    definition = criteria.tiny_definition()
    state = json.loads(state_of(definition))
    state[0]["value"]["criteria"][0]["value"]["maximum"] = "5"
    url = reverse("criteria_check", args=[page.pk])
    answer = client.post(url, {"state": json.dumps(state), "title": "Set", "total": "20"})
    assert answer.status_code == 200
    assert [problem.position for problem in answer.context_data["problems"]] == [(0,)]
    assert "10" in text(answer)
    assert page.revisions.count() == 0


def test_check_of_a_sound_set(client, page):
    url = reverse("criteria_check", args=[page.pk])
    answer = client.post(url, {"state": state_of(criteria.tiny_definition()), "title": "Set", "total": "20"})
    assert answer.context_data["problems"] == []


def test_a_broken_state_is_a_bad_request(client, page):
    assert client.post(reverse("criteria_check", args=[page.pk]), {"state": "{"}).status_code == 400
    assert client.post(reverse("criteria_try"), {"state": "[1]"}).status_code == 400


def leaf_state(**changes):
    state = json.loads(state_of(criteria.tiny_definition()))
    return json.dumps(state[0]["value"]["criteria"][1]["value"]["children"][1]["value"] | changes)


def test_try_a_rule(client):
    answer = client.post(reverse("criteria_try"), {"state": leaf_state(), "in-numerator": "15", "in-denominator": "18"})
    trial = answer.context_data["trial"]
    assert (str(trial.points), trial.problems) == ("1.666667", ())


def test_try_a_rule_with_wrong_numbers_shows_the_error_at_its_field(client):
    answer = client.post(reverse("criteria_try"), {"state": leaf_state(), "in-numerator": "19", "in-denominator": "18"})
    numerator, denominator = answer.context_data["trial"].fields
    assert (bool(numerator.error), denominator.error) == (True, "")


def test_try_an_unsound_rule_shows_its_problems(client):
    answer = client.post(reverse("criteria_try"), {"state": leaf_state(rule=[])})
    assert len(answer.context_data["trial"].problems) == 1


def test_the_form_of_a_unit_in_test_mode(client, page):
    unit = UnitFactory(attributes=[UnitAttributeFactory(code=criteria.ATTRIBUTE)])
    other = UnitFactory()
    url = reverse("criteria_trial", args=[page.pk])
    assert len(client.get(url, {"don-vi": unit.code}).context_data["own"].leaves) == 11
    assert len(client.get(url, {"don-vi": other.code}).context_data["own"].leaves) == 10
    answer = client.post(url, {"unit": other.code, "1.1|answer": "yes", "1.2.1|level": "b"})
    result = answer.context_data["result"]
    assert (result.points, result.maximum, len(result.missing)) == (2, 18, 8)
    assert page.revisions.count() == 0


def test_the_form_of_an_unknown_unit(client, page):
    answer = client.get(reverse("criteria_trial", args=[page.pk]), {"don-vi": "nobody"})
    assert answer.context_data["unknown"]


def test_units_leaves_and_maxima(client, page):
    having = UnitFactory(attributes=[UnitAttributeFactory(code=criteria.ATTRIBUTE)])
    other = UnitFactory()
    answer = client.get(reverse("criteria_reach", args=[page.pk]))
    rows = {row.unit: (row.leaves, row.maximum) for row, _domains in answer.context_data["rows"]}
    assert (rows[having], rows[other]) == ((11, 20), (10, 18))


@pytest.mark.parametrize("count", [1, 3])
def test_the_table_of_units_asks_the_database_as_often_for_many(client, page, count, django_assert_max_num_queries):
    for _number in range(count):
        UnitFactory()
    with django_assert_max_num_queries(40):
        client.get(reverse("criteria_reach", args=[page.pk]))


@pytest.mark.parametrize("name", ["criteria_trial", "criteria_reach"])
def test_others_are_kept_out(signed_in, page, name):
    stranger = signed_in(user_with_role(Role.CONTRIBUTOR, UnitFactory()))
    assert stranger.get(reverse(name, args=[page.pk])).status_code in {302, 403}


def two_editions(page):
    user = UserFactory()
    first = freeze_edition(page=page, revision=page.save_revision(), user=user)
    page.body = json.dumps(body_from_definition(criteria.tiny_definition(bonus_cap=1)))
    page.bonus_cap = 1
    page.save()
    return first, freeze_edition(page=page, revision=page.save_revision(), user=user)


def test_editions_are_listed_shown_and_compared(client, page):
    first, second = two_editions(page)
    listed = client.get(reverse("criteria_editions"), {"bo": page.pk})
    assert [edition.pk for edition in listed.context_data["listed"]] == [second.pk, first.pk]
    assert client.get(reverse("criteria_edition", args=[second.pk])).context_data["intact"]
    compared = client.get(reverse("criteria_compare"), {"cu": second.pk, "moi": first.pk})
    assert [str(c) for c in compared.context_data["diff"].changes] == ["Cap of bonus points: 0 → 1"] or len(
        compared.context_data["diff"].changes
    ) == 1
    assert compared.context_data["old"] == first


def test_comparing_nothing_is_not_found(client):
    assert client.get(reverse("criteria_compare"), {"cu": "x"}).status_code == 404
    assert CriteriaEdition.objects.count() == 0


def test_the_editor_opens_and_saves_a_set_without_loss(client, page):
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert client.get(url).status_code == 200
    state = json.loads(state_of(criteria.tiny_definition()))
    posted = {
        "title": page.title,
        "slug": page.slug,
        "declared_total": "20",
        "bonus_cap": "0",
        "penalty_cap": "0",
        "body-count": str(len(state)),
        "comments-TOTAL_FORMS": "0",
        "comments-INITIAL_FORMS": "0",
        "comments-MIN_NUM_FORMS": "0",
        "comments-MAX_NUM_FORMS": "0",
        "action-publish": "1",
    }
    for index, item in enumerate(state):
        posted |= {
            f"body-{index}-deleted": "",
            f"body-{index}-order": str(index),
            f"body-{index}-type": item["type"],
            f"body-{index}-id": item["id"],
            f"body-{index}-value-lazy": json.dumps(item["value"]),
        }
    answer = client.post(url, posted)
    assert answer.status_code == 302
    edition = page.editions.get()
    assert edition.definition.leaves == criteria.tiny_definition().leaves
    posted["declared_total"] = "21"
    refused = client.post(url, posted)
    assert refused.status_code == 200
    assert len(refused.context_data["form"].non_field_errors()) == 1
    assert page.editions.count() == 1
