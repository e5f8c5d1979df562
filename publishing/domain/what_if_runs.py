"""Assumptions about rounds that are too big for a page: computed by a job, kept for whoever asked, cleared away later.

What comes out is a file of the job and nothing else: no release, no entry of the ledger, no step from there to either.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.domain.files import read_chunks
from cms.jobs import enqueue
from cms.models import JobRun, StoredFile, User
from publishing.domain.what_if import Assumption, Line, check_assumption
from submissions.domain.round_access import require_scores
from submissions.models import AssessmentRound

TASK = "publishing.what_if"
KEPT = dt.timedelta(days=7)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A unit as it stands and as it would stand, as the screen shows it and the file keeps it."""

    unit_code: str
    unit: str
    tier: str
    rank_now: int | None
    rank_assumed: int | None
    index_now: Decimal | None
    index_assumed: Decimal | None
    class_now: str
    class_assumed: str

    @property
    def moves(self) -> int:
        """How many ranks the unit would climb; negative: fall; 0 where it has no rank in one of the two."""
        if self.rank_now is None or self.rank_assumed is None:
            return 0
        return self.rank_now - self.rank_assumed


def row_of(line: Line) -> Row:
    """Return what is shown of a line."""
    subject = line.now.subject
    return Row(
        unit_code=subject.unit_code,
        unit=subject.unit_name,
        tier=subject.tier_name,
        rank_now=line.now.rank,
        rank_assumed=line.then.rank,
        index_now=line.now.index,
        index_assumed=line.then.index,
        class_now=line.now.class_code,
        class_assumed=line.then.class_code,
    )


def order_what_if(*, round: AssessmentRound, user: User, now: Assumption, then: Assumption) -> JobRun:
    """Order the computation of an assumption; return the run.

    Raises `PermissionRefused` unless the user reads the round's points before publication, `PublishingError` for what
    cannot be assumed.
    """
    require_scores(user, round)
    check_assumption(round, then)
    with transaction.atomic():
        run = enqueue(
            TASK,
            arguments={"round_id": round.pk, "now": to_json(now), "then": to_json(then)},
            key=f"what-if-{round.pk}-{user.pk}-{clock.now():%Y%m%d%H%M%S%f}",
            user=user,
            title=_("What if: %(round)s") % {"round": round.name},
        )
        audit.record("publishing.what_if", round, user=user, after=to_json(then), job=run.pk)
    return run


def runs_of(*, user: User, round: AssessmentRound) -> list[JobRun]:
    """Return the user's own assumptions about the round that are still kept, newest first."""
    rows = JobRun.objects.filter(task=TASK, created_by=user, arguments__round_id=round.pk)
    return list(rows.select_related("result_file").order_by("-pk")[:SHOWN])


def run_of(*, user: User, round: AssessmentRound, pk: int) -> JobRun | None:
    """Return one of the user's own assumptions about the round; None where it is another's, or cleared away."""
    rows = JobRun.objects.filter(task=TASK, created_by=user, arguments__round_id=round.pk, pk=pk)
    return rows.select_related("result_file").first()


def drop_old() -> int:
    """Delete the assumptions whose time is over, with their files; return how many. Safe to run at any time."""
    old = JobRun.objects.filter(task=TASK, created_at__lt=clock.now() - KEPT)
    number = 0
    for run in old.select_related("result_file"):
        with transaction.atomic():
            stored = run.result_file
            run.delete()
            if stored is not None:
                stored.delete()
        number += 1
    return number


def to_json(rules: Assumption) -> dict[str, Any]:
    """Return an assumption as plain data; `from_json` reads it back."""
    return {
        "tie_rule": rules.tie_rule,
        "rank_scope": rules.rank_scope,
        "classes": [dict(one) for one in rules.classes],
        "maxima": {code: format(maximum, "f") for code, maximum in rules.maxima.items()},
    }


def from_json(data: Mapping[str, Any]) -> Assumption:
    """Return the assumption that `to_json` wrote."""
    maxima = {code: Decimal(text) for code, text in data["maxima"].items()}
    return Assumption(data["tie_rule"], data["rank_scope"], data["classes"], maxima)


_NAMES = [field.name for field in fields(Row)]


def write_rows(rows: Iterable[Row]) -> bytes:
    """Return the rows as CSV, exact; spreadsheets know by the mark at its start that it is UTF-8."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(_NAMES)
    for row in rows:
        values = (getattr(row, name) for name in _NAMES)
        writer.writerow(["" if value is None else str(value) for value in values])
    return target.getvalue().encode("utf-8-sig")


def read_rows(stored: StoredFile) -> list[Row]:
    """Return the rows that `write_rows` wrote."""
    text = b"".join(read_chunks(stored)).decode("utf-8-sig")
    return [_row(line) for line in csv.DictReader(io.StringIO(text))]


def _row(line: Mapping[str, str]) -> Row:
    return Row(
        unit_code=line["unit_code"],
        unit=line["unit"],
        tier=line["tier"],
        rank_now=int(line["rank_now"]) if line["rank_now"] else None,
        rank_assumed=int(line["rank_assumed"]) if line["rank_assumed"] else None,
        index_now=Decimal(line["index_now"]) if line["index_now"] else None,
        index_assumed=Decimal(line["index_assumed"]) if line["index_assumed"] else None,
        class_now=line["class_now"],
        class_assumed=line["class_assumed"],
    )
