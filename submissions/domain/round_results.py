"""The index of every unit of a round, recomputed from the ledger in steps: memory stays flat beyond the results."""

from __future__ import annotations

from collections.abc import Iterator

from criteria_pages.scoring import IndexResult, compute_index
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import BATCH, AdjustmentTotals, adjustments, iter_final_points
from submissions.enums import ParticipantStatus
from submissions.models import AssessmentRound, Participant


def iter_results(
    round: AssessmentRound, *, upto: int | None = None, adjustments_upto: int | None = None
) -> Iterator[tuple[Participant, IndexResult | None]]:
    """Yield every participant with its index result; None for one that is not assessed, which is never zero.

    `upto` and `adjustments_upto` read the ledger as it stood (see `ledger_head`). The trace of a leaf is made on
    demand by `submissions.domain.leaf_story` and is not kept here.
    """
    extra = adjustments(round, upto=adjustments_upto)
    waiting: dict[int, Participant] = {}
    for pk, points in iter_final_points(round, upto=upto):
        if pk not in waiting:
            waiting = _next(round, pk)
        participant = waiting[pk]
        if participant.status == ParticipantStatus.NOT_ASSESSED:
            yield participant, None
            continue
        totals = extra.get(pk, AdjustmentTotals())
        yield (
            participant,
            compute_index(definition_for(participant), points, bonus=totals.bonus, penalty=totals.penalty),
        )


def _next(round: AssessmentRound, pk: int) -> dict[int, Participant]:
    rows = Participant.objects.filter(round=round, pk__gte=pk).select_related("unit").order_by("pk")[:BATCH]
    found = {row.pk: row for row in rows}
    for row in found.values():
        row.round = round
    return found
