"""The unit's home: its forms, and one form's overview."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cms import clock
from submissions.domain.access import own_submissions
from submissions.domain.deadlines import deadlines_of
from submissions.domain.progress import Progress, progress_of
from submissions.enums import RoundState, SubmissionState
from submissions.models import Submission
from submissions.views.pages import FormPlace, form_screen


@dataclass(frozen=True)
class FormRow:
    """One form in the list."""

    submission: Submission
    progress: Progress
    due: object
    is_current: bool
    is_done: bool


@login_required
def forms(request: HttpRequest) -> HttpResponse:
    """List the forms of the user's units: what is open first, with deadline, progress and what is missing."""
    submissions = list(own_submissions(request.user))
    progress = progress_of(submissions)
    due = deadlines_of(submissions)
    rows = [
        FormRow(
            submission=submission,
            progress=progress[submission.pk],
            due=due[submission.pk],
            is_current=submission.participant.round.state in {RoundState.OPEN, RoundState.APPRAISAL}
            and submission.state != SubmissionState.FINALISED,
            is_done=submission.state not in {SubmissionState.DRAFT, SubmissionState.SIGNED},
        )
        for submission in submissions
    ]
    return render(
        request,
        "submissions/workspace/forms.html",
        {
            "current": [row for row in rows if row.is_current],
            "earlier": [row for row in rows if not row.is_current],
            "now": clock.now(),
            "illustrative": any(row.submission.participant.round.illustrative for row in rows),
        },
    )


@form_screen
def overview(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Show where a form stands: steps, deadline, domains, what is missing, sign-offs and receipts."""
    submission = place.submission
    domains = place.progress.domains
    return render(
        request,
        "submissions/workspace/overview.html",
        place.context(
            first_open=next((d.code for d in domains if d.missing), domains[0].code if domains else ""),
            sign_offs=submission.sign_offs.select_related("signed_by"),
            receipts=submission.receipts.select_related("sent_by"),
            extensions=submission.participant.extensions.select_related("granted_by"),
            deadlines=submission.participant.round.deadlines.all(),
        ),
    )
