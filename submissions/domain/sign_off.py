"""The leader's sign-off: an approval of exactly this content, voided visibly by any later change."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import FileKind
from cms.models import StoredFile, User
from submissions.domain.content import content_of, content_sha256
from submissions.domain.gate import check_write
from submissions.domain.progress import Progress, submission_progress
from submissions.domain.submission_state import change_state
from submissions.enums import SubmissionState, WriteAction
from submissions.exceptions import Incomplete, StaleWrite, SubmissionError
from submissions.models import SignOff, Submission


def sign_off(*, user: User, submission: Submission, expected_sha256: str, scan: StoredFile | None = None) -> SignOff:
    """Approve the content of the form; return the sign-off.

    `expected_sha256` is the hash that the leader's page showed: what was not seen is not signed. Raises what the gate
    raises, `Incomplete`, and `StaleWrite` where the content has changed since the page was shown.
    """
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=None, action=WriteAction.SIGN_OFF)
        require_complete(submission_progress(locked))
        content = content_of(locked)
        digest = content_sha256(content)
        if digest != expected_sha256:
            raise StaleWrite(
                _("The form was changed after this page was shown. Read it again before you sign off."),
                current={"sha256": digest},
                typed={"sha256": expected_sha256},
            )
        if scan is not None:
            _check_scan(scan, submission=locked)
        signed = SignOff.objects.create(
            submission=locked,
            content_sha256=digest,
            content=content,
            signed_by=user,
            signed_at=clock.now(),
            scan=scan,
        )
        change_state(submission=locked, to=SubmissionState.SIGNED, user=user)
        audit.record("submissions.sign_off", signed, user=user, after={"sha256": digest})
    return signed


def void(*, user: User, submission: Submission, reason: str) -> None:
    """Take back a valid sign-off that was not sent: the leader withdraws the approval, with a reason.

    Raises what the gate raises (after the lock what was signed stays signed), `WrongState` where there is none,
    `SubmissionError` without a reason.
    """
    if not reason.strip():
        raise SubmissionError(_("Give the reason why the sign-off is taken back."), code="reason_missing")
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=None, action=WriteAction.TAKE_BACK)
        void_after_change(submission=locked, user=user, reason=reason.strip())


def void_after_change(*, submission: Submission, user: User | None, reason: str) -> None:
    """Void the valid sign-off of a form whose content has just changed; the row stays with the reason.

    Called inside the transaction of the change, with the locked submission. Does nothing where nothing is signed.
    """
    if submission.state != SubmissionState.SIGNED:
        return
    signed = valid_sign_off(submission)
    if signed is not None:
        signed.voided_at = clock.now()
        signed.void_reason = reason[:500]
        signed.save(update_fields=["voided_at", "void_reason"])
        audit.record("submissions.sign_off_voided", signed, user=user, after={"reason": reason})
    change_state(submission=submission, to=SubmissionState.DRAFT, user=user, reason=reason)


def valid_sign_off(submission: Submission) -> SignOff | None:
    """Return the sign-off that counts, None where there is none."""
    standing = SignOff.objects.filter(submission=submission, voided_at__isnull=True)
    return standing.select_related("signed_by", "scan").first()


def require_complete(progress: Progress) -> None:
    """Raise `Incomplete` with the missing codes unless the form is complete."""
    if progress.is_complete:
        return
    shown = ", ".join(progress.missing[:10])
    more = len(progress.missing) - 10
    sentence = _("The form is not complete: %(done)s of %(total)s criteria are done. Missing: %(codes)s.")
    if more > 0:
        sentence = _(
            "The form is not complete: %(done)s of %(total)s criteria are done. Missing: %(codes)s and %(more)s more."
        )
    raise Incomplete(
        sentence % {"done": progress.done, "total": progress.total, "codes": shown, "more": max(more, 0)},
        missing=progress.missing,
    )


def _check_scan(scan: StoredFile, *, submission: Submission) -> None:
    if scan.kind != FileKind.SIGNED_REPORT or scan.owner_unit_id != submission.participant.unit_id:
        raise SubmissionError(_("The scanned report does not belong to this unit."), code="foreign_file")
