"""An appraiser's draft of a decision or of a second reading: kept while it is typed, by the gate of the act itself."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from cms import clock
from cms.models import User
from submissions.domain.appraisal_gate import GateFacts, lock_participant, look
from submissions.domain.inputs import clean_text
from submissions.domain.ledger import current_entry
from submissions.domain.second_reader import look_at_reading, newest_claim
from submissions.domain.second_reading_state import is_blind
from submissions.exceptions import StaleWrite
from submissions.models import AppraisalDraft, AssessmentRound, Participant, ScoreEntry, Submission


def draft_of(user: User, participant: Participant, code: str) -> AppraisalDraft | None:
    """Return the person's own draft for a leaf."""
    return AppraisalDraft.objects.of(user, participant, code).first()


def drafted_leaves(user: User, round: AssessmentRound) -> set[tuple[int, str]]:
    """Return (participant, code) of the leaves for which the person has a draft."""
    rows = AppraisalDraft.objects.filter(author=user, participant__round=round)
    return set(rows.values_list("participant_id", "code"))


def keep_draft(
    *,
    user: User,
    participant: Participant,
    code: str,
    values: Mapping[str, str],
    expected_version: int,
    seen_entry: int | None,
    write_id: uuid.UUID | None = None,
    own_writes: Collection[uuid.UUID] = (),
) -> AppraisalDraft:
    """Store what the person has typed for a leaf, as text by field; nothing of it is read, scored or audited.

    The same rules as for a unit's answer: the same content again does no harm, `own_writes` are earlier writes whose
    acknowledgement was lost. `seen_entry` is the entry that the person sees as the newest (a second reader: the unit's
    claim). Raises what the gate of a decision or of a second reading raises, and `StaleWrite` where somebody decided
    meanwhile, or where the person stored a newer draft on another screen.
    """
    with transaction.atomic():
        submission = lock_participant(participant)
        facts = GateFacts(user, submission.participant.round)
        newest = _newest(facts, submission, code)
        typed = {name: clean_text(value) for name, value in values.items()}
        draft = AppraisalDraft.objects.of(user, participant, code).select_for_update(of=("self",)).first()
        version = draft.version if draft else 0
        if (newest.pk if newest else None) != seen_entry:
            raise _decided_meanwhile(newest, version=version, typed=typed)
        if draft is not None and draft.values == typed and draft.seen_entry == seen_entry:
            return draft
        if draft is not None and version != expected_version and draft.write_id not in own_writes:
            raise _newer_draft(draft, typed=typed)
        draft = draft or AppraisalDraft(author=user, participant=participant, code=code)
        draft.values, draft.seen_entry, draft.write_id = typed, seen_entry, write_id
        draft.version, draft.updated_at = version + 1, clock.now()
        draft.save()
    return draft


def discard_draft(*, user: User, participant: Participant, code: str) -> None:
    """Throw the person's own draft for a leaf away."""
    AppraisalDraft.objects.of(user, participant, code).delete()


def _newest(facts: GateFacts, submission: Submission, code: str) -> ScoreEntry | None:
    """Ask the gate and return the entry that the person sees as the newest."""
    participant = submission.participant
    reading = facts.readings.get((participant.pk, code))
    if reading is not None and is_blind(reading, facts.user):
        look_at_reading(facts=facts, submission=submission, reading=reading)
        return newest_claim(participant, code)
    look(facts=facts, submission=submission, code=code)
    return current_entry(participant, code)


def _decided_meanwhile(newest: ScoreEntry | None, *, version: int, typed: Mapping[str, str]) -> StaleWrite:
    current: dict[str, object] = {"version": version, "entry": newest.pk if newest else None}
    if newest is not None:
        current |= {"points": newest.points, "reason": newest.reason, "actor": str(newest.actor or "")}
    return StaleWrite(
        _("Another score counts for this criterion by now. Your draft is not stored; see what counts first."),
        current=current,
        typed=typed,
        code="decided",
    )


def _newer_draft(draft: AppraisalDraft, *, typed: Mapping[str, str]) -> StaleWrite:
    return StaleWrite(
        _("You stored a newer draft for this criterion on another screen. Both are shown; choose or join them."),
        current={**draft.values, "version": draft.version, "entry": draft.seen_entry},
        typed=typed,
    )
