"""Closing a survey: sealed answers become answers in one act, in random order, with nothing of when each came."""

from __future__ import annotations

import secrets

from django.db import transaction

from cms import audit, clock
from cms.models import User
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tokens import unseal
from submissions.models import Invitation, SealedAnswer, Survey, SurveyResponse
from submissions.survey_enums import SurveyState

_shuffle = secrets.SystemRandom().shuffle


@transaction.atomic
def close_survey(*, survey: Survey, user: User | None) -> int:
    """Close the survey and mix its answers, all or nothing. Returns how many answers there are.

    `user` None: the schedule closes it after the time for answers has run out. Drafts that were never sent are deleted.
    """
    if user is not None:
        require_officer(user, survey.round)
    change_state(survey=survey, to=SurveyState.CLOSED, user=user)
    sealed = [unseal(content) for content in survey.sealed_answers.values_list("content", flat=True)]
    _shuffle(sealed)
    today = clock.today()
    SurveyResponse.objects.bulk_create(
        (
            SurveyResponse(
                survey=survey,
                unit_id=item["unit"],
                group_id=item["group"],
                edition_id=item["edition"],
                answers=item["answers"],
                mixed_on=today,
            )
            for item in sealed
        ),
        batch_size=2000,
    )
    SealedAnswer.objects.filter(survey=survey).delete()
    Invitation.objects.filter(respondent__list__survey=survey, draft__isnull=False).update(draft=None)
    audit.record("submissions.survey_mixed", survey, user=user, after={"answers": len(sealed)})
    return len(sealed)


def due_surveys() -> list[Survey]:
    """Return the surveys whose time for answers has run out and that are still open."""
    return list(Survey.objects.filter(state=SurveyState.ANSWERING, answers_due__lt=clock.now()))
