"""The editors' screens: who may use them, what they show, that they store nothing."""

import datetime as dt
import html
import json
import re
from dataclasses import replace
from decimal import Decimal

from django.urls import reverse
from django.utils import translation

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cms.enums import Role
from cms.roles import sync_groups
from criteria_pages.blocks import CriteriaBody
from criteria_pages.blocks.lazy import raw_from_state
from criteria_pages.domain.authoring import body_from_definition
from criteria_pages.domain.editions import freeze_edition
from criteria_pages.models import CriteriaEdition, LegalDocument
from tests.factories import criteria, rules
from tests.factories.cms import UnitAttributeFactory, UnitFactory, UnitTierFactory, UserFactory, user_with_role

pytestmark = [pytest.mark.once, pytest.mark.integration, pytest.mark.django_db]
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


def test_check_lists_an_item_with_two_rules(client, page):
    state = json.loads(state_of(criteria.tiny_definition()))
    rules_of = state[0]["value"]["criteria"][0]["value"]["rule"]
    rules_of.append(rules_of[0])
    url = reverse("criteria_check", args=[page.pk])
    answer = client.post(url, {"state": json.dumps(state), "title": "Set", "total": "20"})
    assert [(problem.position, problem.field, problem.message) for problem in answer.context_data["problems"]] == [
        (
            (0, 0),
            "rule",
            "Mỗi mục chỉ có một quy tắc chấm điểm; ở đây có nhiều quy tắc. Hãy xóa bớt, giữ lại một.",
        )
    ]


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


def formula_state(expression, **variable):
    rule = {
        "variables": [{"name": name, "label": f"Number {name}", **variable} for name in ("luot", "dan")],
        "alternatives": [{"value": "a", "label": "All", "expression": expression}],
    }
    body = body_from_definition(
        criteria.definition(criteria.domain("1", criteria.leaf_criterion("1.1", "formula", "2", params=rule)))
    )
    state = BODY.get_form_state(BODY.to_python(body))
    return json.dumps(state[0]["value"]["criteria"][0]["value"])


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("luot / dan * 1000,5", "All: Trong công thức, viết số thập phân bằng dấu chấm: 0.5, không viết 0,5."),
        ("xyz / dan", "All: Công thức dùng “xyz”, không có trong các biến."),
        ("luot / / dan", "All: Không đọc được “luot / / dan” như công thức. Hãy dùng + - * / và ngoặc."),
        ("luot / dan nhân hai", "All: Không đọc được “luot / dan nhân hai” như công thức. Hãy dùng + - * / và ngoặc."),
        (
            "min(maximum, luot / dan * 1000,5)",
            "All: “1000,5” có thể là một số hoặc hai số. Viết số thập phân bằng dấu chấm (0.5); nếu là hai giá trị thì "
            "thêm dấu cách sau dấu phẩy (1, 5).",
        ),
    ],
)
def test_trying_a_wrong_formula_says_what_is_wrong(client, expression, sentence):
    answer = client.post(reverse("criteria_try"), {"state": formula_state(expression), "in-luot": "1"})
    assert answer.status_code == 200
    assert answer.context_data["trial"].problems == (sentence,)
    assert sentence in html.unescape(text(answer))


def test_a_number_of_a_formula_may_be_whole(client):
    typed = {"in-luot": "1,5", "in-dan": "2"}
    free = client.post(reverse("criteria_try"), {"state": formula_state("luot / dan"), **typed})
    whole = client.post(reverse("criteria_try"), {"state": formula_state("luot / dan", whole_number=True), **typed})
    assert free.context_data["trial"].points == Decimal("0.75")
    assert [field.error for field in whole.context_data["trial"].fields] == ["1,5 không phải số nguyên.", ""]


FORMULA_PARTS = [
    "luot",
    "dan",
    "maximum",
    "min(",
    "max(",
    "abs(",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    ",",
    "1",
    "0",
    "0,5",
    "if",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    expression=st.text(max_size=40) | st.lists(st.sampled_from(FORMULA_PARTS), max_size=12).map(" ".join),
    typed=st.text(max_size=12) | st.integers(-10, 10**20).map(str),
)
def test_no_formula_breaks_the_trial(client, expression, typed):
    answer = client.post(reverse("criteria_try"), {"state": formula_state(expression), "in-luot": typed, "in-dan": "0"})
    assert answer.status_code == 200
    trial = answer.context_data["trial"]
    assert bool(trial.problems) != bool(trial.fields)


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


def test_the_form_names_what_does_not_apply_and_where_nothing_is_entered(client, page):
    other = UnitFactory()
    answer = client.get(reverse("criteria_trial", args=[page.pk]), {"don-vi": other.code})
    left_out = [leaf.code for leaf in criteria.tiny_definition().leaves if not leaf.applicability.is_everybody]
    assert answer.context_data["left_out"] == left_out
    shown = html.unescape(text(answer))
    assert f"Không áp dụng: {', '.join(left_out)}" in shown
    own = answer.context_data["own"]
    central, survey = (sum(leaf.scorer == scorer for leaf in own.leaves) for scorer in ("central", "survey"))
    assert (shown.count("điểm được nhập tập trung."), shown.count("từ điều tra xã hội học.")) == (central, survey)
    assert [
        name for name in re.findall(r'name="([^"|]+)\|', shown) if own.leaf(name).scorer in {"survey", "central"}
    ] == []


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


def test_the_form_of_a_unit_from_what_stands_in_the_editor(client, page):
    unit = UnitFactory()
    state = json.loads(state_of(criteria.tiny_definition()))
    state[0]["value"]["criteria"][0]["value"]["maximum"] = "1,5"
    url = reverse("criteria_live", args=[page.pk])
    answer = client.post(url, {"state": json.dumps(state), "total": "20,5", "unit": unit.code, "1.1|answer": "yes"})
    result = answer.context_data["result"]
    assert (result.points, answer.context_data["own"].total, len(result.missing)) == (
        Decimal("1.5"),
        Decimal("18.5"),
        9,
    )
    assert page.revisions.count() == 0


def test_a_set_that_was_never_saved_is_tried_as_well(client):
    answer = client.post(reverse("criteria_live", args=[0]), {"state": state_of(criteria.tiny_definition())})
    assert len(answer.context_data["own"].leaves) == 11
    assert client.post(reverse("criteria_live", args=[0]), {"state": "[1]"}).status_code == 400


def test_what_a_draft_changes(client, page):
    url = reverse("criteria_changes", args=[page.pk])
    assert client.get(url).context_data["diff"] is None
    freeze_edition(page=page, revision=page.save_revision(), user=UserFactory())
    definition = criteria.tiny_definition()
    first, *others = definition.domains
    renamed = replace(definition, domains=(replace(first, name="Lĩnh vực, 1"), *others))
    page.body = json.dumps(body_from_definition(renamed))
    page.save_revision()
    diff = client.get(url).context_data["diff"]
    changes = [(change.code, change.before, change.after) for change in diff.changes]
    assert (diff.kind, changes) == ("wording", [("1", "Lĩnh vực 1", "Lĩnh vực, 1")])


def test_two_versions_are_compared_in_the_words_of_the_domain(client, page):
    old = page.save_revision()
    definition = criteria.tiny_definition(bonus_cap=Decimal("1.5"))
    first, *others = definition.domains
    page.body = json.dumps(body_from_definition(replace(definition, domains=(replace(first, note="New"), *others))))
    page.bonus_cap = Decimal("1.5")
    new = page.save_revision()
    shown = client.get(reverse("wagtailadmin_pages:revisions_compare", args=[page.pk, old.pk, new.pk]))
    fields = {comparison.field.name: comparison for comparison in shown.context_data["comparison"]}
    assert sorted(fields) == ["body", "bonus_cap"]
    changes = [(change.code, change.before, change.after) for change in fields["body"].diff.changes]
    assert changes == [("1", "—", "New")]
    assert text(shown).count("Tiêu chí 1.2.3") == 0
    assert '<span class="deletion">0</span><span class="addition">1,5</span>' in text(shown)


def test_a_version_that_says_the_same_in_other_blocks_is_not_compared(client, page):
    old = page.save_revision()
    page.body = json.dumps([block | {"id": None} for block in body_from_definition(criteria.tiny_definition())])
    new = page.save_revision()
    shown = client.get(reverse("wagtailadmin_pages:revisions_compare", args=[page.pk, old.pk, new.pk]))
    assert shown.context_data["comparison"] == []


@pytest.mark.parametrize(("asked", "found"), [("so noi vu", ["so-noi-vu"]), ("SO-TU", ["so-tu-phap"]), ("không", [])])
def test_units_are_found_without_accents_and_by_code(client, asked, found):
    UnitFactory(code="so-noi-vu", name="Sở Nội vụ")
    UnitFactory(code="so-tu-phap", name="Sở Tư pháp")
    UnitFactory(code="so-noi-vu-cu", name="Sở Nội vụ", valid_to=dt.date(2020, 1, 1))
    answer = client.get(reverse("criteria_unit_chooser:choose_results"), {"q": asked})
    assert [unit.code for unit in answer.context_data["results"]] == found


def test_names_as_typed_come_first_and_the_superior_tells_namesakes_apart(client):
    UnitFactory(code="so-xay-dung", name="Sở Xây dựng", order=1)
    UnitFactory(code="phong-xa", name="Phòng các xã", order=2)
    for number, district in enumerate(("Huyện B", "Huyện A"), 3):
        UnitFactory(code=f"xa-{number}", name="Xã Yên Định", order=number, parent=UnitFactory(name=district))
    answer = client.get(reverse("criteria_unit_chooser:choose_results"), {"q": "xã"})
    assert [unit.code for unit in answer.context_data["results"]] == ["xa-3", "xa-4", "phong-xa", "so-xay-dung"]
    shown = text(answer)
    assert (shown.count("Huyện A"), shown.count("Huyện B"), "None" in shown) == (1, 1, False)


@pytest.mark.parametrize(("who", "offered"), [("editor", ["xa-a"]), ("stranger", ["tinh-a", "xa-a"])])
def test_only_units_with_criteria_of_the_set_are_offered_to_its_editor(signed_in, page, who, offered):
    commune = UnitFactory(code="xa-a", name="Xã A", tier=UnitTierFactory(code="xa-thu"))
    UnitFactory(code="tinh-a", name="Tỉnh A", tier=UnitTierFactory(code="tinh-thu"))
    body = page.body.get_prep_value()
    for domain in body:
        only = [{"type": "item", "value": commune.tier.code}]
        domain["value"]["applicability"] = [{"type": "tiers", "value": only}]
    page.body = body
    page.save_revision()
    sync_groups()
    user = UserFactory(is_superuser=True) if who == "editor" else user_with_role(Role.AUDITOR, commune)
    chooser = reverse("criteria_unit_chooser:choose_results")
    answer = signed_in(user).get(chooser, {"bo": page.pk, "q": "-a"})
    assert sorted(unit.code for unit in answer.context_data["results"]) == offered


@pytest.mark.parametrize("named", ["", "0", "abc", "999999"])
def test_every_unit_is_offered_where_no_set_is_named(client, named):
    UnitFactory(code="xa-a", name="Xã A")
    answer = client.get(reverse("criteria_unit_chooser:choose_results"), {"bo": named})
    assert [unit.code for unit in answer.context_data["results"]] == ["xa-a"]


def test_what_is_chosen_is_kept_by_its_code(client):
    unit = UnitFactory(code="so-noi-vu", name="Sở Nội vụ")
    document = LegalDocument.objects.create(number="12/QĐ-THU", title="Quyết định thử")
    for name, chosen, expected in (
        ("criteria_unit_chooser", unit, ("so-noi-vu", "Sở Nội vụ (so-noi-vu)")),
        ("criteria_document_chooser", document, ("12/QĐ-THU", "Quyết định thử (12/QĐ-THU)")),
    ):
        result = client.get(reverse(f"{name}:chosen", args=[chosen.pk])).json()["result"]
        assert (result["id"], result["title"]) == expected


def test_a_legal_document_is_entered_on_the_spot(client):
    posted = {"number": "15/QĐ-THU", "title": "Quyết định mới", "status": "in_force"}
    answer = client.post(reverse("criteria_document_chooser:create"), posted)
    assert answer.json()["result"]["id"] == "15/QĐ-THU"
    assert LegalDocument.objects.filter(number="15/QĐ-THU").exists()


def test_the_editor_reads_the_names_of_what_is_chosen_in_two_queries(django_assert_num_queries):
    for number in range(3):
        UnitFactory(code=f"unit-{number}")
        LegalDocument.objects.create(number=f"{number}/QĐ", title="Quyết định")
    leaves = [rules.leaf(f"1.1.{n}", agency=f"unit-{n}", legal_basis=(f"{n}/QĐ", "gone/QĐ")) for n in range(3)]
    value = BODY.to_python(body_from_definition(rules.definition(rules.domain("1", rules.criterion("1.1", *leaves)))))
    with django_assert_num_queries(2):
        state = BODY.get_form_state(value)
    leaf = state[0]["value"]["criteria"][0]["value"]["children"][1]["value"]
    assert leaf["agency"]["id"] == "unit-1"
    assert [item["value"]["title"] for item in leaf["legal_basis"]] == ["Quyết định (1/QĐ)", "gone/QĐ (not found)"]


@pytest.mark.parametrize(("language", "shown"), [("vi", "0,25"), ("en", "0.25")])
def test_numbers_are_shown_as_in_the_language_and_kept_as_ever(language, shown):
    raw = body_from_definition(criteria.tiny_definition())
    value = BODY.to_python(raw)
    with translation.override(language):
        state = BODY.get_form_state(value)
        leaf = state[1]["value"]["criteria"][0]["value"]["children"][1]["value"]
        assert leaf["rule"][0]["value"]["step"] == shown
        assert BODY.get_prep_value(BODY.to_python(raw_from_state(BODY, state))) == BODY.get_prep_value(value)


def test_what_is_no_number_stays_as_it_was_typed():
    state = BODY.get_form_state(BODY.to_python(body_from_definition(criteria.tiny_definition())))
    state[0]["value"]["maximum"] = "1.234,5"
    kept = raw_from_state(BODY, state)
    assert kept[0]["value"]["maximum"] == "1.234,5"
    assert BODY.get_form_state(BODY.to_python(kept))[0]["value"]["maximum"] == "1.234,5"


@pytest.mark.parametrize("chosen", [{}, {"cu": "x"}, {"cu": "1", "moi": "1"}])
def test_comparing_nothing_is_asked_to_choose_two(client, chosen):
    answer = client.get(reverse("criteria_compare"), chosen, follow=True)
    assert answer.redirect_chain == [(reverse("criteria_editions"), 302)]
    assert [message.level_tag for message in answer.context["messages"]] == ["warning"]


def test_comparing_what_does_not_exist_is_not_found(client):
    assert client.get(reverse("criteria_compare"), {"cu": "1", "moi": "2"}).status_code == 404
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
    posted["declared_total"] = "21,5"
    refused = client.post(url, posted)
    assert refused.status_code == 200
    assert len(refused.context_data["form"].non_field_errors()) == 1
    assert [problem.place for problem in refused.context_data["form"].problems] == [":declared_total"]
    assert 'data-criteria-place=":declared_total"' in refused.content.decode()
    assert page.editions.count() == 1
    posted["declared_total"] = "1.234,5"
    grouped = client.post(url, posted)
    assert "1234,5" in grouped.context_data["form"].errors["declared_total"][0]
    assert 'value="1.234,5"' in grouped.content.decode()
