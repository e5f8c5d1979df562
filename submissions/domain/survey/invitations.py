"""Invitations: made, mailed, reminded, re-issued; none of it learns what anybody answered."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.lists import mail_key
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tokens import new_token, token_hash, token_of
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, Respondent, Survey
from submissions.survey_enums import DeliveryState, RespondentState, SurveyState

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
    if not people:
        raise SubmissionError(_("No accepted list has anybody to ask."), code="nobody")
    change_state(survey=survey, to=SurveyState.ANSWERING, user=user)
    made = Invitation.objects.bulk_create(
        [Invitation(respondent_id=pk, token_sha256=f"new:{pk}") for pk in people], batch_size=2000
    )
    for invitation in made:
        invitation.token_sha256 = token_hash(new_token(invitation))
    Invitation.objects.bulk_update(made, ["token_sha256"], batch_size=2000)
    audit.record("submissions.survey_invited", survey, user=user, after={"invitations": len(made)})
    return len(made)


def address_of(invitation: Invitation) -> str:
    """Return the full address at which the invitation is answered."""
    return settings.PORTAL_BASE_URL.rstrip("/") + reverse("survey:answer", kwargs={"token": token_of(invitation)})


def waiting(survey: Survey) -> Iterable[int]:
    """Return the ids of invitations whose letter has not gone out and that have a mail address."""
    return (
        Invitation.objects.filter(respondent__list__survey=survey, delivery=DeliveryState.WAITING)
        .exclude(respondent__mail="")
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def open_invitations(survey: Survey) -> Iterable[int]:
    """Return the ids of invitations that were delivered and not answered yet: those who may be reminded."""
    return (
        Invitation.objects.filter(respondent__list__survey=survey, delivery=DeliveryState.SENT, used=False)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def mail_batch(*, ids: list[int], reminder: bool = False) -> int:
    """Mail the invitations (or reminders) with these ids that are still due. Safe to repeat; returns how many went out.

    An address that the mail system refuses at once is marked as come back with its words; the others go on. Where the
    mail system itself does not answer, its error propagates and the job is tried again later, from where it stopped.
    """
    sent = 0
    with get_connection() as connection:
        for pk in ids:
            invitation = Invitation.objects.select_related("respondent__list__survey__round__owner").get(pk=pk)
            if invitation.used or (invitation.delivery != DeliveryState.WAITING and not reminder):
                continue
            message = _letter(invitation, reminder=reminder)
            message.connection = connection
            try:
                message.send()
            except _refusals() as error:
                Invitation.objects.filter(pk=pk).update(delivery=DeliveryState.BOUNCED, delivery_note=str(error)[:500])
                continue
            changes: dict[str, object] = {"reminders": F("reminders") + 1} if reminder else {}
            Invitation.objects.filter(pk=pk).update(delivery=DeliveryState.SENT, delivery_note="", **changes)
            sent += 1
    return sent


def _refusals() -> tuple[type[Exception], ...]:
    """Errors that concern one address, as opposed to a mail system that is away."""
    from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPSenderRefused  # noqa: PLC0415 -- only when mailing

    return (SMTPRecipientsRefused, SMTPDataError, SMTPSenderRefused)


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


@transaction.atomic
def replace_address(*, user: User, invitation: Invitation, mail: str) -> Invitation:
    """Give an unanswered invitation another mail address and a new token; the old link stops working."""
    locked = (
        Invitation.objects.select_for_update().select_related("respondent__list__survey__round").get(pk=invitation.pk)
    )
    require_officer(user, locked.respondent.list.survey.round)
    if locked.used:
        raise WrongState(_("This invitation was answered. There is nothing left to send."))
    Respondent.objects.filter(pk=locked.respondent_id).update(mail=mail.strip(), mail_key=mail_key(mail))
    locked.issue += 1
    locked.token_sha256 = token_hash(new_token(locked))
    locked.draft = None
    locked.delivery, locked.delivery_note = DeliveryState.WAITING, ""
    locked.save(update_fields=["issue", "token_sha256", "draft", "delivery", "delivery_note"])
    audit.record("submissions.survey_address", locked.respondent.list, user=user, after={"invitation": locked.pk})
    return locked


def progress(survey: Survey) -> list[dict[str, object]]:
    """Return counts by unit and group: asked, letters out, come back, answered. Groups with fewer than the minimum
    asked show no count of answers, lest one missing answer point to a person."""
    rows = (
        Invitation.objects.filter(respondent__list__survey=survey)
        .values(
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
            "answered": row["answered"] if row["asked"] >= survey.minimum_group else None,
        }
        for row in rows
    ]
