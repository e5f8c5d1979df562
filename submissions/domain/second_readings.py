"""A second reader on a sample of an agency's decisions: drawn once, read blind, and never changing a score by itself.

The draw can be done again by anybody: the leaves decided up to the ledger's position are put in the order of
SHA-256("seed:unit:leaf") and the first ones of the share are taken.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms import audit, clock
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role
from submissions.domain.appraisal_gate import APPRAISABLE
from submissions.domain.appraisal_queue import CLAIMS, DECISIONS, Workload
from submissions.domain.appraisers import agencies_in, appraisers_of
from submissions.domain.conflicts import Conflicts, barred_unit_ids, refuse_own_unit
from submissions.domain.round_access import may_read_scores
from submissions.domain.second_reading_state import readings
from submissions.enums import ParticipantStatus, ReadingState, RoundState, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, Participant, ScoreEntry, SecondReading, SecondReadingSample

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who could read: the person, for which agency, and the units that a conflict of interest closes."""

    user: User
    agency: Unit
    barred: frozenset[int]

    def may_read(self, participant: Participant, decided_by: Iterable[int | None]) -> bool:
        """Whether the person neither decided on the leaf nor has a conflict of interest with the unit."""
        return participant.unit_id not in self.barred and self.user.pk not in decided_by


def readers_of(round: AssessmentRound, agency: Unit) -> list[Reader]:
    """Return the appraisers of the agency who could read blind: whoever reads the round's points anyway is left out."""
    people = [person for person in appraisers_of(agency) if not may_read_scores(person, round)]
    return [Reader(person, agency, frozenset(Conflicts(person, round).unit_ids())) for person in people]


def decided_leaves(round: AssessmentRound, agency: Unit, *, upto: int | None = None) -> QuerySet[ScoreEntry]:
    """Return the agency's decisions that count, as the ledger stood at `upto`; later claims and councils outdate one.

    Only of units that are assessed and whose form is sent; what another agency's sample has is not read twice.
    """
    until = Q() if upto is None else Q(pk__lte=upto)
    later = ScoreEntry.objects.filter(
        until,
        participant=OuterRef("participant"),
        code=OuterRef("code"),
        stage__in=(*CLAIMS, *DECISIONS, Stage.COUNCIL),
        pk__gt=OuterRef("pk"),
    )
    other = SecondReading.objects.filter(participant=OuterRef("participant"), code=OuterRef("code")).exclude(
        sample__agency=agency
    )
    return (
        ScoreEntry.objects.filter(until, participant__round=round, stage__in=DECISIONS, agency=agency)
        .filter(participant__submission__state__in=APPRAISABLE)
        .exclude(participant__status=ParticipantStatus.NOT_ASSESSED)
        .filter(~Exists(later), ~Exists(other))
        .select_related("participant__unit")
    )


def drawn(entries: Iterable[ScoreEntry], *, share: int, seed: str) -> list[ScoreEntry]:
    """Return the sample of the decisions: the share, rounded up, in the order of the draw. Pure."""
    rows = list(entries)
    number = -(-len(rows) * share // 100)
    return sorted(rows, key=lambda row: _rank(seed, row))[:number]


def _rank(seed: str, entry: ScoreEntry) -> str:
    return hashlib.sha256(f"{seed}:{entry.participant.unit.code}:{entry.code}".encode()).hexdigest()


def draw_again(sample: SecondReadingSample) -> list[ScoreEntry]:
    """Return the sample drawn again from its share, seed and ledger position, to compare with its readings."""
    rows = decided_leaves(sample.round, sample.agency, upto=sample.last_entry)
    return drawn(rows, share=sample.share, seed=sample.seed)


def draw_sample(
    *, round: AssessmentRound, agency: Unit, reading_agency: Unit, share: int, user: User, seed: str = ""
) -> SecondReadingSample:
    """Draw the share (percent) of the agency's decisions and give each to a reader of the reading agency.

    Drawn once per agency; the readers with the fewest come first. `seed` is for tests, else it is made here. Raises
    `PermissionRefused` unless the user is of the round's secretariat, `WrongState` outside the appraisal,
    `SubmissionError` for a share outside 1..100, where it is drawn already, nothing is decided yet, or nobody may read
    some of what was drawn.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    if not 1 <= share <= 100:
        raise SubmissionError(_("The share lies between 1 and 100 percent."), code="share")
    with transaction.atomic():
        locked = _lock(round)
        if SecondReadingSample.objects.filter(round=locked, agency=agency).exists():
            raise SubmissionError(
                _("The sample of %(agency)s is drawn already; it is drawn once.") % {"agency": agency.name},
                code="drawn_already",
            )
        rows = list(decided_leaves(locked, agency))
        if not rows:
            raise SubmissionError(
                _("%(agency)s has decided nothing yet that could be read again.") % {"agency": agency.name},
                code="nothing_decided",
            )
        chosen_seed = seed or secrets.token_hex(8)
        chosen = drawn(rows, share=share, seed=chosen_seed)
        given = _give(locked, chosen, readers_of(locked, reading_agency), reading_agency)
        sample = SecondReadingSample.objects.create(
            round=locked,
            agency=agency,
            reading_agency=reading_agency,
            share=share,
            seed=chosen_seed,
            last_entry=max(row.pk for row in rows),
            population=len(rows),
            population_sha256=_population_sha256(rows),
            drawn=len(chosen),
            drawn_by=user,
            drawn_at=clock.now(),
        )
        SecondReading.objects.bulk_create(
            SecondReading(
                sample=sample,
                participant=row.participant,
                code=row.code,
                entry=row,
                reader=reader.user,
                agency=reader.agency,
            )
            for row, reader in given
        )
        audit.record(
            "submissions.second_sample",
            sample,
            user=user,
            after={
                "agency": agency.code,
                "reading_agency": reading_agency.code,
                "share": share,
                "seed": chosen_seed,
                "last_entry": sample.last_entry,
                "population": len(rows),
                "drawn": len(chosen),
            },
        )
    return sample


def _lock(round: AssessmentRound) -> AssessmentRound:
    """Lock the round, so that no sample is drawn twice and none while the round goes on."""
    locked = AssessmentRound.objects.select_for_update(of=("self",)).select_related("owner", "edition").get(pk=round.pk)
    if locked.state != RoundState.APPRAISAL:
        raise WrongState(
            _("The round “%(round)s” is in the state “%(state)s”: second readings belong to the appraisal.")
            % {"round": locked.name, "state": RoundState(locked.state).label},
            code="round_state",
        )
    return locked


def _population_sha256(rows: Iterable[ScoreEntry]) -> str:
    names = sorted(f"{row.participant.unit.code}:{row.code}:{row.pk}" for row in rows)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _deciders(round: AssessmentRound, keys: Iterable[Key]) -> dict[Key, set[int | None]]:
    """Return everybody who ever decided on the leaves: none of them reads them a second time."""
    wanted = set(keys)
    rows = ScoreEntry.objects.filter(participant__in={pk for pk, _code in wanted}, stage__in=DECISIONS)
    found: dict[Key, set[int | None]] = defaultdict(set)
    for participant, code, actor in rows.values_list("participant_id", "code", "actor_id"):
        found[participant, code].add(actor)
    return found


def _give(
    round: AssessmentRound, rows: list[ScoreEntry], readers: list[Reader], agency: Unit
) -> list[tuple[ScoreEntry, Reader]]:
    """Return each decision with its reader; whoever has the fewest so far comes first."""
    deciders = _deciders(round, [(row.participant_id, row.code) for row in rows])
    loads: Counter[int] = Counter()
    given, left = [], []
    for row in rows:
        able = [one for one in readers if one.may_read(row.participant, deciders[row.participant_id, row.code])]
        if not able:
            left.append(row)
            continue
        reader = min(able, key=lambda one: (loads[one.user.pk], one.user.pk))
        loads[reader.user.pk] += 1
        given.append((row, reader))
    if left:
        raise SubmissionError(
            ngettext(
                "Nobody else of %(agency)s may read %(number)d of the decisions drawn (%(code)s of %(unit)s). "
                "Name another agency to read; nothing is drawn yet.",
                "Nobody else of %(agency)s may read %(number)d of the decisions drawn, for instance %(code)s of "
                "%(unit)s. Name another agency to read; nothing is drawn yet.",
                len(left),
            )
            % {
                "agency": agency.name,
                "number": len(left),
                "code": left[0].code,
                "unit": left[0].participant.unit.name,
            },
            code="no_reader",
        )
    return given


# --- changing who reads -----------------------------------------------------------------------------------------------
def move_readings(
    *, round: AssessmentRound, rows: Iterable[SecondReading], reader: User, reason: str, user: User
) -> list[SecondReading]:
    """Give open readings to another appraiser of an agency in the round; return those that changed hands.

    Raises `PermissionRefused` unless the user is of the secretariat and works for none of the units, `WrongState`
    outside the appraisal, `SubmissionError` without a reason, for somebody who appraises for no agency here, and where
    the person decided on a chosen leaf, has a conflict of interest with its unit, or had to read it before.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _require_reason(reason, _("Give the reason why another appraiser reads."))
    with transaction.atomic():
        locked = _lock(round)
        able = next((one for agency in agencies_in(locked) for one in readers_of(locked, agency)
                     if one.user.pk == reader.pk), None)  # fmt: skip
        if able is None:
            raise SubmissionError(
                _("%(person)s is no appraiser of an agency of this round, or reads its points anyway.")
                % {"person": reader},
                code="other_agency",
            )
        moved = []
        for row in _open_rows(locked, rows, user):
            deciders = _deciders(locked, [(row.participant_id, row.code)])[row.participant_id, row.code]
            if not able.may_read(row.participant, deciders):
                raise SubmissionError(
                    _("%(person)s decided on %(code)s of %(unit)s or has a conflict of interest with the unit.")
                    % {"person": reader, "code": row.code, "unit": row.participant.unit.name},
                    code="no_reader",
                )
            if row.reader_id != reader.pk:
                _refuse_former(row, reader)
                row.former_readers.add(row.reader_id)
                before = {"reader": row.reader_id}
                row.reader, row.agency, row.change_reason = reader, able.agency, reason.strip()
                row.save(update_fields=["reader", "agency", "change_reason"])
                _audit_change("submissions.second_reading_moved", row, user, before, {"reader": reader.pk})
                moved.append(row)
    return moved


def withdraw_readings(
    *, round: AssessmentRound, rows: Iterable[SecondReading], reason: str, user: User
) -> list[SecondReading]:
    """Take open readings out of the sample with a reason; the rows stay. Raises as `move_readings`."""
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    _require_reason(reason, _("Give the reason why it is taken out of the sample."))
    with transaction.atomic():
        locked = _lock(round)
        taken = _open_rows(locked, rows, user)
        for row in taken:
            row.state, row.change_reason = ReadingState.WITHDRAWN, reason.strip()
            row.save(update_fields=["state", "change_reason"])
            before, after = {"state": str(ReadingState.OPEN)}, {"state": str(ReadingState.WITHDRAWN)}
            _audit_change("submissions.second_reading_withdrawn", row, user, before, after)
    return taken


def _open_rows(round: AssessmentRound, rows: Iterable[SecondReading], user: User) -> list[SecondReading]:
    """Lock those of the readings that are still to be given; refuse whoever works for the unit of one of them."""
    found = SecondReading.objects.select_for_update(of=("self",)).filter(
        sample__round=round, state=ReadingState.OPEN, pk__in=[row.pk for row in rows]
    )
    opened = list(found.select_related("participant__unit", "sample").order_by("pk"))
    barred = barred_unit_ids(user, round)
    for row in opened:
        refuse_own_unit(row.participant.unit, barred)
    return opened


def _refuse_former(row: SecondReading, reader: User) -> None:
    """Since the reading was taken from somebody the decision is open to that person, who cannot read blind again."""
    if row.former_readers.filter(pk=reader.pk).exists():
        raise SubmissionError(
            _("%(person)s was to read %(code)s of %(unit)s before and may have seen the decision since.")
            % {"person": reader, "code": row.code, "unit": row.participant.unit.name},
            code="former_reader",
        )


def _require_reason(reason: str, sentence: str) -> None:
    if not reason.strip():
        raise SubmissionError(sentence, code="reason_missing")


def _audit_change(
    action: str, row: SecondReading, user: User, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    audit.record(action, row, user=user, before=before, after=after, code=row.code, reason=row.change_reason)


# --- reads ------------------------------------------------------------------------------------------------------------
def samples_of(round: AssessmentRound) -> QuerySet[SecondReadingSample]:
    """Return the round's samples with their agencies."""
    return SecondReadingSample.objects.filter(round=round).select_related("agency", "reading_agency", "drawn_by")


def readings_of(user: User, round: AssessmentRound) -> QuerySet[SecondReading]:
    """Return what the person reads as second reader in the round, waiting ones first."""
    rows = readings(round).filter(reader=user).exclude(state=ReadingState.WITHDRAWN)
    return rows.select_related("participant__unit", "compared", "agency").order_by(
        F("read_at").asc(nulls_first=True), "participant__unit__order", "participant__unit__name", "code"
    )


def readings_waiting(user: User, round: AssessmentRound) -> Workload:
    """Return how many of the person's second readings in the round are given, in one query."""
    rows = SecondReading.objects.filter(reader=user, sample__round=round).exclude(state=ReadingState.WITHDRAWN)
    counts = rows.aggregate(total=Count("pk"), done=Count("pk", filter=Q(state=ReadingState.READ)))
    return Workload(done=counts["done"], total=counts["total"])


def reading_loads(round: AssessmentRound) -> dict[int, list[tuple[User, Workload]]]:
    """Return by reading agency how much each person has read of what was drawn, by name; two queries."""
    rows = SecondReading.objects.filter(sample__round=round).exclude(state=ReadingState.WITHDRAWN)
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for agency, reader, state in rows.values_list("agency_id", "reader_id", "state"):
        sums[agency, reader][0] += state == ReadingState.READ
        sums[agency, reader][1] += 1
    people = User.objects.in_bulk({reader for _agency, reader in sums})
    found: dict[int, list[tuple[User, Workload]]] = defaultdict(list)
    for (agency, reader), (done, total) in sums.items():
        found[agency].append((people[reader], Workload(done=done, total=total)))
    return {agency: sorted(loads, key=lambda load: str(load[0])) for agency, loads in found.items()}
