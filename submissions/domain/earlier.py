"""Last year's answer to a leaf, where the lineage of the criteria sets allows to speak of the same leaf."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cms.exceptions import PortalError
from cms.models import User
from criteria_pages.definition import Leaf
from criteria_pages.domain.lineage import LineageRow, lineage_between
from submissions.domain.answers import write_answer
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import input_fields, read_inputs, typed_inputs
from submissions.exceptions import SubmissionError
from submissions.models import Answer, Submission

#: How many earlier rounds of the unit are looked through for one whose criteria set is of the same line.
ROUNDS = 20


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """An answer of the unit in an earlier round, with the leaf as it was asked then and how the two leaves compare.

    `fits`: the inputs can be read by today's rule, so that they may be copied; `why_not` says why they cannot.
    """

    answer: Answer
    leaf: Leaf
    round_name: str
    row: LineageRow
    fits: bool
    why_not: str = ""


def earlier_answer(submission: Submission, code: str) -> EarlierAnswer | None:
    """Return the unit's answer to the leaf in its last earlier round of the same line of sets; None where none is.

    Nodes are followed by the lineage of the sets, whatever their codes. An answer to a leaf that is not comparable is
    no earlier answer.
    """
    participant = submission.participant
    for earlier in _earlier_rounds(submission):
        lineage = lineage_between(earlier.participant.round.edition, participant.round.edition)
        row = lineage.of(code) if lineage is not None else None
        if row is None:
            continue
        then = definition_for(earlier.participant)
        if not row.is_comparable or not then.has_leaf(row.predecessor):
            return None
        answer = Answer.objects.filter(submission=earlier, code=row.predecessor).select_related("submission").first()
        if answer is None:
            return None
        why_not = _why_not(answer, then.leaf(row.predecessor), definition_for(participant).leaf(code))
        return EarlierAnswer(
            answer=answer,
            leaf=then.leaf(row.predecessor),
            round_name=earlier.participant.round.name,
            row=row,
            fits=not why_not,
            why_not=why_not,
        )
    return None


def copy_earlier_answer(*, user: User, submission: Submission, code: str) -> Answer:
    """Copy the earlier answer into a leaf that has none yet, as if it were typed; return the stored answer.

    Raises `SubmissionError` where there is no earlier answer or its inputs do not fit, and what the gate raises.
    """
    earlier = earlier_answer(submission, code)
    if earlier is None:
        raise SubmissionError(_("There is no earlier answer that could be copied."), code="no_earlier_answer")
    if not earlier.fits:
        raise SubmissionError(earlier.why_not, code="earlier_does_not_fit")
    return write_answer(
        user=user,
        submission=submission,
        code=code,
        expected_version=0,
        inputs=typed_inputs(earlier.leaf, earlier.answer.inputs),
        explanation=earlier.answer.explanation,
    )


def _earlier_rounds(submission: Submission) -> list[Submission]:
    participant = submission.participant
    return list(
        Submission.objects.filter(
            participant__unit_id=participant.unit_id, participant__round__year__lt=participant.round.year
        )
        .select_related("participant__unit", "participant__round__edition__predecessor")
        .defer(
            "participant__round__edition__definition_json",
            "participant__round__edition__predecessor__definition_json",
        )
        .order_by("-participant__round__year", "-pk")[:ROUNDS]
    )


def _why_not(answer: Answer, then: Leaf, now: Leaf) -> str:
    """Return why the inputs cannot be copied; empty where they can."""
    if not answer.inputs:
        return _("Nothing was filled in then.")
    if [(f.name, f.kind) for f in input_fields(then)] != [(f.name, f.kind) for f in input_fields(now)]:
        return _("The criterion asks for other inputs now.")
    try:
        reading = read_inputs(leaf=now, typed=typed_inputs(now, answer.inputs))
    except PortalError as error:
        return error.message
    return "" if reading.outcome is not None else _("An input that is asked for now is missing.")
