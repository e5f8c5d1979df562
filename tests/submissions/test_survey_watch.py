"""Declared rules of a survey, every sign of interference, and bad input that comes rarely."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.test import Client
from django.urls import reverse

import pytest

from submissions.domain.survey import answering, lists, mixing, rules
from submissions.domain.survey.lists import MAX_ROWS, ListedPerson
from submissions.exceptions import SubmissionError
from submissions.models import Invitation, Participant, SealedAnswer, Survey, SurveyGroup, UnitNetwork
from tests.factories.survey import open_survey, questionnaire, questionnaire_edition
from tests.submissions.test_survey import enter, invite, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_bursts_and_answers_from_inside_are_flagged_by_the_declared_numbers(signed_in: Callable[..., Client]) -> None:
    case = open_survey()
    case.survey.state, case.survey.burst_size = "draft", 20
    case.survey.save()
    desk = signed_in(case.officer)
    place = reverse("submissions:survey_rules", kwargs={"pk": case.survey.pk})
    code = case.around.plain.unit.code
    assert desk.post(place, {"action": "networks", "networks": f"{code} 203.0.113.0/33"}).status_code == 422
    assert desk.post(place, {"action": "networks", "networks": "khong-co 203.0.113.0/24"}).status_code == 422
    assert desk.post(place, {"action": "networks", "networks": f"{code} 203.0.113.7/24\n\n{code} 2001:db8::/48"})
    assert set(UnitNetwork.objects.values_list("network", flat=True)) == {"203.0.113.0/24", "2001:db8::/48"}
    due = {name: f"{getattr(case.survey, name):%Y-%m-%dT%H:%M}" for name in rules.DATES}
    chosen = {"minimum_group": 5, "cancel_consequence": "not_applicable", "fast_seconds": 1, "burst_size": 6}
    data = {**due, **chosen, "identical_share": 100, "action": "rules"}
    assert desk.post(place, {**data, "answers_due": due["lists_due"]}).status_code == 422
    assert desk.post(place, {**data, "minimum_group": 4}).status_code == 422
    assert desk.post(place, data).status_code == 302
    case.survey.refresh_from_db()
    assert (case.survey.cancel_consequence, case.survey.burst_size) == ("not_applicable", 6)
    case.survey.state = "lists"
    case.survey.save()
    assert desk.post(place, {**data, "burst_size": 50}).status_code == 422  # declared is declared
    later = f"{case.survey.answers_due + dt.timedelta(days=3):%Y-%m-%dT%H:%M}"
    assert desk.post(place, {**data, "answers_due": later}).status_code == 302
    assert signed_in(case.around.secretary).get(place).status_code in {403, 404}

    enter(case, people(12, "dai-bieu"))
    tokens = invite(case)
    addresses = [f"203.0.113.{n}" for n in range(4)] + ["2001:db8::5"] + [f"198.51.100.{n}" for n in range(5)]
    for n, (token, address) in enumerate(zip(tokens, addresses, strict=False)):
        marks = {"q1": "ABCD"[n % 4], "q2": "ABCD"[n // 4]}
        answering.send_answers(token=token, answers=marks, seconds=90, address=address)
    assert {flag.kind for flag in mixing.look_through(user=case.officer, survey=case.survey)} == {"inside"}
    answering.send_answers(token=tokens[10], answers={"q1": "D", "q2": "D"}, seconds=90, address="198.51.100.200")
    assert {flag.kind for flag in mixing.look_through(user=case.officer, survey=case.survey)} == {"range"}
    assert {str(flag.finding)[:1] for flag in case.survey.incidents.all()} == {"5", "6"}


def test_networks_are_taken_away_from_the_units_on_the_page_alone(signed_in: Callable[..., Client]) -> None:
    case, other = open_survey(), open_survey()
    plain, full = case.around.plain.unit, case.around.full.unit
    UnitNetwork.objects.create(unit=plain, network="203.0.113.0/24")
    desk = signed_in(case.officer)
    place = reverse("submissions:survey_rules", kwargs={"pk": case.survey.pk})
    shown = {"action": "networks", "shown": plain.code}
    assert f'name="shown" value="{plain.code}"' in desk.get(place).content.decode()

    def stored() -> set[tuple[str, str]]:
        return set(UnitNetwork.objects.values_list("unit__code", "network"))

    # Entered by a colleague since the page was opened: it stays, though the page does not name it.
    UnitNetwork.objects.create(unit=full, network="198.51.100.0/24")
    assert desk.post(place, {**shown, "networks": f"{plain.code} 192.0.2.0/24"}).status_code == 302
    assert stored() == {(plain.code, "192.0.2.0/24"), (full.code, "198.51.100.0/24")}
    for wide in ("0.0.0.0/0", "10.0.0.0/7", "::/0", "2001::/31"):
        page = desk.post(place, {**shown, "networks": f"{plain.code} {wide}"})
        assert (page.status_code, "quá rộng" in page.content.decode()) == (422, True)
    # A unit that a survey of another owner asks about too: ranges are added, none is taken away.
    Participant.objects.create(round=other.around.round, unit=plain)
    page = desk.post(place, {**shown, "networks": ""})
    assert (page.status_code, other.around.round.owner.name in page.content.decode()) == (422, True)
    both = f"{plain.code} 192.0.2.0/24\n{plain.code} 10.0.0.0/8"
    assert desk.post(place, {**shown, "networks": both}).status_code == 302
    assert stored() == {(plain.code, "192.0.2.0/24"), (plain.code, "10.0.0.0/8"), (full.code, "198.51.100.0/24")}
    Survey.objects.filter(pk=other.survey.pk).update(state="closed")
    assert desk.post(place, {**shown, "networks": ""}).status_code == 302
    assert stored() == {(full.code, "198.51.100.0/24")}
    Survey.objects.filter(pk=case.survey.pk).update(state="closed")
    assert desk.post(place, {**shown, "shown": full.code, "networks": ""}).status_code == 422
    assert stored() == {(full.code, "198.51.100.0/24")}


def test_a_list_of_twenty_thousand_is_taken_and_one_more_is_refused() -> None:
    case = open_survey()
    one = case.list_of(case.around.plain)
    rows = [
        ListedPerson(f"Người {n}", "Trưởng phòng", f"Phòng {n % 90}", f"n{n}@example.vn", "dai-bieu")
        for n in range(MAX_ROWS)
    ]
    one = lists.replace_rows(user=case.around.contributor, respondent_list=one, expected_version=0, rows=rows)
    assert one.respondents.count() == MAX_ROWS
    more = [*rows, ListedPerson("Thêm", "Trưởng phòng", "Phòng", "them@example.vn", "dai-bieu")]
    assert [problem.row for problem in lists.check_rows(one, more)] == [0]


def test_a_questionnaire_replaced_in_the_middle_is_told_and_nothing_is_lost(client: Client) -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    old = case.first.edition_id
    answering.keep_draft(token=token, answers={"q1": "B"}, edition=old)
    SurveyGroup.objects.filter(pk=case.first.pk).update(edition=questionnaire_edition(questionnaire(questions=3)))
    address = reverse("survey:answer", kwargs={"token": token})
    data = {"q-q1": "C", "q-q2": "A", "edition": str(old), "opened": ""}
    page = client.post(address, {**data, "action": "send"})
    assert (page.status_code, SealedAnswer.objects.count()) == (409, 0)
    assert page.content.decode().count("checked") == 2  # what was chosen stands on the new questionnaire
    with pytest.raises(SubmissionError) as refusal:
        answering.keep_draft(token=token, answers={"q1": "A"}, edition=old)
    assert refusal.value.code == "edition_replaced"
    assert answering.read_draft(token=token).answers == {"q1": "B"}
    new = SurveyGroup.objects.get(pk=case.first.pk).edition_id
    assert client.post(address, {**data, "edition": str(new), "q-q3": "A", "action": "send"}).status_code == 302
    assert Invitation.objects.get(used=True).draft is None
