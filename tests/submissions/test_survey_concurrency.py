"""Respondents and officers at the same moment, each with a connection of their own, on SQLite and on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

from django.urls import reverse

import pytest
from pytest_django.live_server_helper import LiveServer

from submissions.domain.survey import answering, mixing
from submissions.exceptions import Locked, SubmissionError
from submissions.models import Invitation, PublicCount, SealedAnswer, Survey, SurveyTally
from submissions.survey_enums import SurveyState
from tests.factories.survey import open_survey
from tests.submissions.test_concurrency import at_once
from tests.submissions.test_survey import answer, enter, invite, people
from tests.submissions.test_survey_satisfaction import open_it, satisfaction

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def sender(token: str, value: str = "A") -> Callable[[], object]:
    """Return a call that sends a whole answer."""
    return lambda: answering.send_answers(
        token=token, answers={"q1": value, "q2": value}, seconds=90, address="192.0.2.5"
    )


def test_one_code_sent_six_times_at_once__one_answer_and_the_others_are_told() -> None:
    case = open_survey()
    enter(case, people(5, "dai-bieu"))
    token = invite(case)[0]
    results = at_once(*(sender(token, value) for value in "ABCDAB"))
    assert [type(r) for r in results].count(Survey) == 1
    refused = [r for r in results if isinstance(r, SubmissionError)]
    assert {r.code for r in refused} == {"no_invitation"}
    assert (len(refused), SealedAnswer.objects.count(), Invitation.objects.filter(used=True).count()) == (5, 1, 1)


def test_closing_while_people_send__whoever_got_through_is_counted_and_nobody_else() -> None:
    case = open_survey()
    enter(case, people(16, "dai-bieu"))
    tokens = invite(case)
    for token in tokens[:8]:
        answer(token)
    results = at_once(
        *(sender(token) for token in tokens[8:12]),
        lambda: mixing.close_survey(survey=case.survey, user=case.officer),
        *(sender(token) for token in tokens[12:]),
    )
    sent = [r for r in results if isinstance(r, Survey)]
    assert {type(r) for r in results if not isinstance(r, Survey | int)} <= {Locked}
    assert Survey.objects.get().state == SurveyState.CLOSED
    # Nothing stays sealed behind the closing, and what was accepted was counted.
    assert SealedAnswer.objects.count() == 0
    assert SurveyTally.objects.get().respondents == 8 + len(sent) == Invitation.objects.filter(used=True).count()
    assert [r for r in results if isinstance(r, int)] == [8 + len(sent)]


def test_stirring_while_people_send__no_answer_is_lost_or_doubled() -> None:
    case = open_survey()
    enter(case, people(20, "dai-bieu"))
    tokens = invite(case)
    for token in tokens[:8]:
        answer(token)
    results = at_once(
        lambda: mixing.stir(survey=case.survey),
        *(sender(token) for token in tokens[8:14]),
        lambda: mixing.stir(survey=case.survey),
        *(sender(token) for token in tokens[14:]),
    )
    assert sum(isinstance(r, Survey) for r in results) == 12
    assert SealedAnswer.objects.count() == 20
    assert mixing.close_survey(survey=case.survey, user=case.officer) == 20


def citizen(place: str) -> Callable[[], object]:
    """Open the questionnaire as a browser does; return a call that sends it and gives the status and what is read."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = browser.open(place).read().decode()
    fields = dict(re.findall(r'name="(csrfmiddlewaretoken|opened|edition)" value="([^"]*)"', page))
    body = urlencode({**fields, "q-q1": "A", "q-q2": "B", "action": "send"}).encode()
    request = Request(place, body, {"Referer": place})  # noqa: S310 -- our own server

    def send() -> object:
        try:
            shown = browser.open(request)
        except HTTPError as refusal:
            return refusal.code, "Đã đủ số người trả lời" in refusal.read().decode()
        return shown.status, "data-survey-done" in shown.read().decode()

    return send


def test_two_citizens_at_the_last_place_of_a_quota__one_gets_it_and_the_other_is_told(live_server: LiveServer) -> None:
    case, link, _entered = satisfaction(quota=3)
    open_it(case)
    unit = case.around.plain.unit.code
    place = live_server.url + reverse("survey:open_answer", kwargs={"group": link.pk, "unit": unit})
    assert [citizen(place)() for _n in range(2)] == [(200, True)] * 2
    # All four have the questionnaire before them when there is one place left.
    results = at_once(*[citizen(place) for _n in range(4)])
    # A late one finds the door shut (410), the others lose at the place itself (409); all are told the same.
    assert sorted((409 if status == 410 else status, told) for status, told in results) == [
        (200, True),
        *[(409, True)] * 3,
    ]
    assert (PublicCount.objects.get().count, SealedAnswer.objects.count()) == (3, 3)
