"""What keeps an answer apart from a person: with the whole database and all logs in hand there is no way back."""

from __future__ import annotations

import json
import logging
import re
import struct
from base64 import urlsafe_b64decode
from collections import Counter
from decimal import Decimal

from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

import pytest

from cms import clock
from cms.redaction import without_secrets
from submissions.domain.survey import answering, invitations, mailing, mixing, results
from submissions.domain.survey.tokens import is_ours, token_of, unseal
from submissions.exceptions import SubmissionError
from submissions.models import Invitation, SealedAnswer, SurveyResponse, SurveyTally, SurveyText
from submissions.survey_enums import SurveyState
from tests.factories.survey import OpenSurvey, open_survey, questionnaire_edition, two_criteria
from tests.submissions.test_survey import answer, enter, invite, people

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def whole_database() -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table in the order in which they are stored; binary columns as bytes."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            # Tables of the search index have no place of their own.
            place = "ctid" if connection.vendor == "postgresql" else "rowid"
            order = f"ORDER BY {place}" if table.startswith("submissions_") else ""
            cursor.execute(f'SELECT * FROM "{table}" {order}')  # noqa: S608
            found[table] = [
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor.fetchall()
            ]
    return found


def as_text(tables: dict[str, list[tuple[object, ...]]]) -> str:
    """Return all values as one text."""
    return "\n".join(repr(row) for rows in tables.values() for row in rows)


def answer_by_browser(token: str, answers: dict[str, str]) -> None:
    """Open, keep, fail once, send, open once more, as a person with a browser does; every step writes to the log."""
    client = Client(REMOTE_ADDR="192.0.2.9")
    address = reverse("survey:answer", kwargs={"token": token})
    page = client.get(address).content.decode()
    hidden = dict(re.findall(r'name="(opened|edition|version)" value="([^"]*)"', page))
    given = {f"q-{code}": value for code, value in answers.items()}
    first = dict(list(given.items())[:1])
    assert client.post(address, {**hidden, **first, "action": "keep"}).status_code == 200
    assert client.post(address, {**hidden, **first, "action": "send"}).status_code == 409
    assert client.post(address, {**hidden, **given, "action": "send"}).status_code == 302
    assert client.get(address).status_code == 404


def test_with_the_whole_database_and_all_logs_in_hand_no_answer_leads_to_a_person(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    case = open_survey()
    enter(case, people(64, "dai-bieu"))
    tokens = invite(case)
    mailing.mail_batch(ids=list(invitations.due_letters(case.survey).values_list("pk", flat=True)))
    # Person n answers a pattern that is n's alone, so that any order that survives would show.
    marks = "ABCD"
    patterns = [
        {"q1": marks[n % 4], "q2": marks[n // 4 % 4], "q3": marks[n // 16], "y": f"ý kiến {n:02}"} for n in range(64)
    ]
    _use_three_questions(case)
    for n, (token, given) in enumerate(zip(tokens, patterns, strict=True)):
        answer_by_browser(token, given)
        if n % 10 == 9:
            mixing.stir(survey=case.survey)

    # 1. While the survey is open: nothing readable, no code, no address, no time of an answer.
    tables = whole_database()
    text = as_text(tables)
    assert [given["y"] for given in patterns if given["y"] in text] == []
    assert [token for token in tokens if token in text or token.replace("-", "") in text] == []
    assert "192.0.2.9" not in text
    sealed = [next(v for v in row if isinstance(v, bytes)) for row in tables["submissions_sealedanswer"]]
    assert len(sealed) == 64
    assert {struct.unpack(">Q", urlsafe_b64decode(content)[1:9])[0] for content in sealed} == {0}
    assert len({len(content) for content in sealed}) == 1
    # Invitations are all alike but for person and code: no time, no count that differs.
    told = [f.attname for f in Invitation._meta.concrete_fields if f.attname not in {"id", "respondent_id"}]
    told.remove("token_sha256")
    assert len(set(Invitation.objects.values_list(*told))) == 1
    # Even with the key, the sealed answers no longer lie in the order in which they came, but for the last few.
    order = [int(unseal(content)["answers"]["y"][-2:]) for content in sealed]
    assert sorted(order) == list(range(64))
    assert sum(a == b for a, b in zip(order[:60], range(60), strict=True)) < 25

    # 2. After closing: rows in random order under random ids, without free texts, person or time.
    mixing.close_survey(survey=case.survey, user=case.officer)
    tables = whole_database()
    assert tables["submissions_sealedanswer"] == []
    assert Invitation.objects.exclude(draft=None).count() == 0
    fields = {field.name for field in SurveyResponse._meta.get_fields()}
    assert fields == {"id", "survey", "unit", "group", "edition", "answers", "mixed_on"}
    assert {r.mixed_on for r in SurveyResponse.objects.all()} == {clock.today()}
    sent = [tuple(given[q] for q in ("q1", "q2", "q3")) for given in patterns]
    stored = [tuple(_json(row)[q] for q in ("q1", "q2", "q3")) for row in tables["submissions_surveyresponse"]]
    assert Counter(stored) == Counter(sent)
    texts = [next(v for v in row if isinstance(v, str) and "ý kiến" in v) for row in tables["submissions_surveytext"]]
    said = [given["y"] for given in patterns]
    assert sorted(texts) == said
    # No order is left: neither of sending, nor between answers and texts, by place or by id. Chance gives one or two
    # places alike in 64; twenty would be a chance below 1e-18.
    by_id = [tuple(r.answers[q] for q in ("q1", "q2", "q3")) for r in SurveyResponse.objects.order_by("id")]
    person_of = {row: n for n, row in enumerate(sent)}
    numbers = [[person_of[row] for row in rows] for rows in (stored, by_id)]
    numbers += [[int(t[-2:]) for t in rows] for rows in (texts, SurveyText.objects.values_list("text", flat=True))]
    pairs = [(a, b) for n, a in enumerate([list(range(64)), *numbers]) for b in numbers[n:]]
    assert [sum(x == y for x, y in zip(a, b, strict=True)) for a, b in pairs if a is not b and _alike(a, b) >= 20] == []
    assert not any("ý kiến" in json.dumps(r.answers, ensure_ascii=False) for r in SurveyResponse.objects.all())

    # 3. The logs of all of it: every step wrote, none named a code, an address, an answer or a respondent.
    assert caplog.text.count("Not Found: /khao-sat/phieu/…/") == 64
    assert caplog.text.count("Conflict: /khao-sat/phieu/…/") == 64
    logged = caplog.text + "\n".join(repr(record.__dict__) for record in caplog.records)
    assert [token for token in tokens if token in logged] == []
    assert [given["y"] for given in patterns if given["y"] in logged] == []
    assert "192.0.2.9" not in logged
    assert "example.vn" not in logged.replace("portal@example.vn", "")


def _alike(a: list[int], b: list[int]) -> int:
    return sum(x == y for x, y in zip(a, b, strict=True))


def _json(row: tuple[object, ...]) -> dict[str, str]:
    content = next(v for v in row if isinstance(v, dict) or (isinstance(v, str) and v.startswith("{")))
    return json.loads(content) if isinstance(content, str) else content


def _use_three_questions(case: OpenSurvey) -> None:
    from tests.factories.survey import questionnaire

    edition = questionnaire_edition(questionnaire(questions=3))
    case.survey.groups.update(edition=edition)


def test_a_group_of_one_is_kept_in_no_row_and_in_no_difference() -> None:
    """The only association leader who answered must not be found by looking for the unit's one answer of the group."""
    case = open_survey()
    enter(case, [*people(7, "dai-bieu"), *people(1, "truong-phong", start=50)])
    tokens = invite(case)
    for token in tokens[:7]:
        answer(token, "B")
    answer(tokens[7], "D")
    mixing.close_survey(survey=case.survey, user=case.officer)
    # The group that the one joined is kept as a sum too: seven rows beside a sum of eight would give the one away.
    assert SurveyResponse.objects.count() == 0
    (tally,) = SurveyTally.objects.all()
    assert (tally.groups, tally.respondents, tally.weight) == ("dai-bieu,truong-phong", 8, Decimal(3))
    assert tally.questions == {"q1": {"B": 7, "D": 1}, "q2": {"B": 7, "D": 1}}
    assert tally.leaves == {"2.2.1": {"respondents": 8, "answers": 16, "weights": "840"}}


def test_groups_put_together_with_different_questionnaires_are_not_told_apart_by_their_questions() -> None:
    case = open_survey()
    case.survey.groups.filter(pk=case.second.pk).update(edition=questionnaire_edition(two_criteria()))
    enter(case, [*people(6, "dai-bieu"), *people(3, "truong-phong", start=50)])
    tokens = invite(case)
    for token in tokens[:6]:
        answer(token, "A")
    for token in tokens[6:]:
        answering.send_answers(
            token=token, answers={"h1": "C", "h2": "D", "z": "chữ riêng"}, seconds=90, address="192.0.2.1"
        )
    mixing.close_survey(survey=case.survey, user=case.officer)
    (tally,) = SurveyTally.objects.all()
    # The second leaf was asked of the three only: it is not kept; the first holds all nine and no question by itself.
    assert (tally.edition, tally.questions) == (None, {})
    assert tally.leaves == {"2.2.1": {"respondents": 9, "answers": 15, "weights": "1260"}}
    assert SurveyResponse.objects.count() == 0
    assert {(t.question, t.unit_id) for t in SurveyText.objects.all()} == {("", case.around.plain.unit_id)}


def test_of_a_unit_with_fewer_than_five_answers_nothing_but_the_number_is_kept() -> None:
    case = open_survey()
    enter(case, people(6, "dai-bieu"))
    enter(case, people(4, "dai-bieu", start=90), other=True)
    tokens = invite(case)
    for token in tokens[:6]:
        answer(token)
    for token in tokens[6:]:
        answering.send_answers(
            token=token, answers={"q1": "D", "q2": "D", "y": "lời riêng"}, seconds=90, address="192.0.2.1"
        )
    mixing.close_survey(survey=case.survey, user=case.officer)
    assert {row.unit_id for row in SurveyTally.objects.all()} == {case.around.plain.unit_id}
    assert SurveyResponse.objects.filter(unit=case.around.full.unit).count() == 0
    assert {(t.unit_id, t.question, t.text) for t in SurveyText.objects.all()} == {(None, "", "lời riêng")}
    by_unit = {r.participant.unit_id: r for r in results.unit_results(case.survey)}
    assert (by_unit[case.around.full.unit_id].leaves, by_unit[case.around.full.unit_id].missing) == ({}, ("2.2.1",))


def test_officers_screens_never_show_a_group_under_five(signed_in) -> None:
    """Numbers that only the small group has (its three answers, its mean) stand on no screen, before and after."""
    case = open_survey()
    enter(case, [*people(17, "dai-bieu"), *people(3, "truong-phong", start=50)])
    tokens = invite(case)
    for token in tokens[:17]:
        answer(token, "B")
    for token in tokens[17:]:
        answer(token, "D")
    desk = reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})
    open_page = signed_in(case.officer).get(desk).content.decode()
    row = re.search(r"<tr><th scope=\"row\">[^<]*</th><td>Trưởng phòng</td>(.*?)</tr>", open_page, re.DOTALL)
    assert row
    assert re.findall(r"<td class=\"num\">([^<]*)</td>", row.group(1)) == ["3", "0", "dưới 5"]
    mixing.close_survey(survey=case.survey, user=case.officer)
    case.survey.refresh_from_db()
    closed = signed_in(case.officer).get(desk).content.decode()
    # Weights 2 and 1 put together: (17 x 60 + 3 x 0) / 20 = 51. The small group's own mean would be 0.
    assert "51,00" in closed
    assert ">0,00<" not in closed
    assert {tuple(t.group_codes) for t in SurveyTally.objects.all()} == {("dai-bieu", "truong-phong")}


def test_stirring_waits_for_five_and_keeps_every_answer() -> None:
    case = open_survey()
    enter(case, people(9, "dai-bieu"))
    tokens = invite(case)
    for token in tokens[:4]:
        answer(token)
    assert mixing.stir(survey=case.survey) == 0
    before = set(SealedAnswer.objects.values_list("pk", flat=True))
    answer(tokens[4])
    assert mixing.stir(survey=case.survey) == 5
    assert not before & set(SealedAnswer.objects.values_list("pk", flat=True))
    assert mixing.stir(survey=case.survey) == 0
    for token in tokens[5:]:
        answer(token, "C")
    assert mixing.close_survey(survey=case.survey, user=case.officer) == 9
    assert SurveyResponse.objects.count() == 9
    case.survey.refresh_from_db()
    assert (case.survey.state, mixing.stir(survey=case.survey)) == (SurveyState.CLOSED, 0)


def test_codes_links_and_sealed_answers_outlive_a_change_of_the_secret_key() -> None:
    with override_settings(SECRET_KEY="khoa-cu"):
        case = open_survey()
        enter(case, people(6, "dai-bieu"))
        tokens = invite(case)
        answer(tokens[0])
    with override_settings(SECRET_KEY="khoa-moi", SECRET_KEY_FALLBACKS=["khoa-cu"]):
        assert [token_of(i) for i in Invitation.objects.order_by("pk")] == tokens
        for token in tokens[1:]:
            answer(token)
        assert mixing.close_survey(survey=case.survey, user=case.officer) == 6
    with override_settings(SECRET_KEY="khoa-moi"), pytest.raises(SubmissionError) as gone:
        token_of(Invitation.objects.order_by("pk")[0])
    assert gone.value.code == "key_gone"


@pytest.mark.unit
@pytest.mark.parametrize("code", ["", "AAAA", "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF", "x" * 24, "À" * 24])
def test_a_guess_is_told_from_a_code_without_the_tables(code: str) -> None:
    assert not is_ours(code)


@pytest.mark.unit
def test_the_log_filter_takes_out_the_code_and_nothing_else() -> None:
    line = 'GET /en/khao-sat/phieu/ABCD-EFGH/?x=1 HTTP/1.1" 404 "/khao-sat/cam-on/"'
    assert without_secrets(line) == 'GET /en/khao-sat/phieu/…/?x=1 HTTP/1.1" 404 "/khao-sat/cam-on/"'
