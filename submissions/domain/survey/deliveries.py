"""What became of letters: came back, sent again, another address, printed.

None of it tells whether somebody has answered: for those who have, every step looks the same and nothing goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parseaddr

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.lists import mail_key
from submissions.domain.survey.setup import require_officer
from submissions.domain.survey.tokens import new_token, token_hash
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, Respondent
from submissions.survey_enums import DeliveryState, SurveyState

NOTE_LIMIT = 500
_MBOX_LINE = re.compile(rb"(?m)^From [^\r\n]*\r?\n")


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail system's word that an address takes no letters: the address and what it said."""

    address: str
    note: str


@dataclass(frozen=True, slots=True)
class BounceCounts:
    """What came of a mailbox: messages read, letters marked as come back, addresses that no letter went to."""

    messages: int
    marked: int
    unknown: int


# --- by the officer ---------------------------------------------------------------------------------------------------
@transaction.atomic
def replace_address(*, user: User, invitation: Invitation, mail: str) -> Invitation:
    """Give an invitation another mail address and a new code; its letter goes out anew, the old link stops working.

    Where it was answered already only the address changes. Raises SubmissionError for what is no mail address.
    """
    locked = _locked(user, invitation)
    address = mail.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise SubmissionError(_("“%(mail)s” is not a mail address.") % {"mail": address}, code="bad_mail") from None
    Respondent.objects.filter(pk=locked.respondent_id).update(mail=address, mail_key=mail_key(address))
    if not locked.used:
        locked.issue += 1
        locked.token_sha256 = token_hash(new_token(locked))
        locked.draft = None
    return _send_anew(user, locked, "submissions.survey_address")


@transaction.atomic
def resend(*, user: User, invitation: Invitation) -> Invitation:
    """Let the letter go out once more, to the same address with the same link. Raises SubmissionError without one."""
    locked = _locked(user, invitation)
    if not locked.respondent.mail:
        raise SubmissionError(_("This person has no mail address. Enter one, or print the letter."), code="no_mail")
    return _send_anew(user, locked, "submissions.survey_resent")


@transaction.atomic
def record_bounce(*, user: User, invitation: Invitation, note: str) -> Invitation:
    """Note that a letter came back, by mail or by post, and why; it gets no reminders until it is sent anew."""
    locked = _locked(user, invitation)
    _come_back([locked.pk], note.strip())
    audit.record("submissions.survey_bounced", locked.respondent.list, user=user, after={"invitation": locked.pk})
    locked.refresh_from_db()
    return locked


def _locked(user: User, invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",)).select_related("respondent__list__survey__round__owner")
    locked = rows.get(pk=invitation.pk)
    survey = locked.respondent.list.survey
    require_officer(user, survey.round)
    if survey.state != SurveyState.ANSWERING:
        raise WrongState(_("Letters go out only while respondents answer."))
    return locked


def _send_anew(user: User, locked: Invitation, action: str) -> Invitation:
    locked.delivery, locked.delivery_note, locked.reminder_due = DeliveryState.WAITING, "", False
    locked.save(update_fields=["issue", "token_sha256", "draft", "delivery", "delivery_note", "reminder_due"])
    audit.record(action, locked.respondent.list, user=user, after={"invitation": locked.pk})
    return locked


def _come_back(ids: Iterable[int], note: str) -> None:
    Invitation.objects.filter(pk__in=ids).update(
        delivery=DeliveryState.BOUNCED, delivery_note=note[:NOTE_LIMIT], reminder_due=False
    )


# --- from what the mail system says -----------------------------------------------------------------------------------
def messages_of(content: bytes) -> Iterator[EmailMessage]:
    """Yield the messages of a mailbox in the mbox form, or the one message that the bytes are."""
    parts = _MBOX_LINE.split(content)[1:] if content.startswith(b"From ") else [content]
    for part in parts:
        if part.strip():
            yield BytesParser(EmailMessage, policy=policy.default).parsebytes(part)


def bounces_of(message: EmailMessage) -> list[Bounce]:
    """Return the addresses that a delivery status message (RFC 3464) says have failed for good.

    Delays, receipts, answers of people who are away and everything else give none.
    """
    found = []
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            bounce = _failed(block) if isinstance(block, Message) else None
            if bounce is not None:
                found.append(bounce)
    return found


def _failed(fields: Message) -> Bounce | None:
    """Return what one block says: the first block is about the message as a whole and names no recipient."""
    recipient = str(fields.get("Original-Recipient") or fields.get("Final-Recipient") or "")
    action = str(fields.get("Action") or "").strip().lower()
    status = str(fields.get("Status") or "").strip()
    if not recipient or action != "failed" or (status and not status.startswith("5")):
        return None
    address = parseaddr(recipient.rpartition(";")[2])[1]
    words = " ".join(str(fields.get("Diagnostic-Code") or status).split())
    return Bounce(address, words) if address else None


@transaction.atomic
def take_bounces(messages: Iterable[EmailMessage]) -> BounceCounts:
    """Mark the letters of open surveys whose addresses failed as come back. Safe to repeat with the same messages."""
    read = marked = unknown = 0
    for message in messages:
        read += 1
        for bounce in bounces_of(message):
            rows = Invitation.objects.filter(
                respondent__list__survey__state=SurveyState.ANSWERING, respondent__mail_key=mail_key(bounce.address)
            )
            ids = list(rows.filter(delivery=DeliveryState.SENT).values_list("pk", flat=True))
            _come_back(ids, bounce.note)
            marked += len(ids)
            unknown += not rows.exists()
    return BounceCounts(read, marked, unknown)
