"""Last year's answer to a leaf, where the lineage of the criteria set allows to speak of the same leaf."""

from __future__ import annotations

from dataclasses import dataclass

from criteria_pages.definition import Leaf
from submissions.domain.definitions import definition_for
from submissions.models import Answer, Submission


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """An answer of the unit in an earlier round, with the leaf as it was asked then."""

    answer: Answer
    leaf: Leaf
    round_name: str
    same_rule: bool


def earlier_answer(submission: Submission, code: str) -> EarlierAnswer | None:
    """Return the unit's answer to the leaf in its last earlier round with the same criteria set; None where none is.

    The lineage is the set's page: its editions follow each other and codes are immutable in it. `same_rule` says
    whether the rule and the maximum are unchanged, so that the inputs may be copied.
    """
    participant = submission.participant
    earlier = (
        Submission.objects.filter(
            participant__unit_id=participant.unit_id,
            participant__round__edition__page_id=participant.round.edition.page_id,
            participant__round__year__lt=participant.round.year,
        )
        .select_related("participant__unit", "participant__round__edition")
        .order_by("-participant__round__year", "-pk")
        .first()
    )
    if earlier is None:
        return None
    definition = definition_for(earlier.participant)
    answer = Answer.objects.filter(submission=earlier, code=code).select_related("submission").first()
    if answer is None or not definition.has_leaf(code):
        return None
    then, now = definition.leaf(code), definition_for(participant).leaf(code)
    return EarlierAnswer(
        answer=answer,
        leaf=then,
        round_name=earlier.participant.round.name,
        same_rule=then.rule == now.rule and then.maximum == now.maximum,
    )
