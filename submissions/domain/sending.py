"""Sending: what the leader approved becomes the unit's self-assessment, with a receipt and entries in the ledger."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.models import User
from submissions.domain import ledger
from submissions.domain.content import content_of, content_sha256
from submissions.domain.gate import check_write, lock_submission
from submissions.domain.progress import submission_progress
from submissions.domain.sign_off import require_complete, valid_sign_off
from submissions.domain.submission_state import change_state
from submissions.enums import Basis, Stage, SubmissionState, WriteAction
from submissions.exceptions import WrongState
from submissions.models import Answer, Receipt, Submission


def send(*, user: User, submission: Submission) -> Receipt:
    """Send the form: state, receipt and the ledger's self entries in one transaction; return the receipt.

    Raises what the gate raises (`AlreadySent` with the first receipt on a second sending), `Incomplete`, and
    `WrongState` where the content is not the one that the leader signed.
    """
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=None, action=WriteAction.SEND)
        signed = valid_sign_off(locked)
        if signed is None:
            raise WrongState(_("The unit's leader has not signed off the form yet."), code="not_signed")
        require_complete(submission_progress(locked))
        digest = content_sha256(content_of(locked))
        if digest != signed.content_sha256:
            raise WrongState(
                _("The form is not the one that %(leader)s signed off. It must be signed off again.")
                % {"leader": signed.signed_by},
                code="not_what_was_signed",
            )
        now = clock.now()
        receipt = Receipt.objects.create(
            submission=locked,
            number=_next_number(locked),
            sign_off=signed,
            content_sha256=digest,
            sent_by=user,
            sent_at=now,
        )
        _write_ledger(locked, user=user)
        change_state(submission=locked, to=SubmissionState.SENT, user=user)
        audit.record("submissions.send", receipt, user=user, after={"number": receipt.number, "sha256": digest})
    return receipt


def reopen(*, user: User, submission: Submission, reason: str) -> Receipt:
    """Bring a sent form back to its draft; return the receipt whose sending is reopened.

    Nothing becomes writable by this alone: only extensions that name the receipt in `reopens` open leaves again. The
    sign-off of the sending stays with its receipt and no longer counts for the next one. Called by
    `submissions.domain.extensions`, which checks who may. Raises `WrongState` where nothing was sent.
    """
    with transaction.atomic():
        locked = lock_submission(submission.pk)
        receipt = last_receipt(locked)
        if receipt is None:
            raise WrongState(_("The form was not sent yet; there is nothing to reopen."), code="not_sent")
        if locked.state != SubmissionState.DRAFT:
            change_state(submission=locked, to=SubmissionState.DRAFT, user=user, reason=reason)
        signed = valid_sign_off(locked)
        if signed is not None:
            signed.voided_at = clock.now()
            signed.void_reason = _("Reopened: %(reason)s") % {"reason": reason[:450]}
            signed.save(update_fields=["voided_at", "void_reason"])
            audit.record("submissions.sign_off_voided", signed, user=user, after={"reason": signed.void_reason})
    return receipt


def last_receipt(submission: Submission) -> Receipt | None:
    """Return the newest receipt of a form, None where it was never sent."""
    return (
        Receipt.objects.filter(submission=submission)
        .select_related("sign_off__signed_by", "sign_off__scan", "sent_by")
        .order_by("-sent_at", "-pk")
        .first()
    )


def find_receipt(text: str) -> Receipt | None:
    """Return the receipt with the number or token, for the public verification page; None where there is none."""
    typed = text.strip()
    rows = Receipt.objects.select_related("submission__participant__round", "submission__participant__unit")
    try:
        return rows.filter(token=uuid.UUID(typed)).first()
    except ValueError:
        return rows.filter(number=typed.upper()).first()


def _next_number(submission: Submission) -> str:
    """Year, participant and how often the form was sent: known, readable, unique."""
    participant = submission.participant
    times = Receipt.objects.filter(submission=submission).count() + 1
    return f"{participant.round.year}-{participant.pk:06d}-{times:02d}"


def _write_ledger(submission: Submission, *, user: User) -> None:
    """Enter the self-scores; after a reopening only those that changed."""
    participant = submission.participant
    newest: dict[str, tuple[object, dict[str, str]]] = {}
    for code, points, inputs in (
        participant.score_entries.filter(stage=Stage.SELF).order_by("pk").values_list("code", "points", "inputs")
    ):
        newest[code] = (points, inputs)
    entries = []
    for answer in Answer.objects.filter(submission=submission).order_by("code"):
        counts = answer.self_points is not None or not answer.self_applicable
        if not counts or newest.get(answer.code) == (answer.self_points, answer.inputs):
            continue
        entries.append(
            ledger.NewEntry(
                participant=participant,
                code=answer.code,
                stage=Stage.SELF,
                points=answer.self_points if answer.self_applicable else None,
                basis=Basis.RULE if answer.self_applicable else Basis.NOT_APPLICABLE,
                actor=user,
                inputs=answer.inputs,
            )
        )
    ledger.append_many(entries)
