"""Figures of a satisfaction survey held elsewhere: entered centrally by Excel, scaled like all other answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.definitions import definition_for
from submissions.domain.survey.setup import require_officer
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Participant, Survey, SurveyFigure, SurveyGroup
from submissions.survey_enums import GroupRule, SurveyState
from submissions.survey_scoring import ClassTally, LeafTally


def require_enterable(*, user: User, group: SurveyGroup) -> None:
    """Raise unless the user may enter figures for the group now: survey officer, the right kind of group, in time."""
    require_officer(user, group.survey.round)
    if group.rule != GroupRule.ENTERED:
        raise SubmissionError(_("Figures are entered only for groups that are surveyed elsewhere."), code="not_entered")
    if group.survey.state in {SurveyState.DRAFT, SurveyState.RESULTS}:
        raise WrongState(_("Figures can be entered from the opening of the lists until the points are in the index."))


def survey_codes(participant: Participant) -> list[str]:
    """Return the criteria of a participant that are scored by survey."""
    return [leaf.code for leaf in definition_for(participant).leaves if leaf.scorer == "survey"]


def store_figures(*, user: User, group: SurveyGroup, figures: Sequence[SurveyFigure]) -> None:
    """Store figures in place of those that stand for the same unit and criterion."""
    require_enterable(user=user, group=group)
    SurveyFigure.objects.bulk_create(
        figures,
        update_conflicts=True,
        unique_fields=["group", "unit", "code"],
        update_fields=["respondents", "mean", "entered_by", "entered_at"],
    )
    audit.record(
        "submissions.survey_figures", group.survey, user=user, after={"group": group.code, "figures": len(figures)}
    )


def entered_tallies(survey: Survey) -> dict[int, list[ClassTally]]:
    """Return {unit id: sums of its groups that were surveyed elsewhere}, exact: the sum is mean times respondents."""
    found: dict[int, dict[str, ClassTally]] = defaultdict(dict)
    for row in survey.figures.filter(respondents__gte=survey.minimum_group).select_related("group"):
        tally = found[row.unit_id].setdefault(row.group.code, ClassTally((row.group.code,), row.group.weight))
        tally.respondents = max(tally.respondents, row.respondents)
        tally.leaves[row.code] = LeafTally(row.respondents, row.respondents, row.mean * row.respondents)
    return {unit: list(groups.values()) for unit, groups in found.items()}
