"""An agency's decision on a leaf: accept the unit's score or set another with a reason. Used by desk and Excel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.exceptions import PortalError
from cms.models import User
from cms.numbers import exact, read_number
from criteria_pages.definition import Leaf, plain
from submissions.domain.appraisal_gate import AppraisalPass, GateFacts, check_appraisal
from submissions.domain.inputs import read_inputs
from submissions.domain.ledger import append, check_points, current_entry, trail
from submissions.domain.page_notes import share_notes
from submissions.domain.second_reading_state import close_difference
from submissions.enums import Basis, RequestState, Stage
from submissions.exceptions import StaleWrite, SubmissionError
from submissions.models import AppraisalDraft, ExplanationRequest, Participant, ScoreEntry

CLAIMS = (Stage.SELF, Stage.EXPLANATION)
#: Points given without corrected inputs are held to this step where the rule has none of its own.
DEFAULT_STEP = Decimal("0.01")
MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Decision:
    """What goes into the ledger for an appraiser's act."""

    points: Decimal | None
    basis: str
    inputs: Mapping[str, str]
    sentence: str


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One leaf of a batch: the participant, the code, and the entry that the appraiser saw as the newest."""

    participant: Participant
    code: str
    expected_entry_id: int | None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of a batch: entries written, and items refused with the sentence why."""

    accepted: tuple[ScoreEntry, ...]
    refused: tuple[tuple[BatchItem, str], ...]


def record_appraisal(
    *,
    user: User,
    participant: Participant,
    code: str,
    accept: bool,
    expected_entry_id: int | None,
    keep: bool = False,
    points: str | Decimal | None = None,
    inputs: Mapping[str, str] | None = None,
    reason: str = "",
    public_note: str = "",
    notes: Collection[int] = (),
    now: dt.datetime | None = None,
    facts: GateFacts | None = None,
) -> ScoreEntry:
    """Store an appraiser's decision on one leaf and return the ledger's new entry.

    `accept` takes over the unit's score, `keep` upholds the agency's own decision after an explanation. Otherwise
    `inputs` (typed text, corrected by the appraiser) are scored by the
    rule, or `points` (typed text) are set as they are; both need a `reason`. `expected_entry_id` is the entry that
    counted when the appraiser looked. `notes` are ids of notes on pages of the evidence that become part of the
    reason. Raises what the gate raises, `StaleWrite` where somebody decided meanwhile, and
    `SubmissionError` or `InputError` for points above the maximum, off the step, or without a reason.
    """
    with transaction.atomic():
        passed = check_appraisal(user=user, participant=participant, code=code, now=now, facts=facts)
        current = current_entry(passed.participant, code)
        refuse_stale(current, expected_entry_id, typed={"points": points, "inputs": inputs, "reason": reason})
        if keep:
            decision = kept_decision(passed.participant, passed.leaf)
        elif accept:
            decision = accepted_decision(claim_of(passed.participant, code), passed.leaf)
        else:
            decision = set_decision(passed.leaf, points=points, inputs=inputs, reason=reason)
        require_settling_reason(passed, reason)
        entry = append(
            participant=passed.participant,
            code=code,
            stage=passed.stage,
            points=decision.points,
            basis=decision.basis,
            inputs=decision.inputs,
            reason=reason.strip(),
            public_note=public_note.strip(),
            actor=user,
            agency=passed.agency,
            now=now,
        )
        share_notes(notes=notes, participant=passed.participant, code=code, user=user, entry=entry)
        _record(passed, current, entry, user)
        close_by_decision(request=passed.request, before=current, entry=entry, user=user, now=now)
        close_difference(passed.difference)
        AppraisalDraft.objects.of(user, passed.participant, code).delete()
    return entry


def require_settling_reason(passed: AppraisalPass, reason: str) -> None:
    """Refuse a decision over a differing second reading without a reason, whether it follows the reader or not."""
    if passed.difference is not None and not reason.strip():
        raise SubmissionError(
            _("%(code)s: the second reader sees it otherwise. Give the reason of your decision.")
            % {"code": passed.leaf.code},
            code="reason_missing",
        )


def accept_many(*, user: User, items: Iterable[BatchItem], now: dt.datetime | None = None) -> BatchResult:
    """Accept the units' scores of many leaves with one act; each item passes the gate by itself.

    What is refused (changed meanwhile, not yours, locked) is returned with its sentence; the rest is stored.
    """
    accepted: list[ScoreEntry] = []
    refused: list[tuple[BatchItem, str]] = []
    for item in items:
        try:
            entry = record_appraisal(
                user=user,
                participant=item.participant,
                code=item.code,
                accept=True,
                expected_entry_id=item.expected_entry_id,
                now=now,
            )
        except PortalError as error:
            refused.append((item, error.message))
        else:
            accepted.append(entry)
    return BatchResult(accepted=tuple(accepted), refused=tuple(refused))


def claim_of(participant: Participant, code: str) -> ScoreEntry | None:
    """Return what the unit claims for the leaf: its newest self-score, or the score of its explanation after that."""
    claims = [entry for entry in trail(participant, code) if entry.stage in CLAIMS]
    explained = [entry for entry in claims if entry.stage == Stage.EXPLANATION]
    found = explained or claims
    return found[-1] if found else None


class Claim(Protocol):
    """What a unit claims for a leaf: an entry of the ledger, or a row of it."""

    @property
    def points(self) -> Decimal | None:
        """The points claimed; None where the criterion does not apply."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """The inputs that they come from."""


def accepted_decision(claim: Claim | None, leaf: Leaf) -> Decision:
    """Return the decision that takes over the unit's claim; SubmissionError where the unit claimed nothing."""
    if claim is None:
        raise SubmissionError(
            _("%(code)s: the unit gave no score that could be accepted. Set one with a reason.") % {"code": leaf.code},
            code="nothing_to_accept",
        )
    basis = Basis.NOT_APPLICABLE if claim.points is None else Basis.ACCEPTED
    return Decision(points=claim.points, basis=basis, inputs=claim.inputs, sentence="")


def kept_decision(participant: Participant, leaf: Leaf) -> Decision:
    """Return the decision that upholds the agency's newest decision; SubmissionError where there is none."""
    decided = [
        entry for entry in trail(participant, leaf.code) if entry.stage in {Stage.APPRAISAL_1, Stage.APPRAISAL_2}
    ]
    if not decided:
        raise SubmissionError(
            _("%(code)s: there is no earlier decision that could be upheld.") % {"code": leaf.code},
            code="nothing_to_keep",
        )
    last = decided[-1]
    basis = Basis.NOT_APPLICABLE if last.points is None else Basis.ACCEPTED
    return Decision(points=last.points, basis=basis, inputs=last.inputs, sentence="")


def close_by_decision(
    *,
    request: ExplanationRequest | None,
    before: ScoreEntry | None,
    entry: ScoreEntry,
    user: User,
    now: dt.datetime | None = None,
) -> None:
    """A decision in the second appraisal ends the request: resolved where it moved or met the claim, else upheld."""
    if request is None or not request.is_standing:
        return
    claim = claim_of(entry.participant, entry.code)
    meets = claim is not None and claim.points == entry.points
    moved = before is not None and before.stage not in CLAIMS and before.points != entry.points
    outcome = RequestState.RESOLVED if meets or moved else RequestState.UPHELD
    was = request.state
    request.state, request.closed_by, request.closed_at = outcome, user, now or clock.now()
    request.closing_note = entry.reason
    request.save(update_fields=["state", "closed_by", "closed_at", "closing_note"])
    audit.record(
        "submissions.explanation_closed",
        request,
        user=user,
        before={"state": was},
        after={"state": str(outcome), "entry": entry.pk},
    )


def set_decision(
    leaf: Leaf, *, points: str | Decimal | None, inputs: Mapping[str, str] | None, reason: str
) -> Decision:
    """Return the decision that sets another score: by corrected inputs where they are given, else by points.

    Raises `SubmissionError` where nothing is set, without a reason, above the maximum, below 0 or off the step;
    `InputError` for inputs.
    """
    corrected = inputs if inputs is not None and any(value.strip() for value in inputs.values()) else None
    typed = points.strip() if isinstance(points, str) else points
    if corrected is None and typed in (None, ""):
        raise SubmissionError(
            _("%(code)s: nothing differs from the score that stands. Accept it, or correct the inputs or the points.")
            % {"code": leaf.code},
            code="points_missing",
        )
    if not reason.strip():
        raise SubmissionError(
            _("%(code)s: a score that differs needs a reason.") % {"code": leaf.code}, code="reason_missing"
        )
    if corrected is not None:
        return _by_inputs(leaf, corrected)
    number = typed if isinstance(typed, Decimal) else read_number(typed or "", largest=leaf.maximum)
    check_points(leaf.code, number, leaf.maximum)
    check_step(leaf, number)
    kept = {"points": plain(number)} if leaf.rule.kind == MANUAL else {}
    return Decision(points=number, basis=Basis.SET, inputs=kept, sentence=_("Set by the appraising agency."))


def _by_inputs(leaf: Leaf, inputs: Mapping[str, str]) -> Decision:
    reading = read_inputs(leaf=leaf, typed=inputs)
    outcome = reading.outcome
    if outcome is None:
        raise SubmissionError(
            _("%(code)s: fill in all inputs, or give the points instead.") % {"code": leaf.code}, code="inputs_missing"
        )
    if not outcome.applicable:
        return Decision(points=None, basis=Basis.NOT_APPLICABLE, inputs=reading.inputs, sentence=outcome.sentence)
    return Decision(points=outcome.points, basis=Basis.SET, inputs=reading.inputs, sentence=outcome.sentence)


def step_of(leaf: Leaf) -> Decimal:
    """Return the step on which points that are set by hand must lie."""
    if leaf.rule.kind == MANUAL and leaf.rule.params.get("step"):
        return Decimal(str(leaf.rule.params["step"]))
    return DEFAULT_STEP


def check_step(leaf: Leaf, points: Decimal) -> None:
    """Refuse points that do not lie on the leaf's step; the maximum itself is always allowed."""
    step = step_of(leaf)
    if points != leaf.maximum and points % step:
        raise SubmissionError(
            _("%(code)s: the points must be a multiple of %(step)s.") % {"code": leaf.code, "step": exact(step)},
            code="off_step",
        )


def refuse_stale(current: ScoreEntry | None, expected: int | None, *, typed: Mapping[str, object]) -> None:
    """Raise `StaleWrite` with what counts now unless the newest entry is the one that the person saw."""
    if (current.pk if current else None) == expected:
        return
    shown: dict[str, object] = {}
    if current is not None:
        shown = {
            "entry": current.pk,
            "points": current.points,
            "reason": current.reason,
            "stage": current.stage,
            "actor": str(current.actor) if current.actor_id else "",
        }
    raise StaleWrite(
        _("Somebody decided on this criterion meanwhile. See the newest decision below and decide again."),
        current=shown,
        typed=dict(typed),
    )


def _record(passed: AppraisalPass, before: ScoreEntry | None, entry: ScoreEntry, user: User) -> None:
    audit.record(
        "submissions.appraise",
        passed.submission,
        user=user,
        before={"entry": before.pk, "points": before.points, "stage": before.stage} if before else None,
        after={"entry": entry.pk, "points": entry.points, "stage": entry.stage, "basis": entry.basis},
        code=entry.code,
        agency=passed.agency.code,
    )
