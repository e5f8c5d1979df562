"""All scores of a round as rows for a workbook: every leaf of every unit, as it stands, read in steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import IO, Any, NamedTuple

from django.utils.translation import gettext as _

from cms.spreadsheets import Sheet, write_xlsx
from criteria_pages.scoring import LeafPoints, compute_index
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import BATCH, AdjustmentTotals, adjustments
from submissions.enums import STAGE_ORDER, ParticipantStatus, Stage
from submissions.models import AssessmentRound, Participant, ScoreEntry

Progress = Callable[[int, int, str], None]
Row = tuple[Any, ...]


def score_headers() -> list[str]:
    """Return the headers of the sheet of scores; unit, criterion, points and reason are those of the import."""
    return [
        _("Round"),
        _("Unit code"),
        _("Unit"),
        _("Criterion code"),
        _("Criterion"),
        _("Maximum"),
        _("Self-score"),
        _("Points"),
        _("Applies"),
        _("Stage"),
        _("Reason"),
    ]


class _Standing(NamedTuple):
    """What the ledger says of a leaf: the unit's own score, and the stage, points and reason that count."""

    own: Decimal | None
    stage: str
    points: Decimal | None
    reason: str


def score_rows(
    round: AssessmentRound, *, progress: Progress | None = None, totals: list[Row] | None = None
) -> Iterator[Row]:
    """Yield one row per unit and leaf, in the order of units and criteria; memory stays flat.

    `totals` gets one row per unit on the way: status, points, maximum, index, bonus, penalty, leaves without points.
    """
    stages = {stage: str(label) for stage, label in Stage.choices}
    yes, no = _("yes"), _("no")
    extra = adjustments(round) if totals is not None else {}
    for participants, standings in _steps(round, progress):
        for participant in participants:
            known = standings.get(participant.pk, {})
            names = (round.code, participant.unit.code, participant.unit_name or participant.unit.name)
            for leaf in definition_for(participant).leaves:
                one = known.get(leaf.code)
                if one is None:
                    yield (*names, leaf.code, leaf.name, leaf.maximum, None, None, "", "", "")
                    continue
                applies = no if one.points is None else yes
                yield (
                    *names,
                    leaf.code,
                    leaf.name,
                    leaf.maximum,
                    one.own,
                    one.points,
                    applies,
                    stages[one.stage],
                    one.reason,
                )
            if totals is not None:
                totals.append(_total(participant, known, extra.get(participant.pk, AdjustmentTotals())))


def _total(participant: Participant, known: dict[str, _Standing], extra: AdjustmentTotals) -> Row:
    names = (participant.unit.code, participant.unit_name or participant.unit.name, participant.get_status_display())
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        return (*names, None, None, None, None, None, None, participant.reason)
    points = {code: LeafPoints(one.points, one.points is not None, one.stage) for code, one in known.items()}
    result = compute_index(definition_for(participant), points, bonus=extra.bonus, penalty=extra.penalty)
    return (
        *names,
        result.points,
        result.maximum,
        result.index,
        result.bonus,
        result.penalty,
        Decimal(len(result.missing)),
        participant.reason,
    )


def _steps(
    round: AssessmentRound, progress: Progress | None
) -> Iterator[tuple[list[Participant], dict[int, dict[str, _Standing]]]]:
    """Yield participants in steps with how their leaves stand: two queries a step, no objects for the ledger."""
    rows = round.participants.select_related("unit").order_by("unit__order", "unit__name", "pk")
    ids = list(rows.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        wanted = ids[start : start + BATCH]
        by_id = {row.pk: row for row in rows.filter(pk__in=wanted)}
        for participant in by_id.values():
            participant.round = round
        found: dict[int, dict[str, _Standing]] = {pk: {} for pk in wanted}
        entries = ScoreEntry.objects.filter(participant_id__in=wanted).order_by("pk")
        for pk, code, stage, points, reason in entries.values_list(
            "participant_id", "code", "stage", "points", "reason"
        ).iterator(5000):
            leaves = found[pk]
            known = leaves.get(code)
            own = points if stage == Stage.SELF else known.own if known else None
            if known is None or STAGE_ORDER[stage] >= STAGE_ORDER[known.stage]:
                leaves[code] = _Standing(own, stage, points, reason)
            elif own is not known.own:
                leaves[code] = known._replace(own=own)
        yield [by_id[pk] for pk in wanted], found
        if progress is not None:
            progress(min(start + BATCH, len(ids)), len(ids), "")


def export_round_scores(round: AssessmentRound, target: str | IO[bytes], *, progress: Progress | None = None) -> None:
    """Write the round's scores as a workbook with two sheets: the units' totals, and every leaf."""
    notes = [round.name, _("State: %(state)s") % {"state": round.get_state_display()}]
    totals: list[Row] = []  # filled while the first sheet is written, one row per unit
    if round.illustrative:
        notes.append(_("Illustrative figures: invented for demonstration, not results of any body."))
    write_xlsx(
        target,
        sheets=[
            Sheet(
                name=_("Scores"),
                headers=score_headers(),
                rows=score_rows(round, progress=progress, totals=totals),
                notes=notes,
                widths=[16, 18, 36, 12, 48, 10, 10, 10, 8, 18, 40],
                text_columns=frozenset({0, 1, 3}),
            ),
            Sheet(
                name=_("Totals"),
                headers=[
                    _("Unit code"),
                    _("Unit"),
                    _("Status"),
                    _("Points"),
                    _("Maximum"),
                    _("Index (%)"),
                    _("Bonus"),
                    _("Penalty"),
                    _("Without points"),
                    _("Note"),
                ],
                rows=totals,
                notes=notes,
                widths=[18, 36, 20, 12, 12, 14, 10, 10, 12, 40],
                text_columns=frozenset({0}),
            ),
        ],
    )
