"""The report on paper, signed and stamped, as a scan beside the sign-off in the portal.

It proves nothing that the sign-off does not, and changes no content: it may follow the sending. Who may read it: the
unit and the secretariat; once the form was sent, the council and the agencies that appraise in the round.
"""

from __future__ import annotations

from typing import IO

from django.core.files.base import File
from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.domain.files import clean_name, store_file
from cms.enums import FileKind, Role
from cms.models import StoredFile, User
from cms.permissions import Person, has_role, memberships_of
from submissions.domain.access import MEMBER_ROLES
from submissions.domain.gate import check_write
from submissions.domain.pdf_check import check_pdf
from submissions.domain.sending import last_receipt
from submissions.domain.sign_off import valid_sign_off
from submissions.enums import SubmissionState, WriteAction
from submissions.exceptions import WrongState
from submissions.models import AssessmentRound, SignOff, Submission


def attach_scan(*, user: User, submission: Submission, content: File | IO[bytes], name: str) -> SignOff:
    """Put the scanned report beside the sign-off that counts; return the sign-off.

    The gate is asked before the file is looked at and at the write. A later scan takes the place of an earlier one;
    the audit log keeps both hashes. Raises what the gate raises, `FileRefused` as for evidence, and `WrongState` where
    nothing is signed.
    """
    with transaction.atomic():
        check_write(user=user, submission=submission, code=None, action=WriteAction.SCAN)
    findings = check_pdf(content, name=clean_name(name))
    with transaction.atomic():
        locked = check_write(user=user, submission=submission, code=None, action=WriteAction.SCAN)
        signed = _sign_off_of(locked)
        stored = store_file(
            kind=FileKind.SIGNED_REPORT,
            content=content,
            name=name,
            owner_unit=locked.participant.unit,
            user=user,
            inspection=findings.to_json(),
            content_type="application/pdf",
        )
        before = {"sha256": signed.scan.sha256} if signed.scan else None
        signed.scan = stored
        signed.save(update_fields=["scan"])
        audit.record("submissions.scan_attached", signed, user=user, before=before, after={"sha256": stored.sha256})
    return signed


def may_read_signed_report(user: Person, stored: StoredFile) -> bool:
    """Whether a user may read a scanned report. Auditors read all by `cms.domain.files.may_read`."""
    if not user.is_authenticated or not user.is_active:
        return False
    if stored.owner_unit is not None and any(has_role(user, role, stored.owner_unit) for role in MEMBER_ROLES):
        return True
    rounds = AssessmentRound.objects.filter(participants__submission__sign_offs__scan=stored)
    mine = memberships_of(user)
    if rounds.filter(owner__in=mine.filter(role=Role.SECRETARIAT).values("unit_id")).exists():
        return True
    if not SignOff.objects.filter(scan=stored, receipt__isnull=False).exists():
        return False
    councils = mine.filter(role=Role.COUNCIL_MEMBER).values("unit_id")
    agencies = mine.filter(role=Role.APPRAISER).values("unit_id")
    return rounds.filter(owner__in=councils).exists() or rounds.filter(assignments__agency__in=agencies).exists()


def _sign_off_of(submission: Submission) -> SignOff:
    if submission.state == SubmissionState.SIGNED:
        signed = valid_sign_off(submission)
    else:
        receipt = last_receipt(submission)
        signed = receipt.sign_off if receipt else None
    if signed is None:
        raise WrongState(_("The unit's leader has not signed off the form yet."), code="not_signed")
    return signed
