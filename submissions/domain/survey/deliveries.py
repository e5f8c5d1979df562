"""What became of letters: came back, sent again, another address, printed.

None of it tells whether somebody has answered: for those who have, every step looks the same, and a new code opens the
questionnaire as it does for everybody (`answering.send_answers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.utils import parseaddr

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import DataError, transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.lists import mail_key
from submissions.domain.survey.setup import require_officer
from submissions.domain.survey.tokens import CODE_FIELDS, issue_anew
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, Respondent
from submissions.survey_enums import DeliveryState, SurveyState

NOTE_LIMIT = 500
# A delivery status message is small and flat; what is larger or put into one another more often is none.
MESSAGE_LIMIT = 10 * 1024 * 1024
MULTIPART_LIMIT = 50
_MULTIPART = re.compile(rb"(?i)content-type:\s*multipart/")
# What the standard library's parser raises on mail that somebody made up, and the database on text that it cannot hold.
_UNREADABLE = (RecursionError, ValueError, LookupError, TypeError, AttributeError, MessageError, DataError)
_MBOX_LINE = re.compile(rb"(?m)^From [^\r\n]*\r?\n")


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail system's word that an address takes no letters: the address and what it said."""

    address: str
    note: str


@dataclass(frozen=True, slots=True)
class BounceCounts:
    """What came of a mailbox: messages found, letters marked as come back, addresses that no letter went to.

    `unreadable`: so many of the messages could not be read; they change nothing and hold up no other.
    """

    messages: int
    marked: int
    unknown: int
    unreadable: int


# --- by the officer ---------------------------------------------------------------------------------------------------
@transaction.atomic
def replace_address(*, user: User, invitation: Invitation, mail: str) -> Invitation:
    """Give an invitation another mail address and a new code; its letter goes out anew, the old link stops working.

    Raises SubmissionError for what is no mail address.
    """
    locked = _locked(user, invitation)
    address = mail.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise SubmissionError(_("“%(mail)s” is not a mail address.") % {"mail": address}, code="bad_mail") from None
    Respondent.objects.filter(pk=locked.respondent_id).update(mail=address, mail_key=mail_key(address))
    issue_anew(locked)
    return _send_anew(user, locked, "submissions.survey_address")


@transaction.atomic
def resend(*, user: User, invitation: Invitation) -> Invitation:
    """Let the letter go out once more, to the same address. Raises SubmissionError where there is none.

    The link stays the same, but for a letter that was printed: its code was read by whoever printed it, so the mail
    carries a new one and the paper stops working.
    """
    locked = _locked(user, invitation)
    if not locked.respondent.mail:
        raise SubmissionError(_("This person has no mail address. Enter one, or print the letter."), code="no_mail")
    if locked.delivery == DeliveryState.PRINTED:
        issue_anew(locked)
    return _send_anew(user, locked, "submissions.survey_resent")


@transaction.atomic
def record_bounce(*, user: User, invitation: Invitation, note: str) -> Invitation:
    """Note that a letter came back, by mail or by post, and why; it gets no reminders until it is sent anew.

    The code of a printed letter stops working: who knows it now is not the person it was meant for.
    """
    locked = _locked(user, invitation)
    if locked.delivery == DeliveryState.PRINTED:
        issue_anew(locked)
        locked.save(update_fields=CODE_FIELDS)
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
    locked.save(update_fields=[*CODE_FIELDS, "delivery", "delivery_note", "reminder_due"])
    audit.record(action, locked.respondent.list, user=user, after={"invitation": locked.pk})
    return locked


def _come_back(ids: Iterable[int], note: str) -> None:
    Invitation.objects.filter(pk__in=ids).update(
        delivery=DeliveryState.BOUNCED, delivery_note=note[:NOTE_LIMIT], reminder_due=False
    )


# --- from what the mail system says -----------------------------------------------------------------------------------
def messages_of(content: bytes) -> Iterator[bytes]:
    """Yield the messages of a mailbox in the mbox form, or the one message that the bytes are; none is parsed yet."""
    parts = _MBOX_LINE.split(content)[1:] if content.startswith(b"From ") else [content]
    for part in parts:
        if part.strip():
            yield part


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
    # PostgreSQL holds no NUL.
    address, words = address.replace("\0", ""), words.replace("\0", "")
    return Bounce(address, words) if address else None


def take_bounces(messages: Iterable[bytes]) -> BounceCounts:
    """Mark the letters of open surveys whose addresses failed as come back. Safe to repeat with the same messages.

    Anybody can write to the mailbox: a message that cannot be read, or is larger or deeper than a mail system's, is
    counted as unreadable and the others go on.
    """
    read = marked = unknown = unreadable = 0
    for message in messages:
        read += 1
        try:
            found, strange = _take_message(message)
        except _UNREADABLE:
            unreadable += 1
            continue
        marked += found
        unknown += strange
    return BounceCounts(read, marked, unknown, unreadable)


@transaction.atomic
def _take_message(content: bytes) -> tuple[int, int]:
    """Return how many letters one message marks, and how many of its addresses no open survey has written to."""
    if len(content) > MESSAGE_LIMIT or len(_MULTIPART.findall(content)) > MULTIPART_LIMIT:
        raise MessageError("larger or deeper than a mail system's message")
    marked = unknown = 0
    for bounce in bounces_of(BytesParser(EmailMessage, policy=policy.default).parsebytes(content)):
        rows = Invitation.objects.filter(
            respondent__list__survey__state=SurveyState.ANSWERING, respondent__mail_key=mail_key(bounce.address)
        )
        ids = list(rows.filter(delivery=DeliveryState.SENT).values_list("pk", flat=True))
        _come_back(ids, bounce.note)
        marked += len(ids)
        unknown += not rows.exists()
    return marked, unknown
