"""The state of a whole round at a glance: every unit's form, appraisal and points, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from cms.models import Unit, UnitGroup, UnitTier
from cms.text import fold
from criteria_pages.scoring import IndexResult, LeafPoints, compute_index
from submissions.domain.appraisal_queue import Workload, workload_by
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import AdjustmentTotals, adjustments, final_points
from submissions.domain.progress import Progress, progress_of
from submissions.domain.units_meant import units_meant
from submissions.enums import ParticipantStatus, RoundState, SubmissionState
from submissions.models import AssessmentRound, Participant, Submission


@dataclass(frozen=True, slots=True)
class ParticipantLine:
    """One unit's line: how far the form is, how far the appraisal is, what it would come to now."""

    participant: Participant
    submission: Submission | None
    progress: Progress | None
    workload: Workload
    result: IndexResult | None

    @property
    def is_sent(self) -> bool:
        """Whether the form was sent and not given back."""
        return self.submission is not None and self.submission.state not in {
            SubmissionState.DRAFT,
            SubmissionState.SIGNED,
        }


@dataclass(frozen=True, slots=True)
class Counts:
    """How many participants are where."""

    total: int
    sent: int
    signed: int
    filling: int
    not_started: int
    not_assessed: int


def participant_lines(round: AssessmentRound, participants: Iterable[Participant]) -> list[ParticipantLine]:
    """Return the lines of some participants of the round (a page of them), in five queries beside the definitions."""
    rows = list(participants)
    submissions = {
        row.participant_id: row
        for row in Submission.objects.filter(participant__in=rows).select_related(
            "participant__unit", "participant__round__edition"
        )
    }
    progress = progress_of(submissions.values())
    work = workload_by(round, key="participant_id")
    points = final_points(round, only=[row.pk for row in rows]) if round.state != RoundState.DRAFT else {}
    extra = adjustments(round)
    lines = []
    for row in rows:
        submission = submissions.get(row.pk)
        lines.append(
            ParticipantLine(
                participant=row,
                submission=submission,
                progress=progress.get(submission.pk) if submission else None,
                workload=work.get(row.pk, Workload(0, 0)),
                result=_result(row, points.get(row.pk), extra.get(row.pk, AdjustmentTotals())),
            )
        )
    return lines


def _result(
    participant: Participant, points: dict[str, LeafPoints] | None, extra: AdjustmentTotals
) -> IndexResult | None:
    if not points or participant.status == ParticipantStatus.NOT_ASSESSED:
        return None
    return compute_index(definition_for(participant), points, bonus=extra.bonus, penalty=extra.penalty)


def counts(round: AssessmentRound) -> Counts:
    """Return how many participants are where, in one query."""
    values = list(round.participants.order_by().values_list("status", "submission__state", "pk"))
    answered = set(
        Submission.objects.filter(participant__round=round, answers__isnull=False)
        .values_list("participant_id", flat=True)
        .distinct()
    )
    tally = {"sent": 0, "signed": 0, "filling": 0, "not_started": 0, "not_assessed": 0}
    for status, state, pk in values:
        if status == ParticipantStatus.NOT_ASSESSED:
            tally["not_assessed"] += 1
        elif state == SubmissionState.SIGNED:
            tally["signed"] += 1
        elif state is not None and state != SubmissionState.DRAFT:
            tally["sent"] += 1
        else:
            tally["filling" if pk in answered else "not_started"] += 1
    return Counts(total=len(values), **tally)


def participants_matching(round: AssessmentRound, *, text: str = "", state: str = "") -> QuerySet[Participant]:
    """Return the participants whose unit matches the words and whose form is in the state, in the units' order."""
    rows = round.participants.select_related("unit__tier", "round__edition", "submission").order_by(
        "unit__tier__order", "unit__order", "unit__name"
    )
    if text.strip():
        rows = rows.filter(unit__in=Unit.objects.matching(text)) if fold(text) else rows
    if state == "not_sent":
        return rows.exclude(status=ParticipantStatus.NOT_ASSESSED).filter(
            submission__state__in=(SubmissionState.DRAFT, SubmissionState.SIGNED)
        )
    if state == "sent":
        return rows.exclude(submission__state__in=(SubmissionState.DRAFT, SubmissionState.SIGNED)).exclude(
            submission__isnull=True
        )
    if state == "not_assessed":
        return rows.filter(status=ParticipantStatus.NOT_ASSESSED)
    return rows


def units_for(
    *,
    owner: Unit,
    tiers: Iterable[UnitTier],
    groups: Iterable[UnitGroup],
    named: Iterable[str],
    below_owner: bool,
    day: dt.date,
) -> list[Unit]:
    """Return the units valid on the day that the tiers and groups name, and the single ones by name or code.

    `below_owner` keeps of the tiers and groups only units under the owner. Raises `SubmissionError` as `units_meant`.
    """
    valid = Unit.objects.valid_on(day)
    chosen: dict[int, Unit] = {}
    wanted = valid.filter(tier__in=list(tiers)) | valid.filter(groups__in=list(groups))
    if below_owner:
        wanted = wanted.filter(pk__in=_below(owner))
    for unit in wanted.distinct():
        chosen[unit.pk] = unit
    chosen.update({unit.pk: unit for unit in units_meant(owner=owner, lines=named, day=day)})
    return list(chosen.values())


def _below(owner: Unit) -> set[int]:
    """Return the ids of all units under the owner, over all levels, in one query."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in Unit.objects.values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(pk)
    found: set[int] = set()
    stack = list(children.get(owner.pk, ()))
    while stack:
        pk = stack.pop()
        if pk not in found:
            found.add(pk)
            stack += children.get(pk, ())
    return found
