"""Many decisions in one transaction, through the same gate and the same rules as one: Excel imports and commands.

Rows of all submissions concerned are locked first; what the gate asks is read once. Nothing is stored by looking.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.models import User
from cms.permissions import has_role
from criteria_pages.definition import Leaf, plain
from submissions.domain.appraisal import CLAIMS, accepted_decision, require_settling_reason, set_decision
from submissions.domain.appraisal_gate import GateFacts, look
from submissions.domain.central_scores import ROLES_OF, STAGE_OF, central_leaf, check_central_state
from submissions.domain.conflicts import barred_unit_ids, refuse_own_unit
from submissions.domain.ledger import NewEntry, append_many, check_points, quantise
from submissions.domain.second_reading_state import close_differences, is_blind
from submissions.enums import STAGE_ORDER, Basis
from submissions.exceptions import SubmissionError
from submissions.models import AppraisalDraft, AssessmentRound, Participant, ScoreEntry, Submission


class LedgerRow(NamedTuple):
    """What a decision needs to know of an entry; rows of a whole round are held, so no objects of the model."""

    pk: int
    code: str
    stage: str
    points: Decimal | None
    inputs: Mapping[str, str]
    reason: str


class Known(NamedTuple):
    """What the ledger says of a leaf: the entry that counts and the newest claim of the unit."""

    current: LedgerRow | None = None
    claim: LedgerRow | None = None


_UNKNOWN = Known()


class ScoreBatch:
    """Decisions of one person in one round. `lock` takes the rows of all forms (needs a transaction)."""

    def __init__(self, *, user: User, round: AssessmentRound, lock: bool) -> None:
        self.user, self.round = user, round
        self._submissions = self._read_submissions(lock)
        if lock:
            # As it is after the wait for the locks.
            round.refresh_from_db(fields=["state", "version"])
        self.facts = GateFacts(user, round)
        self._barred = barred_unit_ids(user, round)
        self._known: dict[tuple[int, str], Known] = {}
        self._may: dict[str, bool] = {
            scorer: any(has_role(user, role, round.owner) for role in roles) for scorer, roles in ROLES_OF.items()
        }
        entries = ScoreEntry.objects.filter(participant__round=round).order_by("pk")
        for participant_id, *values in entries.values_list(
            "participant_id", "pk", "code", "stage", "points", "inputs", "reason"
        ).iterator(5000):
            self._note(participant_id, LedgerRow(*values))

    def _read_submissions(self, lock: bool) -> dict[int, Submission]:
        rows = Submission.objects.filter(participant__round=self.round)
        if lock:
            if not connection.in_atomic_block:
                raise RuntimeError("A batch is stored inside one transaction.")
            # Lock first, read after: what is joined to a lock is as it was before the wait (PostgreSQL).
            list(rows.select_for_update().order_by("pk").values_list("pk"))
            self.round.refresh_from_db(fields=["state"])
        rows = rows.select_related("participant__unit")
        found = {row.participant_id: row for row in rows}
        for row in found.values():
            row.participant.round = self.round
        return found

    def _note(self, participant_id: int, entry: LedgerRow) -> None:
        key = (participant_id, entry.code)
        known = self._known.get(key, _UNKNOWN)
        counts = known.current is None or STAGE_ORDER[entry.stage] >= STAGE_ORDER[known.current.stage]
        self._known[key] = Known(
            current=entry if counts else known.current,
            claim=entry if entry.stage in CLAIMS else known.claim,
        )

    def current(self, participant: Participant, code: str) -> LedgerRow | None:
        """Return the entry that counts for a leaf; to its second reader, until the reading is given, the claim."""
        known = self._known.get((participant.pk, code), _UNKNOWN)
        reading = self.facts.readings.get((participant.pk, code))
        return known.claim if reading is not None and is_blind(reading, self.user) else known.current

    def appraise(
        self,
        participant: Participant,
        code: str,
        *,
        points: Decimal | None,
        reason: str = "",
        public_note: str = "",
        now: dt.datetime | None = None,
    ) -> NewEntry:
        """Return the entry of an agency's decision: points equal to the unit's claim accept it, others need a reason.

        `points` None accepts the claim. Raises what the gate and `set_decision` raise.
        """
        submission = self._submissions.get(participant.pk)
        if submission is None:
            raise SubmissionError(
                _("%(unit)s has sent no self-assessment.") % {"unit": participant.unit.name}, code="not_sent"
            )
        passed = look(facts=self.facts, submission=submission, code=code, now=now)
        claim = self._known.get((participant.pk, code), _UNKNOWN).claim
        same = (
            claim is not None and claim.points is not None and points is not None and claim.points == quantise(points)
        )
        if points is None or (same and not reason.strip()):
            decision = accepted_decision(claim, passed.leaf)
        else:
            decision = set_decision(passed.leaf, points=points, inputs=None, reason=reason)
        require_settling_reason(passed, reason)
        return NewEntry(
            participant=submission.participant,
            code=code,
            stage=passed.stage,
            points=decision.points,
            basis=decision.basis,
            actor=self.user,
            inputs=decision.inputs,
            reason=reason.strip(),
            public_note=public_note.strip(),
            agency=passed.agency,
        )

    def enter(self, participant: Participant, code: str, *, points: Decimal, reason: str = "") -> NewEntry:
        """Return the entry of points that are entered centrally or come from the survey; a change needs a reason."""
        submission = self._submissions.get(participant.pk)
        who = submission.participant if submission is not None else participant
        leaf: Leaf = central_leaf(who, code)
        if not self._may[leaf.scorer]:
            roles = ", ".join(str(Role(role).label) for role in ROLES_OF[leaf.scorer])
            raise PermissionRefused(_("This needs the role: %(roles)s.") % {"roles": roles})
        refuse_own_unit(who.unit, self._barred)
        check_central_state(who)
        check_points(code, points, leaf.maximum)
        current = self.current(who, code)
        if current is not None and not reason.strip():
            raise SubmissionError(
                _("%(code)s: changing points that were entered needs a reason.") % {"code": code}, code="reason_missing"
            )
        return NewEntry(
            participant=who,
            code=code,
            stage=STAGE_OF[leaf.scorer],
            points=points,
            basis=Basis.IMPORTED if current is None else Basis.SET,
            actor=self.user,
            inputs={"points": plain(points)},
            reason=reason.strip(),
            agency=self.round.owner,
        )

    def store(self, entries: Iterable[NewEntry], *, now: dt.datetime | None = None) -> list[ScoreEntry]:
        """Append the entries and write one audit entry that names their range in the ledger."""
        stored = append_many(entries, now=now)
        if stored:
            close_differences(self.round)
            keys = [(entry.participant_id, entry.code) for entry in stored]
            AppraisalDraft.objects.drop_decided(self.user, self.round, keys)
            audit.record(
                "submissions.scores_imported",
                self.round,
                user=self.user,
                after={"entries": len(stored), "first": stored[0].pk, "last": stored[-1].pk},
                codes=sorted({entry.code for entry in stored}),
            )
        return stored


@dataclass(frozen=True, slots=True)
class RowDecision:
    """One row of many: `points` None accepts the unit's claim."""

    participant: Participant
    code: str
    points: Decimal | None = None
    reason: str = ""
    public_note: str = ""


def record_appraisals(
    *, user: User, round: AssessmentRound, decisions: Iterable[RowDecision], now: dt.datetime | None = None
) -> list[ScoreEntry]:
    """Store many decisions of an appraiser, all or nothing; raises the first refusal."""
    with transaction.atomic():
        batch = ScoreBatch(user=user, round=round, lock=True)
        entries = [
            batch.appraise(
                row.participant, row.code, points=row.points, reason=row.reason, public_note=row.public_note, now=now
            )
            for row in decisions
        ]
        return batch.store(entries, now=now)


def record_central_many(
    *, user: User, round: AssessmentRound, rows: Iterable[RowDecision], now: dt.datetime | None = None
) -> list[ScoreEntry]:
    """Store many points that are entered centrally or come from the survey, all or nothing."""
    with transaction.atomic():
        batch = ScoreBatch(user=user, round=round, lock=True)
        entries = [
            batch.enter(row.participant, row.code, points=row.points or Decimal(0), reason=row.reason) for row in rows
        ]
        return batch.store(entries, now=now)
