"""What a criterion came to for the units in the last published round, where the lineage lets the two be compared."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from criteria_pages.domain.lineage import lineage_between
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import final_points
from submissions.enums import RoundState
from submissions.models import AssessmentRound

# What is public is the matter of the room that publishes; until it says so nothing is.
_published: list[Callable[[AssessmentRound], bool]] = []


def register_publication(is_published: Callable[[AssessmentRound], bool]) -> None:
    """Let a room above say whether the result of a round is public now."""
    _published.append(is_published)


def is_published(round: AssessmentRound) -> bool:
    """Whether the result of a round is public now."""
    return any(asked(round) for asked in _published)


@dataclass(frozen=True, slots=True)
class EarlierResult:
    """What a unit had in the last finished round: points (None: does not apply), the maximum then, which round."""

    points: Decimal | None
    maximum: Decimal
    round_name: str


def earlier_results(round: AssessmentRound, code: str, units: Collection[int]) -> dict[int, EarlierResult]:
    """Return unit id -> result of the same criterion in the last finished round of the same organiser.

    Empty where there was none, where its result is not public yet (nothing of it is seen before its time), or where the
    lineage of the criteria sets does not let the two be compared. Units that had no points then are left out. A fixed
    number of queries for any number of units.
    """
    rows = AssessmentRound.objects.filter(owner=round.owner_id, year__lt=round.year, state=RoundState.FINALISED)
    earlier = rows.select_related("edition__predecessor").order_by("-year", "-pk").first()
    lineage = lineage_between(earlier.edition, round.edition) if earlier is not None else None
    row = lineage.of(code) if lineage is not None else None
    if earlier is None or row is None or not row.is_comparable or not is_published(earlier):
        return {}
    then = earlier.participants.filter(unit__in=list(units)).select_related("unit__tier")
    by_pk = {participant.pk: participant for participant in then}
    found: dict[int, EarlierResult] = {}
    for pk, points in final_points(earlier, only=list(by_pk)).items():
        participant = by_pk[pk]
        participant.round = earlier
        definition = definition_for(participant)
        leaf_points = points.get(row.predecessor)
        if leaf_points is not None and definition.has_leaf(row.predecessor):
            maximum = definition.leaf(row.predecessor).maximum
            found[participant.unit_id] = EarlierResult(leaf_points.points, maximum, earlier.name)
    return found
