"""Invitations: made, ordered to go out, reminded; none of it learns what anybody answered."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.setup import change_state, require_officer
from submissions.domain.survey.tokens import new_token, token_hash, token_of
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, Respondent, Survey
from submissions.survey_enums import UNLISTED, DeliveryState, RespondentState, SurveyState


@transaction.atomic
def make_invitations(*, user: User, survey: Survey) -> int:
    """Make one invitation for everybody who is asked and open the survey for answers. Returns how many were made.

    Raises SubmissionError where nobody is to be asked, and where a list was accepted after the respondents were
    selected: whoever stands on two lists would get two invitations.
    """
    require_officer(user, survey.round)
    people = list(
        Respondent.objects.filter(
            list__survey=survey, state=RespondentState.ASKED, list__state="accepted", invitation__isnull=True
        ).values_list("pk", flat=True)
    )
    if not people and not survey.groups.filter(rule__in=UNLISTED).exists():
        raise SubmissionError(_("No accepted list has anybody to ask."), code="nobody")
    if people and not Survey.objects.filter(pk=survey.pk, selected=True).exists():
        raise SubmissionError(
            _(
                "Select the respondents first: only then is somebody who stands on several lists asked once, and are "
                "samples drawn."
            ),
            code="not_selected",
        )
    change_state(survey=survey, to=SurveyState.ANSWERING, user=user)
    made = Invitation.objects.bulk_create(
        [Invitation(respondent_id=pk, token_sha256=f"new:{pk}") for pk in people], batch_size=2000
    )
    _store_codes(made)
    audit.record("submissions.survey_invited", survey, user=user, after={"invitations": len(made)})
    return len(made)


def _store_codes(invitations: Sequence[Invitation]) -> None:
    """Store the hash of everybody's code, which is computed from the key of the row.

    One prepared statement for all rows: a bulk update compares every row with every other of its batch, and an upsert
    writes all columns anew; for 85,600 people either takes minutes.
    """
    table = connection.ops.quote_name(Invitation._meta.db_table)
    rows = [(token_hash(new_token(row)), row.pk) for row in invitations]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET token_sha256 = %s WHERE id = %s", rows)  # noqa: S608 -- our table


def address_of(invitation: Invitation) -> str:
    """Return the full address at which the invitation is answered."""
    return settings.PORTAL_BASE_URL.rstrip("/") + reverse("survey:answer", kwargs={"token": token_of(invitation)})


def earlier_letter() -> str:
    """Return what a letter that was issued anew says to those who have answered: true for them and for all others."""
    return _(
        "This letter takes the place of an earlier one. If you have answered with the earlier letter already, you need "
        "do nothing: those answers count, and what you send now is not added."
    )


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

    Those of people who have answered are among them; `mailing.mail_batch` passes over them when their turn comes.
    """
    waiting_or_reminded = Q(delivery=DeliveryState.WAITING) | Q(delivery=DeliveryState.SENT, reminder_due=True)
    rows = Invitation.objects.filter(waiting_or_reminded, respondent__list__survey=survey)
    return rows.exclude(respondent__mail="").order_by("pk")


def surveys_with_due_letters() -> list[Survey]:
    """Return the open surveys whose letters were ordered and are not all out."""
    surveys = Survey.objects.filter(state=SurveyState.ANSWERING, letters_ordered=True)
    return [survey for survey in surveys if due_letters(survey).exists()]


def progress(survey: Survey, *, participant: int | None = None) -> list[dict[str, object]]:
    """Return counts by unit and group, of one participant or all: asked, letters out, come back, answered.

    Where fewer than the minimum were asked or have answered, no count of answers is told, lest one answer, or one that
    is missing, point to a person. After the closing this holds for all groups that were counted together, too: their
    sum is in the results, and one of its parts would give the other away.
    """
    together = _counted_together(survey)
    invited = Invitation.objects.filter(respondent__list__survey=survey)
    if participant is not None:
        invited = invited.filter(respondent__list__participant=participant)
    rows = (
        invited.values(
            "respondent__list__participant_id",
            "respondent__list__participant__unit__name",
            "respondent__group_id",
            "respondent__group__name",
            "respondent__group__code",
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
            "answered": row["answered"]
            if min(row["asked"], row["answered"]) >= survey.minimum_group
            and (row["respondent__list__participant_id"], row["respondent__group__code"]) not in together
            else None,
        }
        for row in rows
    ]


def _counted_together(survey: Survey) -> set[tuple[int, str]]:
    """Return the (participant, group) on whose list somebody rates a unit for which the group was put with others."""
    merged = {
        (row.unit_id, code) for row in survey.tallies.all() if len(row.group_codes) > 1 for code in row.group_codes
    }
    if not merged:
        return set()
    listed = Respondent.objects.filter(list__survey=survey).order_by()
    rows = listed.values_list("list__participant_id", "group__code", "rated_unit_id").distinct()
    return {(participant, code) for participant, code, unit in rows if (unit, code) in merged}
