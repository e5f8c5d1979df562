"""Printed letters for those who have no mail address or whom no mail reaches; each has its link as a QR code.

Whoever prints a letter reads its code. So the code on paper is never one under which somebody may have kept answers:
unless nobody can have seen the code yet, the letter gets a new one, and the draft under the old one is dropped.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

import segno

from cms import audit, clock
from cms.documents import typeset
from cms.models import JobRun, User
from submissions.domain.survey.invitations import address_of, earlier_letter
from submissions.domain.survey.setup import require_officer
from submissions.domain.survey.tokens import CODE_FIELDS, issue_anew, seal_file, token_of, unseal_file
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Invitation, PrintedLetters, Survey
from submissions.survey_enums import DeliveryState, SurveyState

TEMPLATE = Path(__file__).resolve().parents[2] / "typeset" / "survey_letters.typ"
PER_FILE = 250
KEPT_DAYS = 7


def letters_to_print(survey: Survey, *, invitation: int | None = None, again: bool = False) -> QuerySet[Invitation]:
    """Return the invitations whose letters are printed: of people without a mail address that were not printed yet.

    `again`: those printed before too. `invitation`: this one only, whatever address it has.
    """
    rows = Invitation.objects.filter(respondent__list__survey=survey).order_by("respondent__organisation", "pk")
    if invitation is not None:
        return rows.filter(pk=invitation)
    states = [DeliveryState.WAITING, DeliveryState.PRINTED] if again else [DeliveryState.WAITING]
    return rows.filter(Q(respondent__mail=""), delivery__in=states)


def require_printable(*, user: User, survey: Survey, invitation: int | None, again: bool) -> int:
    """Return how many letters an order would print; raise SubmissionError where there are none."""
    require_officer(user, survey.round)
    if survey.state != SurveyState.ANSWERING:
        raise WrongState(_("Letters go out only while respondents answer."))
    count = letters_to_print(survey, invitation=invitation, again=again).count()
    if not count:
        raise SubmissionError(
            _("Nobody without a mail address is waiting for a printed letter."), code="nothing_to_print"
        )
    return count


def print_letters(
    *, job: JobRun, survey: Survey, invitation: int | None, again: bool, progress: Callable[[int, int, str], None]
) -> None:
    """Make the files of letters and mark the letters as printed. Safe to repeat: nobody's letter is in two files.

    Letters that were out before, by mail or on paper, and a letter printed by itself carry a new code; the older one
    stops working.
    """
    made = PrintedLetters.objects.filter(job=job)
    if again or invitation is not None:
        made.delete()  # of a run that was broken off; the whole is printed anew
    ids = list(letters_to_print(survey, invitation=invitation, again=again).values_list("pk", flat=True))
    for number, start in enumerate(range(0, len(ids), PER_FILE), made.count() + 1):
        some = ids[start : start + PER_FILE]
        # In one act: a new code that stands in no file would only shut the person out.
        with transaction.atomic():
            printed = [_to_paper(row, alone=invitation is not None) for row in _held(some)]
            content = seal_file(letters_pdf(printed))
            PrintedLetters.objects.create(survey=survey, job=job, part=number, letters=len(some), content=content)
        progress(start + len(some), len(ids), _("Letters typeset"))
    audit.record("submissions.survey_printed", survey, user=job.created_by, after={"letters": len(ids)})


def _held(ids: Sequence[int]) -> QuerySet[Invitation]:
    rows = Invitation.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    return rows.select_related("respondent__rated_unit", "respondent__list__survey__round__owner").order_by(
        "respondent__organisation", "pk"
    )


def _to_paper(held: Invitation, *, alone: bool) -> Invitation:
    """Mark a letter as printed, with a new code where somebody may have the one it has.

    No mail carries the code that stands on paper: one that waits or a reminder does not go out, and sending the letter
    again makes another code (`deliveries.resend`). Nothing here looks at whether the person has answered.
    """
    if alone or held.draft or held.delivery != DeliveryState.WAITING:
        issue_anew(held)
    held.delivery, held.delivery_note, held.reminder_due = DeliveryState.PRINTED, "", False
    held.save(update_fields=[*CODE_FIELDS, "delivery", "delivery_note", "reminder_due"])
    return held


def letters_pdf(invitations: Sequence[Invitation]) -> bytes:
    """Return the letters as PDF, one page each, in Vietnamese: what is asked, link as QR code, code, who sees what."""
    with translation.override("vi"):
        return typeset(TEMPLATE, {"letters": [_letter(invitation) for invitation in invitations]})


def _letter(invitation: Invitation) -> dict[str, Any]:
    respondent = invitation.respondent
    survey = respondent.list.survey
    address = address_of(invitation)
    return {
        "issuer": survey.round.owner.name,
        "title": _("Invitation to the survey on %(unit)s") % {"unit": respondent.rated_unit.name},
        "name": respondent.name,
        "position": respondent.position,
        "organisation": respondent.organisation,
        "greeting": _("Dear %(name)s,") % {"name": respondent.name},
        "request": _("%(owner)s asks for your view of %(unit)s (%(survey)s).")
        % {"owner": survey.round.owner.name, "unit": respondent.rated_unit.name, "survey": survey.round.name},
        "how": _("Scan this picture with your phone, or open the address below and enter the code."),
        "entry": settings.PORTAL_BASE_URL.rstrip("/") + reverse("survey:enter_code"),
        "code": token_of(invitation),
        "qr": _qr(address),
        "qr_words": _("QR code of your personal link"),
        "entry_label": _("Address"),
        "code_label": _("Your code"),
        "due_label": _("Open until"),
        "due": f"{localtime(survey.answers_due):%d/%m/%Y %H:%M}",
        "promises": [
            *([earlier_letter()] if invitation.issue > 1 else []),
            _("The link works once. Keep this letter until you have sent your answers."),
            _(
                "Nobody can see what you answer: your answers are kept apart from your name, and results are shown "
                "only for groups of at least five people."
            ),
            _("Nobody may influence your answers."),
        ],
    }


def _qr(address: str) -> str:
    target = io.BytesIO()
    segno.make_qr(address, error="m").save(target, kind="svg", xmldecl=False, border=2)
    return target.getvalue().decode()


def open_printed(*, user: User, printed: PrintedLetters) -> bytes:
    """Return the PDF of a file of letters, for the survey officer alone; the log keeps who took it."""
    require_officer(user, printed.survey.round)
    audit.record("submissions.survey_printed_taken", printed.survey, user=user, after={"letters": printed.letters})
    return unseal_file(printed.content)


def drop_old_letters() -> int:
    """Delete files that are a week old or whose survey is closed; they can be printed anew. Returns how many."""
    old = Q(made_at__lt=clock.now() - dt.timedelta(days=KEPT_DAYS)) | ~Q(survey__state=SurveyState.ANSWERING)
    return PrintedLetters.objects.filter(old).delete()[0]
