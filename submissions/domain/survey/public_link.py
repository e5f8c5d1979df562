"""Answers by a public link: satisfaction surveys whose respondents nobody lists. Each unit has a quota.

What is sent is sealed and mixed exactly as the answers of invited people are (`answering.store_sealed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from cms.models import Unit
from submissions.domain.survey.answering import complete_answers, require_open, store_sealed
from submissions.domain.survey.locks import hold
from submissions.domain.survey.tokens import keyed
from submissions.exceptions import SubmissionError
from submissions.models import PublicCount, Survey, SurveyGroup
from submissions.survey_enums import GroupRule

# One kiosk of a one-stop shop serves many people; a script sends hundreds.
ANSWERS_PER_HOUR = 60
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit that may be rated by the link. `full`: its quota is used up."""

    unit: Unit
    count: int
    full: bool


def find_group(pk: int) -> SurveyGroup:
    """Return the group of a public link. Raises SubmissionError "no_link" for any other, Locked while it is closed."""
    rows = SurveyGroup.objects.select_related("survey__round__owner", "edition")
    group = rows.filter(pk=pk, rule=GroupRule.PUBLIC).first()
    if group is None:
        raise SubmissionError(_("There is no public survey at this address."), code="no_link")
    require_open(group.survey)
    return group


def choices(group: SurveyGroup) -> list[UnitChoice]:
    """Return the units of the round with their quota, by name."""
    counts = dict(group.public_counts.values_list("unit_id", "count"))
    units = Unit.objects.filter(participations__round=group.survey.round).order_by("name")
    quota = group.rule_number or 0
    return [UnitChoice(unit, counts.get(unit.pk, 0), counts.get(unit.pk, 0) >= quota) for unit in units]


def find_unit(group: SurveyGroup, code: str) -> Unit:
    """Return the unit to be rated. Raises SubmissionError: "no_link" where it takes no part, "full" by its quota."""
    unit = Unit.objects.filter(participations__round=group.survey.round, code=code).first()
    if unit is None:
        raise SubmissionError(_("There is no public survey at this address."), code="no_link")
    count = group.public_counts.filter(unit=unit).values_list("count", flat=True).first() or 0
    if count >= (group.rule_number or 0):
        raise _full(unit)
    return unit


@transaction.atomic
def send(
    *,
    group: SurveyGroup,
    unit: Unit,
    answers: Mapping[str, str],
    seconds: int | None,
    address: str,
    edition: int | None,
) -> Survey:
    """Take an answer about a unit and count it against the quota. Returns the survey.

    Raises Locked where the survey has closed, SubmissionError where the quota is used up, the questionnaire was
    replaced, questions are not answered, or one address sends too many.
    """
    survey = hold(group.survey_id)
    require_open(survey)
    if edition is not None and edition != group.edition_id:
        raise SubmissionError(
            _("The questionnaire was replaced by a newer one while you were answering. Please look through it again."),
            code="edition_replaced",
        )
    clean = complete_answers(group.edition.definition, answers)
    _slow_down(group, address)
    _take_place(group, unit)
    store_sealed(
        survey=survey,
        unit=unit,
        group_id=group.pk,
        edition_id=group.edition_id,
        answers=clean,
        seconds=seconds,
        address=address,
    )
    return survey


def _take_place(group: SurveyGroup, unit: Unit) -> None:
    """Count one more answer; of two at the last place one is refused."""
    row, _created = PublicCount.objects.get_or_create(group=group, unit=unit)
    if not PublicCount.objects.filter(pk=row.pk, count__lt=group.rule_number or 0).update(count=F("count") + 1):
        raise _full(unit)


def _slow_down(group: SurveyGroup, address: str) -> None:
    key = f"survey-public-{keyed(f'{group.pk}:{address}')}"
    cache.add(key, 0, _HOUR_SECONDS)
    try:
        count = cache.incr(key)
    except ValueError:  # ran out in between
        cache.set(key, 1, _HOUR_SECONDS)
        return
    if count > ANSWERS_PER_HOUR:
        raise SubmissionError(
            _(
                "Too many answers came from this connection in the last hour. Your choices stay on this page; "
                "send them later."
            ),
            code="too_many_answers",
        )


def _full(unit: Unit) -> SubmissionError:
    return SubmissionError(
        _("Enough people have answered about %(unit)s. Thank you; you may choose another unit.") % {"unit": unit.name},
        code="full",
    )
