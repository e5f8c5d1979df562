"""A unit's points after publication: what counts for each criterion, and every step that led to it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cms.exceptions import PortalError
from submissions.domain.unit_scores import DomainScores, adjustments_of, scores_of
from submissions.views.pages import FormPlace, form_screen


@form_screen
@require_safe
def scores(request: HttpRequest, place: FormPlace) -> HttpResponse:
    """Show the unit's points with their reasons, all or only those that differ from what it claimed."""
    participant = place.submission.participant
    domains: list[DomainScores] = []
    refusal: PortalError | None = None
    try:
        domains = scores_of(participant)
    except PortalError as error:
        refusal = error
    only = request.GET.get("khac") == "1"
    differing = sum(row.differs for part in domains for row in part.leaves)
    shown = [(part.domain, [row for row in part.leaves if row.differs or not only]) for part in domains]
    context = place.context(
        refusal=refusal,
        parts=[(domain, rows) for domain, rows in shown if rows],
        total=sum(len(part.leaves) for part in domains),
        differing=differing,
        only=only,
        adjustments=[] if refusal else adjustments_of(participant),
        crumbs=place.crumbs(),
    )
    return render(request, "submissions/workspace/scores.html", context)
