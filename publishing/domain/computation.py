"""What a release holds, computed: from an edition, the ledger up to an entry and the units' pinned facts.

The same function builds a release, previews it and verifies it later, so that all three agree by construction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from criteria_pages.definition import Definition, UnitFacts
from criteria_pages.models import CriteriaEdition
from criteria_pages.scoring import IndexResult, LeafPoints, compute_index
from publishing.enums import EntryStatus, RankScope
from publishing.ranking import ClassBand, Result, classify, rank
from submissions.domain import ledger
from submissions.domain.definitions import definition_of, facts_json, pinned_facts
from submissions.enums import STAGE_ORDER, Stage
from submissions.models import AssessmentRound, ScoreEntry

INDEX_QUANTUM = Decimal("0.000000000001")
BATCH = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """A unit as the release names it, with the facts that decide what applies to it."""

    participant_id: int
    unit_id: int
    unit_code: str
    unit_name: str
    tier_code: str
    tier_name: str
    group_codes: tuple[str, ...]
    facts: Mapping[str, Any]
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeafTrace:
    """What the ledger says about a leaf beside its points: the unit's own score, inputs and the public note."""

    self_points: Decimal | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    public_note: str = ""


@dataclass(frozen=True, slots=True)
class ComputedScore:
    """Points of one node of one unit. A maximum of 0 means that the node does not apply to the unit."""

    code: str
    level: int
    points: Decimal | None
    maximum: Decimal
    stage: str = ""
    self_points: Decimal | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    public_note: str = ""


@dataclass(frozen=True, slots=True)
class ComputedEntry:
    """One unit's line: exact index, rank, class, and the points of each node. `missing`: leaves without points."""

    subject: Subject
    points: Decimal | None = None
    maximum: Decimal | None = None
    bonus: Decimal = Decimal(0)
    penalty: Decimal = Decimal(0)
    index: Decimal | None = None
    rank: int | None = None
    rank_of: int | None = None
    class_code: str = ""
    scores: tuple[ComputedScore, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def stored_index(self) -> Decimal | None:
        """The index at the 12 places that the release keeps."""
        return None if self.index is None else self.index.quantize(INDEX_QUANTUM, rounding=ROUND_HALF_UP)


def subjects_of_round(round: AssessmentRound) -> list[Subject]:
    """Return the round's participants as subjects, with today's tier and group names and the pinned facts."""
    participants = round.participants.select_related("unit__tier").prefetch_related("unit__groups", "unit__attributes")
    return [
        Subject(
            participant_id=participant.pk,
            unit_id=participant.unit_id,
            unit_code=participant.unit.code,
            unit_name=participant.unit_name or participant.unit.name,
            tier_code=participant.unit.tier.code,
            tier_name=participant.unit.tier.name,
            group_codes=tuple(sorted(group.code for group in participant.unit.groups.all())),
            facts=facts_json(pinned_facts(participant)),
            status=participant.status,
            reason=participant.reason,
        )
        for participant in participants.order_by("pk")
    ]


def compute_entries(
    *,
    round: AssessmentRound,
    edition: CriteriaEdition,
    subjects: Sequence[Subject],
    ledger_until: int | None = None,
    adjustments_until: int | None = None,
) -> Iterator[ComputedEntry]:
    """Yield each subject's entry without rank and class, in steps that keep memory flat."""
    adjustments = ledger.adjustments(round, upto=adjustments_until)
    by_participant = {subject.participant_id: subject for subject in subjects}
    for batch in _batches(ledger.iter_final_points(round, upto=ledger_until)):
        traces = _traces([pk for pk, _points in batch], upto=ledger_until)
        for participant_id, points in batch:
            subject = by_participant.get(participant_id)
            if subject is None:
                continue
            totals = adjustments.get(participant_id, ledger.AdjustmentTotals())
            yield _entry(edition, subject, points, totals, traces.get(participant_id, {}))


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _traces(participant_ids: list[int], *, upto: int | None) -> dict[int, dict[str, LeafTrace]]:
    """Return self points, inputs and public note of every leaf: of the entry that counts, or of what it confirms.

    A note on other points than those that count is not carried on: it would give the reason of another score.
    """
    rows = ScoreEntry.objects.filter(participant_id__in=participant_ids).order_by("pk")
    if upto is not None:
        rows = rows.filter(pk__lte=upto)
    found: dict[int, dict[str, LeafTrace]] = {pk: {} for pk in participant_ids}
    stages: dict[tuple[int, str], int] = {}
    counted: dict[tuple[int, str], Decimal | None] = {}
    values = rows.values_list("participant_id", "code", "stage", "points", "inputs", "public_note")
    for pk, code, stage, points, inputs, note in values.iterator(5000):
        trace = found[pk].get(code, LeafTrace())
        if stage == Stage.SELF:
            trace = replace(trace, self_points=points)
        if STAGE_ORDER[stage] >= stages.get((pk, code), -1):
            stages[pk, code] = STAGE_ORDER[stage]
            kept = trace.public_note if points == counted.get((pk, code)) else ""
            counted[pk, code] = points
            trace = replace(trace, inputs=inputs or trace.inputs, public_note=note or kept)
        found[pk][code] = trace
    return found


@lru_cache(maxsize=2048)
def _definition(edition_sha256: str, facts: str) -> Definition:
    data = json.loads(facts)
    return _whole[edition_sha256].for_unit(
        UnitFacts(data["code"], data["tier"], frozenset(data["groups"]), frozenset(data["attributes"]))
    )


_whole: dict[str, Definition] = {}


def definition_for_facts(edition: CriteriaEdition, facts: Mapping[str, Any]) -> Definition:
    """Return the part of the edition that was asked of a unit with these facts."""
    _whole[edition.sha256] = definition_of(edition)
    return _definition(edition.sha256, json.dumps(dict(facts), sort_keys=True))


def _entry(
    edition: CriteriaEdition,
    subject: Subject,
    points: Mapping[str, LeafPoints],
    totals: ledger.AdjustmentTotals,
    traces: Mapping[str, LeafTrace],
) -> ComputedEntry:
    if subject.status == EntryStatus.NOT_ASSESSED:
        return ComputedEntry(subject=subject)
    definition = definition_for_facts(edition, subject.facts)
    asked = {leaf.code: points[leaf.code] for leaf in definition.leaves if leaf.code in points}
    result = compute_index(definition, asked, bonus=totals.bonus, penalty=totals.penalty)
    return ComputedEntry(
        subject=subject,
        points=result.points,
        maximum=result.maximum,
        bonus=result.bonus,
        penalty=result.penalty,
        index=result.index,
        scores=tuple(_scores(definition, asked, result, traces)),
        missing=result.missing,
    )


def _scores(
    definition: Definition,
    points: Mapping[str, LeafPoints],
    result: IndexResult,
    traces: Mapping[str, LeafTrace],
) -> Iterator[ComputedScore]:
    for domain in definition.domains:
        yield _node(result, domain.code, 1)
        for criterion in domain.criteria:
            if criterion.leaf is None or criterion.leaf.code != criterion.code:
                yield _node(result, criterion.code, 2)
            for leaf in criterion.leaves:
                given = points.get(leaf.code)
                if given is None:
                    continue
                trace = traces.get(leaf.code, LeafTrace())
                yield ComputedScore(
                    code=leaf.code,
                    level=leaf.level,
                    points=given.points if given.applicable else None,
                    maximum=leaf.maximum if given.applicable else Decimal(0),
                    stage=given.stage,
                    self_points=trace.self_points,
                    inputs=trace.inputs,
                    public_note=trace.public_note,
                )


def _node(result: IndexResult, code: str, level: int) -> ComputedScore:
    node = result.nodes[code]
    return ComputedScore(code=code, level=level, points=node.points if node.maximum else None, maximum=node.maximum)


def place(
    entries: Iterable[ComputedEntry], *, bands: Sequence[ClassBand], tie_rule: str, rank_scope: str
) -> list[ComputedEntry]:
    """Return the entries with rank and class, from the exact index, highest first, then by name."""
    listed = list(entries)
    placings = rank(
        (
            Result(
                key=entry.subject.unit_id,
                index=entry.index,
                ranked=entry.subject.status == EntryStatus.RANKED,
                group=entry.subject.tier_code if rank_scope == RankScope.TIER else "",
            )
            for entry in listed
        ),
        tie_rule,
    )
    placed = []
    for entry in listed:
        placing = placings[entry.subject.unit_id]
        placed.append(
            replace(
                entry,
                rank=placing.rank,
                rank_of=placing.of,
                class_code=classify(entry.index, bands, entry.subject.tier_code),
            )
        )
    return sorted(placed, key=_by_result)


def _by_result(entry: ComputedEntry) -> tuple[bool, int, Decimal, str]:
    index = entry.index if entry.index is not None else Decimal(-1)
    return (entry.rank is None, entry.rank or 0, -index, entry.subject.unit_name)
