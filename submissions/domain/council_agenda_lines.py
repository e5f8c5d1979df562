"""The agenda as people read it: each item with its criterion, its scores and what was decided, in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from criteria_pages.definition import Leaf
from submissions.council_enums import ItemState, MotionState
from submissions.domain.definitions import definition_for
from submissions.enums import STAGE_ORDER, Stage
from submissions.models import AgendaItem, CouncilDecision, CouncilMotion, CouncilSession, ScoreEntry


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """One item: its leaf (None for a unit's matter), claim, appraised points, the points that count, last decision."""

    item: AgendaItem
    leaf: Leaf | None
    claim: ScoreEntry | None
    appraised: ScoreEntry | None
    current: ScoreEntry | None
    decision: CouncilDecision | None
    is_voting: bool


@dataclass(frozen=True, slots=True)
class AgendaCounts:
    """How many items of a session stand where."""

    total: int
    open: int
    decided: int
    put_off: int


def agenda_lines(session: CouncilSession, items: Iterable[AgendaItem]) -> list[AgendaLine]:
    """Return the lines of some items of the session (a page of them), in three queries beside the definitions."""
    listed = list(items)
    entries = _entries(listed)
    decisions = {
        decision.item_id: decision
        for decision in CouncilDecision.objects.filter(item__in=listed).select_related("motion").order_by("number")
    }
    voting = set(
        CouncilMotion.objects.filter(session=session, state=MotionState.VOTING).values_list("item_id", flat=True)
    )
    lines = []
    for item in listed:
        item.participant.round = session.round
        definition = definition_for(item.participant)
        own = entries[item.participant_id, item.code]
        lines.append(
            AgendaLine(
                item=item,
                leaf=definition.leaf(item.code) if item.code and definition.has_leaf(item.code) else None,
                claim=_newest(own, (Stage.SELF, Stage.EXPLANATION)),
                appraised=_newest(own, (Stage.SURVEY, Stage.CENTRAL, Stage.APPRAISAL_1, Stage.APPRAISAL_2)),
                current=_newest(own, tuple(Stage)),
                decision=decisions.get(item.pk),
                is_voting=item.pk in voting,
            )
        )
    return lines


def _entries(items: Iterable[AgendaItem]) -> dict[tuple[int, str], list[ScoreEntry]]:
    wanted = {(item.participant_id, item.code) for item in items if item.code}
    found: dict[tuple[int, str], list[ScoreEntry]] = defaultdict(list)
    rows = ScoreEntry.objects.filter(
        participant__in={pk for pk, _code in wanted}, code__in={code for _pk, code in wanted}
    )
    for entry in rows.order_by("pk"):
        if (entry.participant_id, entry.code) in wanted:
            found[entry.participant_id, entry.code].append(entry)
    return found


def _newest(entries: Iterable[ScoreEntry], stages: tuple[str, ...]) -> ScoreEntry | None:
    chosen = [entry for entry in entries if entry.stage in stages]
    return max(chosen, key=lambda entry: (STAGE_ORDER[entry.stage], entry.pk), default=None)


def agenda_counts(session: CouncilSession) -> AgendaCounts:
    """Return how many items of the session stand where, in one query."""
    states = list(session.items.order_by().values_list("state", flat=True))
    return AgendaCounts(
        total=len(states),
        open=states.count(ItemState.OPEN),
        decided=states.count(ItemState.DECIDED),
        put_off=states.count(ItemState.POSTPONED) + states.count(ItemState.TAKEN_OFF),
    )


def difference(line: AgendaLine) -> Decimal | None:
    """Return appraised minus claimed points; None where one is missing."""
    if line.claim is None or line.appraised is None or line.claim.points is None or line.appraised.points is None:
        return None
    return line.appraised.points - line.claim.points
