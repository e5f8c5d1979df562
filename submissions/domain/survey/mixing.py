"""Mixing: nothing of where, when or in which order an answer came survives.

While the survey is open, newly sealed answers are written anew together every few minutes (`stir`). Closing opens the
sealed answers, keeps what may be kept of them (`tallying`), in random order under random ids, and deletes the rest.
"""

from __future__ import annotations

import secrets

from django.db import transaction

from cms import audit, clock
from cms.models import User
from submissions.domain.survey import tallying
from submissions.domain.survey.locks import hold
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tallying import OpenedAnswer
from submissions.domain.survey.tokens import seal, unseal
from submissions.domain.survey.watch import scan
from submissions.models import (
    Invitation,
    SealedAnswer,
    Survey,
    SurveyIncident,
    SurveyResponse,
    SurveyTally,
    SurveyText,
)
from submissions.survey_enums import SurveyState

_shuffle = secrets.SystemRandom().shuffle
_BATCH = 2000


@transaction.atomic
def stir(*, survey: Survey) -> int:
    """Write the newly sent answers anew: sealed again, under new ids, in random order, in one transaction.

    Waits until there are as many as a group needs, so that no one stands alone. Returns how many were stirred.
    """
    if hold(survey.pk).state != SurveyState.ANSWERING:
        return 0
    fresh = list(survey.sealed_answers.select_for_update().filter(stirred=False))
    if len(fresh) < survey.minimum_group:
        return 0
    anew = [SealedAnswer(survey=survey, content=seal(unseal(row.content)), stirred=True) for row in fresh]
    _shuffle(anew)
    _delete(fresh)
    SealedAnswer.objects.bulk_create(anew, batch_size=_BATCH)
    return len(anew)


def _delete(rows: list[SealedAnswer]) -> None:
    for start in range(0, len(rows), 500):
        SealedAnswer.objects.filter(pk__in=[row.pk for row in rows[start : start + 500]]).delete()


@transaction.atomic
def close_survey(*, survey: Survey, user: User | None) -> int:
    """Close the survey and mix its answers, all or nothing. Returns how many answers there were.

    `user` None: the schedule closes it after the time for answers has run out. Waits for those who are sending at this
    moment; who comes later is told that the survey is closed. Drafts that were never sent are deleted.
    """
    if user is not None:
        require_officer(user, survey.round)
    change_state(survey=survey, to=SurveyState.CLOSED, user=user)
    items = opened_answers(survey)
    scan(survey=survey, items=items)
    _shuffle(items)
    kept = tallying.keep_answers(survey, items, mixed_on=clock.today())
    # Each by itself, or the order would lead from a text to the other answers of the same person.
    _shuffle(kept.responses)
    _shuffle(kept.texts)
    SurveyResponse.objects.bulk_create(kept.responses, batch_size=_BATCH)
    SurveyText.objects.bulk_create(kept.texts, batch_size=_BATCH)
    SurveyTally.objects.bulk_create(kept.tallies, batch_size=_BATCH)
    SealedAnswer.objects.filter(survey=survey).delete()
    Invitation.objects.filter(respondent__list__survey=survey, draft__isnull=False).update(draft=None)
    survey.printed_letters.all().delete()
    audit.record(
        "submissions.survey_mixed",
        survey,
        user=user,
        after={
            "answers": len(items),
            "kept singly": len(kept.responses),
            "kept as sums": len(items) - len(kept.responses) - kept.dropped,
            "too few to keep": kept.dropped,
        },
    )
    return len(items)


def look_through(*, user: User, survey: Survey) -> list[SurveyIncident]:
    """Look for signs of interference, with the answers of an open survey opened in memory; returns the new flags."""
    require_officer(user, survey.round)
    items = opened_answers(survey) if survey.state == SurveyState.ANSWERING else []
    return scan(survey=survey, items=items)


def opened_answers(survey: Survey) -> list[OpenedAnswer]:
    """Return the sealed answers of a survey, opened in memory."""
    return [
        OpenedAnswer(item["unit"], item["group"], item["edition"], item["answers"])
        for item in map(unseal, survey.sealed_answers.values_list("content", flat=True).iterator(_BATCH))
    ]


def due_surveys() -> list[Survey]:
    """Return the surveys whose time for answers has run out and that are still open."""
    return list(Survey.objects.filter(state=SurveyState.ANSWERING, answers_due__lt=clock.now()))
