"""Invitations: made, mailed, reminded, re-issued; none of it learns what anybody answered."""

from __future__ import annotations

from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tokens import new_token, token_hash, token_of
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, Respondent, Survey
from submissions.survey_enums import UNLISTED, DeliveryState, RespondentState, SurveyState

BATCH = 200


@transaction.atomic
def make_invitations(*, user: User, survey: Survey) -> int:
    """Make one invitation for everybody who is asked and open the survey for answers. Returns how many were made."""
    require_officer(user, survey.round)
    people = list(
        Respondent.objects.filter(
            list__survey=survey, state=RespondentState.ASKED, list__state="accepted", invitation__isnull=True
        ).values_list("pk", flat=True)
    )
    if not people and not survey.groups.filter(rule__in=UNLISTED).exists():
        raise SubmissionError(_("No accepted list has anybody to ask."), code="nobody")
    change_state(survey=survey, to=SurveyState.ANSWERING, user=user)
    made = Invitation.objects.bulk_create(
        [Invitation(respondent_id=pk, token_sha256=f"new:{pk}") for pk in people], batch_size=2000
    )
    for invitation in made:
        invitation.token_sha256 = token_hash(new_token(invitation))
    # An upsert by key: a bulk update compares every row with every other of its batch.
    Invitation.objects.bulk_create(
        made, batch_size=2000, update_conflicts=True, unique_fields=["id"], update_fields=["token_sha256"]
    )
    audit.record("submissions.survey_invited", survey, user=user, after={"invitations": len(made)})
    return len(made)


def address_of(invitation: Invitation) -> str:
    """Return the full address at which the invitation is answered."""
    return settings.PORTAL_BASE_URL.rstrip("/") + reverse("survey:answer", kwargs={"token": token_of(invitation)})


@transaction.atomic
def order_letters(*, user: User, survey: Survey) -> int:
    """Let the letters go out, now and whenever one becomes due again.

    Returns how many are on their way; those of people who have answered are among them, so that the number tells
    nothing of them.
    """
    require_officer(user, survey.round)
    _require_answering(survey)
    Survey.objects.filter(pk=survey.pk).update(letters_ordered=True)
    due = due_letters(survey).count()
    audit.record("submissions.survey_letters", survey, user=user, after={"due": due})
    return due


@transaction.atomic
def order_reminders(*, user: User, survey: Survey) -> int:
    """Order one reminder for everybody who has a letter and has not answered; return how many letters were looked at.

    Who has answered when a reminder's turn comes gets none, but is counted: the number tells nothing of who has
    answered. Ordering it again while it is on its way changes nothing.
    """
    require_officer(user, survey.round)
    _require_answering(survey)
    rows = Invitation.objects.filter(respondent__list__survey=survey, delivery=DeliveryState.SENT)
    due = rows.update(reminder_due=True)
    Survey.objects.filter(pk=survey.pk).update(letters_ordered=True)
    audit.record("submissions.survey_letters", survey, user=user, after={"reminders": due})
    return due


def _require_answering(survey: Survey) -> None:
    if survey.state != SurveyState.ANSWERING:
        raise WrongState(_("Letters go out only while respondents answer."))


def due_letters(survey: Survey) -> QuerySet[Invitation]:
    """Return the invitations whose letter, or whose ordered reminder, is on its way.

    Those of people who have answered are among them; `mail_batch` passes over them when their turn comes.
    """
    waiting_or_reminded = Q(delivery=DeliveryState.WAITING) | Q(delivery=DeliveryState.SENT, reminder_due=True)
    rows = Invitation.objects.filter(waiting_or_reminded, respondent__list__survey=survey)
    return rows.exclude(respondent__mail="").order_by("pk")


def surveys_with_due_letters() -> list[Survey]:
    """Return the open surveys whose letters were ordered and are not all out."""
    surveys = Survey.objects.filter(state=SurveyState.ANSWERING, letters_ordered=True)
    return [survey for survey in surveys if due_letters(survey).exists()]


def mail_batch(*, ids: list[int]) -> int:
    """Mail the letters with these ids that are still due. Safe to repeat; returns how many were dealt with.

    Nothing goes out to people who have answered; their letters count as dealt with and are marked like the others. An
    address that the mail system refuses for good is marked as come back with its words; the others go on. Where the
    mail system itself is away, raises SubmissionError "mail_away": what is due stays due.
    """
    done = 0
    try:
        with get_connection() as connection:
            for pk in sorted(ids):
                done += _mail_one(pk, connection)
    except OSError as error:  # of the network, and all of smtplib
        raise SubmissionError(
            _(
                "The mail server does not answer (%(error)s). %(done)s letters were dealt with before; the others stay "
                "due and go out by themselves as soon as it answers, without any twice."
            )
            % {"error": str(error)[:200], "done": done},
            code="mail_away",
        ) from error
    return done


def _mail_one(pk: int, connection: BaseEmailBackend) -> int:
    # Read now: somebody may have answered, or another worker sent it, since the batch was read.
    rows = Invitation.objects.select_related("respondent__list__survey__round__owner", "respondent__rated_unit")
    invitation = rows.filter(pk=pk).exclude(respondent__mail="").first()
    if invitation is None:
        return 0
    is_reminder = invitation.delivery == DeliveryState.SENT and invitation.reminder_due
    if not is_reminder and invitation.delivery != DeliveryState.WAITING:
        return 0
    # Where the address or the code changed meanwhile, the new letter is still to go out.
    same = Invitation.objects.filter(pk=pk, issue=invitation.issue)
    if invitation.used:
        return same.update(delivery=DeliveryState.SENT, delivery_note="", reminder_due=False)
    message = _letter(invitation, reminder=is_reminder)
    message.connection = connection
    try:
        message.send()
    except (SMTPRecipientsRefused, SMTPDataError) as error:
        if _is_lasting(error):
            same.filter(used=False).update(
                delivery=DeliveryState.BOUNCED, delivery_note=str(error)[:500], reminder_due=False
            )
        return 0
    changes: dict[str, object] = {"reminders": F("reminders") + 1} if is_reminder else {}
    same.update(delivery=DeliveryState.SENT, delivery_note="", reminder_due=False, **changes)
    return 1


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
        return EmailMessage(subject=subject % words, body=body % words, to=[respondent.mail])


def progress(survey: Survey, *, participant: int | None = None) -> list[dict[str, object]]:
    """Return counts by unit and group, of one participant or all: asked, letters out, come back, answered.

    Where fewer than the minimum were asked or have answered, no count of answers is told, lest one answer, or one that
    is missing, point to a person.
    """
    invited = Invitation.objects.filter(respondent__list__survey=survey)
    if participant is not None:
        invited = invited.filter(respondent__list__participant=participant)
    rows = (
        invited.values(
            "respondent__list__participant_id",
            "respondent__list__participant__unit__name",
            "respondent__group_id",
            "respondent__group__name",
        )
        .annotate(
            asked=Count("pk"),
            delivered=Count("pk", filter=~Q(delivery=DeliveryState.WAITING)),
            bounced=Count("pk", filter=Q(delivery=DeliveryState.BOUNCED)),
            answered=Count("pk", filter=Q(used=True)),
        )
        .order_by("respondent__list__participant__unit__name", "respondent__group__priority", "respondent__group_id")
    )
    return [
        {
            "participant_id": row["respondent__list__participant_id"],
            "unit": row["respondent__list__participant__unit__name"],
            "group": row["respondent__group__name"],
            "asked": row["asked"],
            "delivered": row["delivered"],
            "bounced": row["bounced"],
            "answered": row["answered"] if min(row["asked"], row["answered"]) >= survey.minimum_group else None,
        }
        for row in rows
    ]
