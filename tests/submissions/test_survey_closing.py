"""Closing takes answers one by one: its memory does not grow with them, and what it finds alike is exact."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import pytest

from submissions.domain.survey import mixing
from submissions.domain.survey.tallying import OpenedAnswer
from submissions.domain.survey.tokens import seal
from submissions.domain.survey.watch import Alike
from submissions.models import SealedAnswer, SurveyIncident, SurveyResponse, SurveyTally, SurveyText
from tests.factories.survey import OpenSurvey, open_survey

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def sealed(case: OpenSurvey, count: int) -> None:
    """Put sealed answers into an open survey, each with a free text of half a kilobyte."""
    content = {"unit": case.around.plain.unit_id, "group": case.first.pk, "edition": case.first.edition_id}
    SealedAnswer.objects.bulk_create(
        SealedAnswer(
            survey=case.survey,
            content=seal({**content, "answers": {"q1": "AB"[n % 2], "q2": "C", "y": f"ý kiến {n} " + "x" * 500}}),
        )
        for n in range(count)
    )
    case.survey.state = "answering"
    case.survey.save()


def peak_of_closing(case: OpenSurvey) -> int:
    """Close a survey; return the most bytes that Python held meanwhile."""
    tracemalloc.start()
    try:
        mixing.close_survey(survey=case.survey, user=None)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.once  # psycopg leaves cycles that wait to be collected: what is measured there is when that happens
def test_the_memory_of_closing_does_not_grow_with_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "_BATCH", 50)
    few, many = open_survey(), open_survey()
    sealed(few, 200)
    sealed(many, 2000)
    peak_of_closing(few)  # what is loaded once is loaded now
    first = open_survey()
    sealed(first, 200)
    small, large = peak_of_closing(first), peak_of_closing(many)
    # Two thousand answers are three megabytes as they lie and more when opened; a batch is a fraction of one.
    assert large < small + 300_000
    tally = SurveyTally.objects.get(survey=many.survey)
    assert (tally.respondents, tally.questions) == (2000, {"q1": {"A": 1000, "B": 1000}, "q2": {"C": 2000}})
    kept = SurveyResponse.objects.filter(survey=many.survey)
    assert Counter(row["q1"] for row in kept.values_list("answers", flat=True)) == {"A": 1000, "B": 1000}
    texts = SurveyText.objects.filter(survey=many.survey).values_list("text", flat=True)
    assert sorted(int(text.split()[2]) for text in texts) == list(range(2000))
    assert SealedAnswer.objects.filter(survey=many.survey).count() == 0


def test_stirring_takes_many_in_portions_and_leaves_no_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixing, "_STIRRED_TOGETHER", 10)
    case = open_survey()
    sealed(case, 27)
    before = set(SealedAnswer.objects.values_list("pk", flat=True))
    assert mixing.stir(survey=case.survey) == 27
    assert not before & set(SealedAnswer.objects.values_list("pk", flat=True))
    sealed(case, 12)
    # Ten, and two who wait for others.
    assert mixing.stir(survey=case.survey) == 10
    assert SealedAnswer.objects.filter(stirred=False).count() == 2


@pytest.mark.parametrize(
    ("share", "same", "flagged"), [(100, 20, True), (100, 19, False), (35, 7, True), (35, 6, False)]
)
def test_what_many_chose_alike_is_found_at_exactly_the_declared_share(share: int, same: int, flagged: bool) -> None:
    case = open_survey()
    case.survey.identical_share = share
    # The others all differ, before and after the same ones, so that no candidate is there by luck.
    chosen = [{"q1": f"{n}"} for n in range(20 - same)]
    rows = [*chosen[::2], *[{"q1": "A"}] * same, *chosen[1::2]]
    alike = Alike(case.survey)
    items = [OpenedAnswer(case.around.plain.unit_id, case.first.pk, case.first.edition_id, row) for row in rows]
    for look in (alike.look, alike.count):
        for item in items:
            look(item)
    assert [text.split()[0] for text in alike.findings().values()] == ([str(same)] if flagged else [])
    assert SurveyIncident.objects.count() == 0
