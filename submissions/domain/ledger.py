"""The score ledger: the only way in, and the reads that everything else rests on.

A total is a pure function of ledger, edition and adjustments (DESIGN invariant 6). Rows are added by `append` and
`append_many` alone; the database refuses changes and deletions. Each row carries a hash of its own content, so a row
altered behind the software's back can be named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cms import clock
from cms.compiled import Compiled
from cms.models import StoredFile, Unit, User
from cms.numbers import exact
from criteria_pages.definition import Definition
from criteria_pages.scoring import LeafPoints, to_grain
from submissions.domain.definitions import definition_for
from submissions.enums import STAGE_ORDER, AdjustmentKind, Basis, RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Adjustment, AssessmentRound, Participant, ScoreEntry

BATCH = 500
_CONTENT = (
    "participant_id",
    "code",
    "stage",
    "points",
    "basis",
    "inputs",
    "reason",
    "public_note",
    "agency_id",
    "actor_id",
    "created_at",
)
_ADJUSTMENT_CONTENT = (
    "participant_id",
    "kind",
    "points",
    "reason",
    "evidence_id",
    "withdraws_id",
    "actor_id",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What goes into the ledger: one score of one leaf at one stage."""

    participant: Participant
    code: str
    stage: str
    points: Decimal | None
    basis: str
    actor: User | None
    inputs: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    public_note: str = ""
    agency: Unit | None = None


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """Where a round's ledger stands: the newest rows, the number of entries, and the hash over all contents."""

    last_id: int
    last_adjustment_id: int
    entries: int
    sha256: str


@dataclass(frozen=True, slots=True)
class AdjustmentTotals:
    """Sums of a participant's bonus and penalty points that were not withdrawn; the definition's caps come later."""

    bonus: Decimal = Decimal(0)
    penalty: Decimal = Decimal(0)


def quantise(points: Decimal) -> Decimal:
    """Return points at the ledger's fixed quantum (six places, half up)."""
    return to_grain(points)


def append(
    *,
    participant: Participant,
    code: str,
    stage: str,
    points: Decimal | None,
    basis: str,
    actor: User | None,
    inputs: Mapping[str, str] | None = None,
    reason: str = "",
    public_note: str = "",
    agency: Unit | None = None,
    now: dt.datetime | None = None,
) -> ScoreEntry:
    """Add one score to the ledger and return it.

    Raises `SubmissionError` where points and basis contradict each other or the points lie outside 0..maximum, and
    `WrongState` where the round is finalised. Who may score is the business of the callers' gates.
    """
    entry = NewEntry(
        participant=participant,
        code=code,
        stage=stage,
        points=points,
        basis=basis,
        actor=actor,
        inputs=inputs or {},
        reason=reason,
        public_note=public_note,
        agency=agency,
    )
    return append_many([entry], now=now)[0]


def append_many(
    entries: Iterable[NewEntry], *, now: dt.datetime | None = None, correction: bool = False
) -> list[ScoreEntry]:
    """Add many scores in one insert; the same refusals as `append`, and nothing is stored where one is refused.

    `correction` lets a decision after publication into the ledger of a finalised round; releases pin the ledger's
    position, so what was published before stays reproducible.
    """
    moment = now or clock.now()
    definitions: dict[int, Definition] = {}
    rows = []
    for entry in entries:
        participant = entry.participant
        if participant.pk not in definitions:
            _refuse_finalised(participant.round, correction=correction)
            definitions[participant.pk] = definition_for(participant)
        _refuse_contradictions(entry, definitions[participant.pk])
        rows.append(_row(entry, moment))
    with transaction.atomic():
        return ScoreEntry.objects.bulk_create(rows, batch_size=BATCH * 4)


def _row(entry: NewEntry, moment: dt.datetime) -> ScoreEntry:
    row = ScoreEntry(
        participant=entry.participant,
        code=entry.code,
        stage=entry.stage,
        points=None if entry.points is None else quantise(entry.points),
        basis=entry.basis,
        inputs=dict(entry.inputs),
        reason=entry.reason,
        public_note=entry.public_note,
        agency=entry.agency,
        actor=entry.actor,
        created_at=moment,
    )
    row.sha256 = entry_sha256(row)
    return row


def _refuse_finalised(round: AssessmentRound, *, correction: bool) -> None:
    if round.state == RoundState.FINALISED and not correction:
        raise WrongState(_("The round “%(round)s” is finalised; its scores no longer change.") % {"round": round.name})


def _refuse_contradictions(entry: NewEntry, definition: Definition) -> None:
    if not definition.has_leaf(entry.code):
        raise SubmissionError(
            _("Criterion %(code)s does not exist or is not asked of %(unit)s.")
            % {"code": entry.code, "unit": entry.participant.unit.name},
            code="unknown_code",
        )
    if (entry.points is None) != (entry.basis == Basis.NOT_APPLICABLE):
        raise SubmissionError(
            _("%(code)s: a score needs points, unless the criterion does not apply.") % {"code": entry.code},
            code="points_missing",
        )
    if entry.points is not None:
        check_points(entry.code, entry.points, definition.leaf(entry.code).maximum)
    if entry.basis == Basis.SET and not entry.reason.strip():
        raise SubmissionError(
            _("%(code)s: a score that differs needs a reason.") % {"code": entry.code}, code="reason_missing"
        )


def check_points(code: str, points: Decimal, maximum: Decimal) -> None:
    """Refuse points that are no number, below 0 or above the leaf's maximum."""
    if not points.is_finite() or not Decimal(0) <= points <= maximum:
        raise SubmissionError(
            _("%(code)s: the points must lie between 0 and %(maximum)s.") % {"code": code, "maximum": exact(maximum)},
            code="points_out_of_range",
        )


def entry_sha256(entry: ScoreEntry) -> str:
    """Return the hash of an entry's content (everything but its number and the hash itself)."""
    return _content_sha256(tuple(getattr(entry, name) for name in _CONTENT))


def _content_sha256(values: tuple[Any, ...]) -> str:
    return hashlib.sha256("\x1f".join(map(_plain, values)).encode()).hexdigest()


def _plain(value: object) -> str:
    if value is None:
        return "\x00"
    if isinstance(value, Decimal):
        return format(quantise(value), "f")
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if value else "{}"
    return str(value)


# --- reads ------------------------------------------------------------------------------------------------------------
def final_points(
    round: AssessmentRound, *, upto: int | None = None, only: Iterable[int] | None = None
) -> dict[int, dict[str, LeafPoints]]:
    """Return the points that count, by participant and leaf code: the latest stage, within it the newest entry.

    Every participant of the round is a key, also without entries; `only` names the participants to read. `upto` reads
    the ledger as it stood when that entry was its newest. One query, and one more per 500 participants.
    """
    return dict(iter_final_points(round, upto=upto, only=only))


def iter_final_points(
    round: AssessmentRound, *, upto: int | None = None, only: Iterable[int] | None = None
) -> Iterator[tuple[int, dict[str, LeafPoints]]]:
    """Yield (participant id, leaf points) in steps of 500 participants, so that memory stays flat."""
    participants = round.participants.order_by("pk")
    if only is not None:
        participants = participants.filter(pk__in=list(only))
    ids = list(participants.values_list("pk", flat=True))
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        best: dict[int, dict[str, LeafPoints]] = {pk: {} for pk in batch}
        rows = _until(ScoreEntry.objects.filter(participant_id__in=batch), upto).order_by("pk")
        for pk, code, stage, points in rows.values_list("participant_id", "code", "stage", "points").iterator(5000):
            leaves = best[pk]
            known = leaves.get(code)
            if known is None or STAGE_ORDER[stage] >= STAGE_ORDER[known.stage]:
                leaves[code] = LeafPoints(points=points, applicable=points is not None, stage=stage)
        yield from best.items()


def current_entries(participant: Participant) -> dict[str, ScoreEntry]:
    """Return the entry that counts for each leaf of one participant, in one query."""
    best: dict[str, ScoreEntry] = {}
    for entry in participant.score_entries.select_related("actor", "agency").order_by("pk"):
        known = best.get(entry.code)
        if known is None or STAGE_ORDER[entry.stage] >= STAGE_ORDER[known.stage]:
            best[entry.code] = entry
    return best


def current_entry(participant: Participant, code: str) -> ScoreEntry | None:
    """Return the entry that counts for one leaf, or None where there is none yet."""
    entries = list(ScoreEntry.objects.filter(participant=participant, code=code).order_by("pk"))
    return max(entries, key=lambda entry: (STAGE_ORDER[entry.stage], entry.pk), default=None)


_trail = Compiled(
    lambda participant, code: (
        ScoreEntry.objects.filter(participant_id=participant, code=code)
        .select_related("actor", "agency")
        .order_by("pk")
    ),
    int,
    str,
)


def trail(participant: Participant, code: str) -> list[ScoreEntry]:
    """Return all entries of a leaf, oldest first, with actor and agency: the story of the score."""
    return _trail.all(participant.pk, code)


def ledger_head(round: AssessmentRound) -> LedgerHead:
    """Return where the round's ledger stands now; a release pins it."""
    last = _last_id(ScoreEntry.objects.filter(participant__round=round))
    last_adjustment = _last_id(Adjustment.objects.filter(participant__round=round))
    digest, count = _ledger_digest(round, upto=last, adjustments_upto=last_adjustment)
    return LedgerHead(last_id=last, last_adjustment_id=last_adjustment, entries=count, sha256=digest)


def ledger_sha256(round: AssessmentRound, *, upto: int | None = None, adjustments_upto: int | None = None) -> str:
    """Return the hash over the contents of all entries and adjustments of the round, recomputed from the rows."""
    return _ledger_digest(round, upto=upto, adjustments_upto=adjustments_upto)[0]


def _last_id(rows: QuerySet[Any]) -> int:
    return rows.order_by("-pk").values_list("pk", flat=True).first() or 0


def _ledger_digest(round: AssessmentRound, *, upto: int | None, adjustments_upto: int | None) -> tuple[str, int]:
    digest = hashlib.sha256()
    count = 0
    rows = _until(ScoreEntry.objects.filter(participant__round=round), upto)
    for values in rows.order_by("pk").values_list(*_CONTENT).iterator(5000):
        digest.update(_content_sha256(values).encode())
        count += 1
    others = _until(Adjustment.objects.filter(participant__round=round), adjustments_upto)
    for values in others.order_by("pk").values_list(*_ADJUSTMENT_CONTENT):
        digest.update(_content_sha256(values).encode())
    return digest.hexdigest(), count


def _until(rows: QuerySet[Any], upto: int | None) -> QuerySet[Any]:
    return rows if upto is None else rows.filter(pk__lte=upto)


def tampered_entries(round: AssessmentRound, *, upto: int | None = None) -> list[ScoreEntry]:
    """Return the entries whose content no longer has the hash it was stored with."""
    rows = _until(ScoreEntry.objects.filter(participant__round=round), upto).order_by("pk")
    wrong = [
        pk
        for pk, sha256, *values in rows.values_list("pk", "sha256", *_CONTENT).iterator(5000)
        if sha256 != _content_sha256(tuple(values))
    ]
    return list(ScoreEntry.objects.filter(pk__in=wrong).select_related("participant__unit", "actor"))


# --- bonus and penalty ------------------------------------------------------------------------------------------------
def append_adjustment(
    *,
    participant: Participant,
    kind: str,
    points: Decimal,
    reason: str,
    actor: User,
    evidence: StoredFile | None = None,
    withdraws: Adjustment | None = None,
    now: dt.datetime | None = None,
) -> Adjustment:
    """Add a bonus, a penalty or a withdrawal; who may is checked by `submissions.domain.adjustments`."""
    row = Adjustment(
        participant=participant,
        kind=kind,
        points=quantise(points),
        reason=reason,
        actor=actor,
        evidence=evidence,
        withdraws=withdraws,
        created_at=now or clock.now(),
    )
    row.sha256 = _content_sha256(tuple(getattr(row, name) for name in _ADJUSTMENT_CONTENT))
    row.save()
    return row


def adjustments(round: AssessmentRound, *, upto: int | None = None) -> dict[int, AdjustmentTotals]:
    """Return the sums of bonus and penalty by participant id, without what was withdrawn; uncapped, one query."""
    rows = _until(Adjustment.objects.filter(participant__round=round), upto)
    data = list(rows.values_list("pk", "participant_id", "kind", "points", "withdraws_id"))
    withdrawn = {row[4] for row in data if row[4]}
    sums: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for pk, participant_id, kind, points, _withdraws in data:
        if kind != AdjustmentKind.WITHDRAWAL and pk not in withdrawn:
            sums[participant_id][kind] += points
    return {
        pk: AdjustmentTotals(bonus=part[AdjustmentKind.BONUS], penalty=part[AdjustmentKind.PENALTY])
        for pk, part in sums.items()
    }
