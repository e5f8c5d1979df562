"""All scores of a round as rows for a workbook: every leaf of every unit, as it stands, read in steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import IO, Any

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


def score_rows(round: AssessmentRound, *, progress: Progress | None = None) -> Iterator[Row]:
    """Yield one row per unit and leaf, in the order of units and criteria; memory stays flat."""
    for participants, entries in _steps(round, progress):
        for participant in participants:
            known = entries.get(participant.pk, {})
            for leaf in definition_for(participant).leaves:
                own, counts = known.get(leaf.code, (None, None))
                yield (
                    round.code,
                    participant.unit.code,
                    participant.unit_name or participant.unit.name,
                    leaf.code,
                    leaf.name,
                    leaf.maximum,
                    own.points if own else None,
                    counts.points if counts else None,
                    "" if counts is None else _("no") if counts.points is None else _("yes"),
                    counts.get_stage_display() if counts else "",
                    counts.reason if counts else "",
                )


def total_rows(round: AssessmentRound) -> Iterator[Row]:
    """Yield one row per unit: status, points, maximum, index, bonus, penalty, leaves without points."""
    extra = adjustments(round)
    for participants, entries in _steps(round, None):
        for participant in participants:
            yield _total(participant, entries.get(participant.pk, {}), extra.get(participant.pk, AdjustmentTotals()))


def _total(
    participant: Participant,
    entries: dict[str, tuple[ScoreEntry | None, ScoreEntry | None]],
    extra: AdjustmentTotals,
) -> Row:
    names = (participant.unit.code, participant.unit_name or participant.unit.name, participant.get_status_display())
    if participant.status == ParticipantStatus.NOT_ASSESSED:
        return (*names, None, None, None, None, None, None, participant.reason)
    points = {
        code: LeafPoints(entry.points, entry.points is not None, entry.stage)
        for code, (_own, entry) in entries.items()
        if entry is not None
    }
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
) -> Iterator[tuple[list[Participant], dict[int, dict[str, tuple[ScoreEntry | None, ScoreEntry | None]]]]]:
    """Yield participants in steps with (self entry, entry that counts) of their leaves: two queries a step."""
    rows = round.participants.select_related("unit").order_by("unit__order", "unit__name", "pk")
    ids = list(rows.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        wanted = ids[start : start + BATCH]
        by_id = {row.pk: row for row in rows.filter(pk__in=wanted)}
        for participant in by_id.values():
            participant.round = round
        found: dict[int, dict[str, tuple[ScoreEntry | None, ScoreEntry | None]]] = {}
        for entry in ScoreEntry.objects.filter(participant_id__in=wanted).order_by("pk").iterator(5000):
            leaves = found.setdefault(entry.participant_id, {})
            own, counts = leaves.get(entry.code, (None, None))
            if counts is None or STAGE_ORDER[entry.stage] >= STAGE_ORDER[counts.stage]:
                counts = entry
            leaves[entry.code] = (entry if entry.stage == Stage.SELF else own, counts)
        yield [by_id[pk] for pk in wanted], found
        if progress is not None:
            progress(min(start + BATCH, len(ids)), len(ids), "")


def export_round_scores(round: AssessmentRound, target: str | IO[bytes], *, progress: Progress | None = None) -> None:
    """Write the round's scores as a workbook with two sheets: the units' totals, and every leaf."""
    notes = [round.name, _("State: %(state)s") % {"state": round.get_state_display()}]
    if round.illustrative:
        notes.append(_("Illustrative figures: invented for demonstration, not results of any body."))
    write_xlsx(
        target,
        sheets=[
            Sheet(
                name=_("Scores"),
                headers=score_headers(),
                rows=score_rows(round, progress=progress),
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
                rows=total_rows(round),
                notes=notes,
                widths=[18, 36, 20, 12, 12, 14, 10, 10, 12, 40],
                text_columns=frozenset({0}),
            ),
        ],
    )
