"""Survey results of a round: tallies, group means, and the points that enter the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain import ledger
from submissions.domain.definitions import definition_for
from submissions.domain.survey.figures import entered_tallies
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tallying import class_tally
from submissions.domain.survey.watch import cancelled_units
from submissions.enums import Basis, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Participant, Survey
from submissions.survey_enums import CancelConsequence, SurveyState
from submissions.survey_scoring import ClassTally, LeafResult, score_leaves


@dataclass(frozen=True, slots=True)
class UnitResult:
    """Survey result of one participant.

    `missing`: survey leaves without a result. `cancelled`: the reason, or empty.
    """

    participant: Participant
    leaves: Mapping[str, LeafResult]
    missing: tuple[str, ...]
    respondents: int
    cancelled: str = ""


def tallies(survey: Survey) -> dict[int, list[ClassTally]]:
    """Return {unit id: sums of its groups} as they were kept when the survey closed, and as they were entered."""
    if survey.state not in {SurveyState.CLOSED, SurveyState.RESULTS}:
        raise WrongState(_("Answers can be counted only after the survey is closed."))
    found: dict[int, list[ClassTally]] = defaultdict(list)
    for row in survey.tallies.all():
        found[row.unit_id].append(class_tally(row))
    for unit_id, entered in entered_tallies(survey).items():
        found[unit_id] += entered
    return found


def unit_results(survey: Survey) -> list[UnitResult]:
    """Return the result of every participant, in the order of the round."""
    counted = tallies(survey)
    cancelled = cancelled_units(survey)
    results = []
    for participant in survey.round.participants.select_related("unit", "round__edition"):
        maxima = {leaf.code: leaf.maximum for leaf in definition_for(participant).leaves if leaf.scorer == "survey"}
        groups = counted.get(participant.unit_id, [])
        leaves = score_leaves(groups, maxima, smallest=survey.minimum_group)
        results.append(
            UnitResult(
                participant=participant,
                leaves=leaves,
                missing=tuple(code for code in maxima if code not in leaves),
                respondents=sum(group.respondents for group in groups),
                cancelled=cancelled.get(participant.unit_id, ""),
            )
        )
    return results


@transaction.atomic
def write_results(*, user: User, survey: Survey) -> int:
    """Put the survey's points into the ledger and close the survey for good. Returns the number of entries.

    Every entry carries the inputs of its sentence (answers, mean). A cancelled unit gets the declared consequence with
    the reason. Leaves without a result get no entry: they stay missing. Raises SubmissionError while a flag is
    undecided.
    """
    require_officer(user, survey.round)
    undecided = survey.incidents.filter(state__in=["flagged", "proposed"]).count()
    if undecided:
        raise SubmissionError(
            _("%(count)s signs of interference are not decided yet.") % {"count": undecided}, code="undecided"
        )
    entries = [entry for result in unit_results(survey) for entry in _entries(survey, result, user)]
    change_state(survey=survey, to=SurveyState.RESULTS, user=user)
    ledger.append_many(entries)
    audit.record("submissions.survey_results", survey, user=user, after={"entries": len(entries)})
    return len(entries)


def _entries(survey: Survey, result: UnitResult, user: User) -> list[ledger.NewEntry]:
    if result.cancelled:
        zero = survey.cancel_consequence == CancelConsequence.ZERO
        note = _("Survey results of the unit were cancelled: %(reason)s") % {"reason": result.cancelled}
        return [
            ledger.NewEntry(
                participant=result.participant,
                code=code,
                stage=Stage.SURVEY,
                points=Decimal(0) if zero else None,
                basis=Basis.SET if zero else Basis.NOT_APPLICABLE,
                reason=note,
                public_note=note,
                actor=user,
            )
            for code in [*result.leaves, *result.missing]
        ]
    return [
        ledger.NewEntry(
            participant=result.participant,
            code=leaf.code,
            stage=Stage.SURVEY,
            points=leaf.points,
            basis=Basis.RULE,
            inputs={"answers": str(leaf.answers), "mean": f"{leaf.mean:f}"},
            actor=user,
        )
        for leaf in result.leaves.values()
    ]
