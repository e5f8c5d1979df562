"""Setting up a survey and moving it through its states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from cms.text import slug
from criteria_pages.models import QuestionnaireEdition
from submissions.domain.definitions import definition_of
from submissions.domain.survey.templates import TEMPLATES
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, RespondentList, Survey, SurveyGroup
from submissions.survey_enums import SURVEY_TRANSITIONS, SurveyState


def require_officer(user: User, survey_round: AssessmentRound) -> None:
    """Raise PermissionRefused unless the user is survey officer of the round's owner."""
    require_role(user, Role.SURVEY_OFFICER, unit=survey_round.owner)


@transaction.atomic
def create_survey(
    *,
    user: User,
    round: AssessmentRound,
    lists_due: dt.datetime,
    answers_due: dt.datetime,
    template: str,
    editions: Mapping[str, QuestionnaireEdition],
) -> Survey:
    """Set up the survey of a round from a ready set of groups.

    `editions`: questionnaire edition by group code; every group needs one. Raises SubmissionError where one is missing,
    where a question names a criterion that the round's edition does not score by survey, or where dates are out of
    order.
    """
    require_officer(user, round)
    if answers_due <= lists_due:
        raise SubmissionError(_("Answers must be due after the lists."), code="dates_out_of_order")
    if Survey.objects.filter(round=round).exists():
        raise SubmissionError(_("The round has a survey already."), code="exists")
    survey = Survey.objects.create(round=round, lists_due=lists_due, answers_due=answers_due)
    for group in TEMPLATES[template]:
        edition = editions.get(group.code)
        if edition is None:
            raise SubmissionError(
                _("Choose a questionnaire for the group “%(group)s”.") % {"group": group.name}, code="no_questionnaire"
            )
        check_binding(round=round, edition=edition)
        SurveyGroup.objects.create(
            survey=survey,
            code=group.code,
            name=group.name,
            name_en=group.name_en,
            rule=group.rule,
            rule_number=group.rule_number,
            priority=group.priority,
            edition=edition,
        )
    audit.record("submissions.survey_created", survey, user=user, after={"round": round.code, "template": template})
    return survey


@transaction.atomic
def change_group(*, user: User, group: SurveyGroup) -> SurveyGroup:
    """Store a changed group while the survey is prepared; its questionnaire is checked against the round's edition."""
    survey = Survey.objects.select_for_update().select_related("round__owner").get(pk=group.survey_id)
    require_officer(user, survey.round)
    if survey.state != SurveyState.DRAFT:
        raise WrongState(_("Groups can be changed only while the survey is prepared."))
    check_binding(round=survey.round, edition=group.edition)
    group.save()
    audit.record("submissions.survey_group", survey, user=user, after={"group": group.code, "weight": group.weight})
    return group


@transaction.atomic
def add_group(*, user: User, survey: Survey, group: SurveyGroup) -> SurveyGroup:
    """Add a group to a survey that is prepared; its code is made from its name. Raises as `change_group`."""
    locked = Survey.objects.select_for_update().select_related("round__owner").get(pk=survey.pk)
    taken = set(locked.groups.values_list("code", flat=True))
    base = slug(group.name)[:56] or "nhom"
    group.survey = locked
    group.code = next(code for code in (base, *(f"{base}-{n}" for n in range(2, 999))) if code not in taken)
    return change_group(user=user, group=group)


@transaction.atomic
def remove_group(*, user: User, group: SurveyGroup) -> None:
    """Take a group out of a survey that is prepared. Raises WrongState later on, SubmissionError for the last group."""
    survey = Survey.objects.select_for_update().select_related("round__owner").get(pk=group.survey_id)
    require_officer(user, survey.round)
    if survey.state != SurveyState.DRAFT:
        raise WrongState(_("Groups can be changed only while the survey is prepared."))
    if survey.groups.count() == 1:
        raise SubmissionError(_("A survey needs at least one group."), code="last_group")
    audit.record("submissions.survey_group_removed", survey, user=user, before={"group": group.code})
    group.delete()


def check_binding(*, round: AssessmentRound, edition: QuestionnaireEdition) -> None:
    """Raise SubmissionError where a question scores a criterion that is not a survey leaf of the round's edition."""
    definition = definition_of(round.edition)
    survey_leaves = {leaf.code for leaf in definition.leaves if leaf.scorer == "survey"}
    unknown = sorted({q.criterion_code for q in edition.definition.questions if q.criterion_code} - survey_leaves)
    if unknown:
        raise SubmissionError(
            _(
                "The questionnaire “%(title)s” scores %(codes)s, which the criteria set of the round does not "
                "score by survey. Choose a questionnaire that was written for this set, or have the editor change the "
                "criteria of its questions."
            )
            % {"title": edition.title, "codes": ", ".join([*unknown[:5], *(["…"] if unknown[5:] else [])])},
            code="unknown_criterion",
        )


def unasked_criteria(survey: Survey) -> list[str]:
    """Return the criteria of the round that are scored by survey and that no group's questionnaire asks about."""
    asked = {
        question.criterion_code
        for group in survey.groups.select_related("edition")
        for question in group.edition.definition.questions
    }
    leaves = definition_of(survey.round.edition).leaves
    return [leaf.code for leaf in leaves if leaf.scorer == "survey" and leaf.code not in asked]


@transaction.atomic
def require_step(survey: Survey, to: str) -> None:
    """Raise `WrongState` where the survey cannot become this now."""
    if to not in SURVEY_TRANSITIONS[survey.state]:
        raise WrongState(
            _("A survey in the state “%(before)s” cannot become “%(after)s”.")
            % {"before": SurveyState(survey.state).label, "after": SurveyState(to).label}
        )


def change_state(*, survey: Survey, to: str, user: User | None) -> Survey:
    """Move the survey one step on; the only place that does. Raises WrongState where the step does not exist."""
    before = survey.state
    require_step(survey, to)
    if not Survey.objects.filter(pk=survey.pk, state=before).update(state=to):
        raise WrongState(_("Somebody else changed the survey meanwhile. Load the page again."))
    survey.state = to
    audit.record("submissions.survey_state", survey, user=user, before={"state": before}, after={"state": to})
    return survey


@transaction.atomic
def open_lists(*, user: User, survey: Survey) -> Survey:
    """Let the participants enter their lists."""
    require_officer(user, survey.round)
    RespondentList.objects.bulk_create(
        [RespondentList(survey=survey, participant=participant) for participant in survey.round.participants.all()],
        ignore_conflicts=True,
    )
    return change_state(survey=survey, to=SurveyState.LISTS, user=user)
