"""Letters by mail: read, sent and recorded in batches, each over a connection of its own.

What was sent is recorded when its batch is through, also where the mail server fails in the middle. A process that is
killed between the two leaves a batch unrecorded: those people, `BATCH` at most, get the same letter with the same link
once more. Recording before sending would lose letters instead, and nobody would know whose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from submissions.domain.survey.invitations import address_of, earlier_letter
from submissions.domain.survey.tokens import token_of
from submissions.exceptions import SubmissionError
from submissions.models import Invitation
from submissions.survey_enums import DeliveryState

# Mail servers end a connection after so many letters (a hundred is usual); and see above what a kill repeats.
BATCH = 50


class _Outcome(Enum):
    """What is recorded of a letter."""

    LETTER = "letter"
    REMINDER = "reminder"
    NOT_NEEDED = "not needed"


#: What is recorded, of which issue of the code, and the state in which the letter was read.
_Key = tuple[_Outcome, int, str]


def mail_batch(*, ids: Sequence[int], backend: str | None = None) -> int:
    """Mail the letters with these ids, `BATCH` at most, that are still due. Returns how many were dealt with.

    Safe to repeat. Nothing goes out whose code is used up; such letters count as dealt with and are marked like the
    others. An address that the mail system refuses for good is marked as come back with its words; the others go on.
    Where the mail system itself is away, raises SubmissionError "mail_away": what is due stays due. `backend`: another
    mail backend than the portal's.
    """
    # Read now: somebody may have answered, or another worker sent it, since the ids were read.
    rows = Invitation.objects.select_related("respondent__list__survey__round__owner", "respondent__rated_unit")
    outcomes: dict[_Key, list[int]] = defaultdict(list)
    try:
        with get_connection(backend) as connection:
            for invitation in rows.filter(pk__in=ids).exclude(respondent__mail="").order_by("pk"):
                outcome = _mail_one(invitation, connection)
                if outcome is not None:
                    outcomes[outcome, invitation.issue, invitation.delivery].append(invitation.pk)
    except OSError as error:  # of the network, and all of smtplib
        done = sum(map(len, outcomes.values()))
        raise SubmissionError(
            _(
                "The mail server does not answer (%(error)s). %(done)s letters were dealt with before; the others stay "
                "due and go out by themselves as soon as it answers, without any twice."
            )
            % {"error": str(error)[:200], "done": done},
            code="mail_away",
        ) from error
    finally:
        _record(outcomes)
    return sum(map(len, outcomes.values()))


def _record(outcomes: dict[_Key, list[int]]) -> None:
    """Mark what went out.

    Where the address or the code changed meanwhile, the new letter is still to go out; what came back stays so.
    """
    for (outcome, issue, delivery), ids in outcomes.items():
        changes: dict[str, object] = {"reminders": F("reminders") + 1} if outcome is _Outcome.REMINDER else {}
        Invitation.objects.filter(pk__in=ids, issue=issue, delivery=delivery).update(
            delivery=DeliveryState.SENT, delivery_note="", reminder_due=False, **changes
        )


def _mail_one(invitation: Invitation, connection: BaseEmailBackend) -> _Outcome | None:
    """Send what is due; None where nothing is, or where the address was refused."""
    is_reminder = invitation.delivery == DeliveryState.SENT and invitation.reminder_due
    if not is_reminder and invitation.delivery != DeliveryState.WAITING:
        return None
    if invitation.spent:
        return _Outcome.NOT_NEEDED
    message = _letter(invitation, reminder=is_reminder)
    message.connection = connection
    try:
        message.send()
    except (SMTPRecipientsRefused, SMTPDataError) as error:
        if _is_lasting(error):
            same = Invitation.objects.filter(pk=invitation.pk, issue=invitation.issue, spent=False)
            same.update(delivery=DeliveryState.BOUNCED, delivery_note=str(error)[:500], reminder_due=False)
        return None
    return _Outcome.REMINDER if is_reminder else _Outcome.LETTER


def _is_lasting(error: SMTPRecipientsRefused | SMTPDataError) -> bool:
    """Whether the mail system refused the address for good (5xx), not only for now."""
    if isinstance(error, SMTPDataError):
        return error.smtp_code >= 500
    return any(code >= 500 for code, _words in error.recipients.values())


def _letter(invitation: Invitation, *, reminder: bool) -> EmailMessage:
    respondent = invitation.respondent
    survey = respondent.list.survey
    with translation.override("vi"):
        words = {
            "name": respondent.name,
            "survey": survey.round.name,
            "unit": respondent.rated_unit.name,
            "owner": survey.round.owner.name,
            "address": address_of(invitation),
            "code": token_of(invitation),
            "due": f"{localtime(survey.answers_due):%d/%m/%Y %H:%M}",
        }
        subject = _("Reminder: survey on %(unit)s") if reminder else _("Invitation to the survey on %(unit)s")
        body = _(
            "Dear %(name)s,\n\n%(owner)s asks for your view of %(unit)s (%(survey)s).\n\n"
            "Your personal link, to be used once until %(due)s:\n%(address)s\n"
            "or enter the code %(code)s on the survey page.\n\n"
            "Nobody can see what you answer: your answers are kept apart from your name, and results are shown "
            "only for "
            "groups of at least five people. Nobody may influence your answers.\n"
        )
        if invitation.issue > 1:
            body = f"{body}\n{earlier_letter()}\n"
        return EmailMessage(subject=subject % words, body=body % words, to=[respondent.mail])
