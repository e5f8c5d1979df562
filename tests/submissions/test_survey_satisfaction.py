"""Satisfaction surveys: figures from Excel and a public link with a quota, scaled like all other answers."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from decimal import Decimal

from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

import openpyxl
import pytest

from cms import clock
from cms.enums import JobStatus
from cms.models import JobRun
from submissions.domain.survey import invitations, lists, mixing, public_link, results, setup
from submissions.domain.survey.lists import ListedPerson
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import ScoreEntry, SealedAnswer, SurveyFigure, SurveyGroup
from tests.factories.survey import OpenSurvey, open_survey

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
SignIn = Callable[..., Client]
HEADERS = ["Unit code", "Criterion code", "Respondents", "Mean of 100"]


def satisfaction(quota: int = 6) -> tuple[OpenSurvey, SurveyGroup, SurveyGroup]:
    """Return a survey that nobody is listed for: a group with a public link, one with figures from elsewhere."""
    case = open_survey()
    edition = case.first.edition
    case.survey.groups.all().delete()
    link = SurveyGroup.objects.create(
        survey=case.survey, code="nguoi-dan", name="Người dân", edition=edition, rule="public", rule_number=quota
    )
    entered = SurveyGroup.objects.create(
        survey=case.survey, code="do-luong", name="Đo lường", edition=edition, rule="entered"
    )
    return case, link, entered


def open_it(case: OpenSurvey) -> None:
    """Open the survey for answers."""
    invitations.make_invitations(user=case.officer, survey=case.survey)
    case.survey.refresh_from_db()


def answer_by_link(group: SurveyGroup, unit: str, *, value: str = "A", address: str = "198.51.100.7") -> int:
    """Open, review and send as a citizen with a browser; return the status of the last answer."""
    client = Client(REMOTE_ADDR=address)
    place = reverse("survey:open_answer", kwargs={"group": group.pk, "unit": unit})
    page = client.get(place)
    if page.status_code != 200:
        return page.status_code
    hidden = dict(re.findall(r'name="(opened|edition)" value="([^"]*)"', page.content.decode()))
    marks = {"q-q1": value, "q-q2": "B", "q-y": "Cán bộ nhiệt tình"}
    review = client.post(place, {**hidden, **marks, "action": "review"}).content.decode()
    assert 'value="send"' in review
    sent = client.post(place, {**hidden, **marks, "action": "send"})
    assert set(client.cookies) <= {"csrftoken"}
    return sent.status_code


def import_figures(client: Client, group: SurveyGroup, rows: list[list[object]]) -> JobRun | None:
    """Upload figures and confirm; return the job that stored them, None where the check found problems."""
    book = openpyxl.Workbook()
    for row in [HEADERS, *rows]:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    address = f"{reverse('cms:import_start', args=['survey_figures'])}?group={group.pk}"
    client.post(address, {"file": SimpleUploadedFile("so-lieu.xlsx", target.getvalue())})
    check = JobRun.objects.filter(task="cms.import_check").order_by("-pk").first()
    if check is None:
        return None
    client.post(reverse("cms:import_apply", args=["survey_figures", check.pk]))
    return JobRun.objects.filter(task="cms.import_apply", pk__gt=check.pk).first()


def test_link_and_excel_give_points_with_their_trace(signed_in: SignIn) -> None:
    case, link, entered = satisfaction()
    unit = case.around.plain.unit.code
    desk = signed_in(case.officer)
    done = import_figures(desk, entered, [[unit, "2.2.1", 212, 82.4]])
    assert done is not None
    assert done.status == JobStatus.SUCCEEDED
    case.survey.fast_seconds = 0  # a test answers faster than people
    case.survey.save()
    open_it(case)
    assert [answer_by_link(link, unit) for _n in range(6)] == [302] * 6
    assert str(link.pk) in desk.get(reverse("submissions:survey_desk", kwargs={"pk": case.survey.pk})).content.decode()
    mixing.close_survey(survey=case.survey, user=case.officer)
    results.write_results(user=case.officer, survey=case.survey)
    # By link six people: A (100) and B (60), mean 80. Elsewhere 212 people, mean 82.4. Weights 1 and 1: 81.2 of 100,
    # of 2 points 1.624. 12 + 212 answers.
    entry = ScoreEntry.objects.get(participant=case.around.plain, stage="survey")
    assert (entry.points, entry.inputs) == (Decimal("1.624000"), {"answers": "224", "mean": "81.2000000000"})
    assert case.survey.texts.count() == 6


def test_bad_figures_change_nothing_and_say_where(signed_in: SignIn) -> None:
    case, _link, entered = satisfaction()
    unit = case.around.plain.unit.code
    desk = signed_in(case.officer)
    good = [unit, "2.2.1", 100, 70]
    for bad in (
        [unit, "1.1.1", 100, 70],
        [unit, "2.2.1", 4, 70],
        ["khong-co", "2.2.1", 100, 70],
        [case.around.full.unit.code, "2.2.1", 100, 101],
        [case.around.full.unit.code, "2.2.1", "hai trăm", 70],
        good,
    ):
        import_figures(desk, entered, [good, bad])
        assert SurveyFigure.objects.count() == 0, bad
    # Changed figures take the place of those that stood; strangers enter none.
    import_figures(desk, entered, [good])
    import_figures(desk, entered, [[unit, "2.2.1", 120, "71,5"]])
    assert list(SurveyFigure.objects.values_list("respondents", "mean")) == [(120, Decimal("71.5"))]
    stranger = signed_in(case.around.secretary)
    import_figures(stranger, entered, [[unit, "2.2.1", 130, 99]])
    assert SurveyFigure.objects.get().respondents == 120


def test_the_quota_of_a_unit_is_kept_and_the_link_closes(client: Client) -> None:
    case, link, _entered = satisfaction(quota=5)
    unit, other = case.around.plain.unit.code, case.around.full.unit.code
    place = reverse("survey:open_units", kwargs={"group": link.pk})
    assert client.get(place).status_code == 410  # lists are open, answers are not
    open_it(case)
    assert client.get(place).content.decode().count("/cong-khai/") == 2 + client.get(place).content.decode().count(
        f'khao-sat/cong-khai/{link.pk}/"'
    )
    assert [answer_by_link(link, unit) for _n in range(7)] == [302] * 5 + [410] * 2
    assert SealedAnswer.objects.count() == 5
    assert answer_by_link(link, other) == 302
    with pytest.raises(SubmissionError) as full:
        public_link.send(
            group=link, unit=case.around.plain.unit, answers={"q1": "A", "q2": "A"}, seconds=9, address="", edition=None
        )
    assert full.value.code == "full"
    assert client.get(reverse("survey:open_answer", kwargs={"group": link.pk, "unit": "khong-co"})).status_code == 404
    assert client.get(reverse("survey:open_units", kwargs={"group": link.pk + 9})).status_code == 404
    tampered = client.post(
        reverse("survey:open_answer", kwargs={"group": link.pk, "unit": other}), {"q-q9": "A", "action": "send"}
    )
    assert (tampered.status_code, SealedAnswer.objects.count()) == (409, 6)
    with clock.at(case.survey.answers_due + dt.timedelta(seconds=1)):
        assert client.get(place).status_code == 410


def test_one_connection_cannot_fill_the_quota_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_link, "ANSWERS_PER_HOUR", 2)
    cache.clear()
    case, link, _entered = satisfaction(quota=50)
    open_it(case)
    unit = case.around.plain.unit.code
    assert [answer_by_link(link, unit) for _n in range(3)] == [302, 302, 409]
    assert answer_by_link(link, unit, address="203.0.113.9") == 302
    assert SealedAnswer.objects.count() == 3


def test_units_list_nobody_for_such_groups_and_groups_come_and_go_while_prepared(signed_in: SignIn) -> None:
    case, link, _entered = satisfaction()
    row = ListedPerson("A", "B", "C", "", "nguoi-dan")
    assert [p.column for p in lists.check_rows(case.list_of(case.around.plain), [row])] == ["group"]
    with pytest.raises(WrongState):
        setup.remove_group(user=case.officer, group=link)
    case.survey.state = "draft"
    case.survey.save()
    desk = signed_in(case.officer)
    data = {"name": "Doanh nghiệp", "rule": "public", "edition": link.edition_id, "weight": "1", "priority": "10"}
    place = reverse("submissions:survey_group_add", kwargs={"pk": case.survey.pk})
    assert desk.post(place, data).status_code == 200  # N is missing
    assert desk.post(place, {**data, "rule_number": "200"}).status_code == 302
    assert set(case.survey.groups.values_list("code", flat=True)) == {"nguoi-dan", "do-luong", "doanh-nghiep"}
    for group in case.survey.groups.all():
        desk.post(
            reverse("submissions:survey_group_remove", kwargs={"pk": case.survey.pk, "group": group.pk}), follow=True
        )
    assert case.survey.groups.count() == 1
