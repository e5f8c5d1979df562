"""The unit's home: its forms, and one form's overview."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cms import clock
from submissions.domain.access import own_submissions
from submissions.domain.deadlines import deadlines_of
from submissions.domain.definitions import definition_for
from submissions.domain.explanations import requests_for_unit
from submissions.domain.notices import unread
from submissions.domain.presence import at_work
from submissions.domain.progress import Progress, progress_of
from submissions.domain.unit_news import News, unit_news
from submissions.enums import RequestState, RoundState, SubmissionState
from submissions.models import Submission
from submissions.views.cards import leaf_url
from submissions.views.pages import FormPlace, form_screen

SHOWN_NOTICES = 5
SHOWN_MISSING = 10


@dataclass(frozen=True)
class FormRow:
    """One form in the list."""

    submission: Submission
    progress: Progress
    due: object
    is_current: bool
    is_done: bool

    @property
    def first_missing(self) -> list[tuple[str, str]]:
        """The first codes that lack something, with the address of their card."""
        definition = definition_for(self.submission.participant)
        return [(code, leaf_url(self.submission, definition, code)) for code in self.progress.missing[:SHOWN_MISSING]]

    @property
    def more_missing(self) -> int:
        """How many more lack something."""
        return max(0, len(self.progress.missing) - SHOWN_MISSING)


@login_required
@require_safe
def forms(request: HttpRequest) -> HttpResponse:
    """The home of the user's units: forms with deadline, progress and what is missing; requests, colleagues, news."""
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
    current = [row for row in rows if row.is_current]
    there = at_work([row.submission for row in current], besides=request.user)
    return render(
        request,
        "submissions/workspace/forms.html",
        {
            "current": current,
            "earlier": [row for row in rows if not row.is_current],
            "requests": requests_for_unit(request.user).filter(state=RequestState.OPEN).order_by("due_at"),
            "colleagues": [(row.submission, there[row.submission.pk]) for row in current if there[row.submission.pk]],
            "news": [_news_row(item) for item in unit_news([r.submission for r in current], besides=request.user)],
            "notices": unread(request.user)[:SHOWN_NOTICES],
            "now": clock.now(),
            "illustrative": any(row.submission.participant.round.illustrative for row in rows),
        },
    )


def _news_row(item: News) -> dict[str, object]:
    """A piece of news with the address of its place."""
    form = item.submission
    url = reverse("submissions:overview", args=[form.pk])
    if item.code:
        url = leaf_url(form, definition_for(form.participant), item.code)
    return {"item": item, "url": url}


@form_screen
@require_safe
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
