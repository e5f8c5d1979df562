"""The queue of scores that deserve a second look, kept with what people judged about them.

A search may run again at any time. What was cleared stays cleared until another score counts for the leaf; what the
council decided is settled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import Unit, User
from cms.permissions import require_role
from submissions.council_enums import DiscrepancyKind, DiscrepancyState
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.definitions import definition_of
from submissions.domain.discrepancy_search import Found, Search
from submissions.enums import RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import AssessmentRound, Discrepancy, DiscrepancyRun

BATCH = 500


@dataclass(frozen=True, slots=True)
class DiscrepancyFilters:
    """What the address of the queue may ask."""

    kind: str = ""
    state: str = DiscrepancyState.OPEN
    domain: str = ""
    unit: int | None = None
    least: Decimal | None = None
    text: str = ""


def find_discrepancies(*, round: AssessmentRound, user: User) -> int:
    """Search the round's ledger and bring the queue up to date; return how many discrepancies are open.

    Raises `PermissionRefused` unless the user is of the round's secretariat, `WrongState` before the appraisal.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    if round.state in {RoundState.DRAFT, RoundState.OPEN}:
        raise WrongState(_("Discrepancies are searched from the appraisal on."), code="round_state")
    with transaction.atomic():
        DiscrepancyRun.objects.get_or_create(round=round, defaults={"found_at": clock.now()})
        run = DiscrepancyRun.objects.select_for_update().get(round=round)
        search = Search(round)
        _store(round, {(row.participant, row.code, row.kind): row for row in search.found()}, search)
        run.last_entry, run.found_at = search.last_entry, clock.now()
        run.save(update_fields=["last_entry", "found_at"])
        number = open_discrepancies(round).count()
        audit.record(
            "submissions.discrepancies_found", round, user=user, after={"open": number, "last_entry": run.last_entry}
        )
    return number


def _store(round: AssessmentRound, found: Mapping[tuple[int, str, str], Found], search: Search) -> None:
    known = {
        (row.participant_id, row.code, row.kind): row for row in Discrepancy.objects.filter(participant__round=round)
    }
    moment = clock.now()
    settled = search.settled()
    changed = []
    for key, row in known.items():
        now = found.get(key)
        if now is not None:
            _renew(row, now)
        elif (row.participant_id, row.code) in settled:
            row.state = DiscrepancyState.DECIDED
        elif row.state != DiscrepancyState.AGENDA:
            row.state = DiscrepancyState.GONE
        changed.append(row)
    Discrepancy.objects.bulk_update(changed, ["state", "size", "facts", "entry"], batch_size=BATCH)
    Discrepancy.objects.bulk_create(
        [
            Discrepancy(
                participant_id=row.participant,
                code=row.code,
                kind=row.kind,
                size=row.size,
                facts=dict(row.facts),
                entry_id=row.entry,
                found_at=moment,
            )
            for key, row in found.items()
            if key not in known
        ],
        batch_size=BATCH,
    )


def _renew(row: Discrepancy, now: Found) -> None:
    """A judgement stands as long as the score that was judged counts."""
    judged = row.state == DiscrepancyState.CLEARED and row.entry_id == now.entry
    if not judged and row.state != DiscrepancyState.AGENDA:
        row.state = DiscrepancyState.OPEN
    row.size, row.facts, row.entry_id = now.size, dict(now.facts), now.entry


# --- judging ----------------------------------------------------------------------------------------------------------
def clear_discrepancies(*, rows: Iterable[Discrepancy], reason: str, user: User) -> int:
    """Say why nothing is to be done about some open discrepancies of one round; return how many were cleared.

    Raises `PermissionRefused` unless the user is of the round's secretariat and works for none of the units,
    `SubmissionError` without a reason.
    """
    listed = list(rows)
    for round_ in {row.participant.round for row in listed}:
        require_role(user, Role.SECRETARIAT, unit=round_.owner)
        barred = barred_unit_ids(user, round_)
        for row in listed:
            refuse_own_unit(row.participant.unit, barred)
    if not reason.strip():
        raise SubmissionError(_("Give the reason why nothing is to be done."), code="reason_missing")
    cleared = 0
    with transaction.atomic():
        for row in listed:
            changed = Discrepancy.objects.filter(pk=row.pk, state=DiscrepancyState.OPEN, entry=row.entry_id).update(
                state=DiscrepancyState.CLEARED, reason=reason.strip(), judged_by=user, judged_at=clock.now()
            )
            if changed:
                audit.record(
                    "submissions.discrepancy",
                    row.participant,
                    user=user,
                    before={"state": row.state},
                    after={"state": str(DiscrepancyState.CLEARED), "kind": row.kind, "reason": reason.strip()},
                    code=row.code,
                )
            cleared += changed
    return cleared


# --- reads ------------------------------------------------------------------------------------------------------------
def last_search(round: AssessmentRound) -> DiscrepancyRun | None:
    """Return when the round's ledger was searched last; None where it never was."""
    return DiscrepancyRun.objects.filter(round=round).first()


def open_discrepancies(round: AssessmentRound) -> QuerySet[Discrepancy]:
    """Return what waits for somebody to look."""
    return Discrepancy.objects.filter(participant__round=round, state=DiscrepancyState.OPEN)


def discrepancies(round: AssessmentRound, filters: DiscrepancyFilters | None = None) -> QuerySet[Discrepancy]:
    """Return the discrepancies of a round by the filters, the largest first."""
    wanted = filters or DiscrepancyFilters()
    rows = Discrepancy.objects.filter(participant__round=round).select_related(
        "participant__unit", "entry", "judged_by"
    )
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.unit:
        rows = rows.filter(participant__unit=wanted.unit)
    if wanted.least is not None:
        rows = rows.filter(size__gte=wanted.least)
    if wanted.domain or wanted.text:
        rows = rows.filter(_named(round, wanted))
    return rows.order_by("-size", "participant__unit__order", "code", "pk")


def _named(round: AssessmentRound, wanted: DiscrepancyFilters) -> Q:
    leaves = [(domain.code, leaf.code) for domain in definition_of(round.edition).domains for leaf in domain.leaves]
    condition = Q()
    if wanted.domain:
        condition &= Q(code__in=[code for domain, code in leaves if domain == wanted.domain])
    if wanted.text:
        condition &= Q(participant__unit__in=Unit.objects.matching(wanted.text)) | Q(code=wanted.text.strip())
    return condition


def counts_by_kind(round: AssessmentRound) -> dict[str, int]:
    """Return how many open discrepancies there are of each kind, in one query."""
    rows = open_discrepancies(round).order_by().values("kind").annotate(number=Count("pk"))
    found = {row["kind"]: row["number"] for row in rows}
    return {str(kind): found.get(kind, 0) for kind in DiscrepancyKind}
