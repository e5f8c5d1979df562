"""The secretariat's screen for adopting a newer edition: what changed, whom it touches, then the act."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.models import User
from cms.navigation import NavItem
from cms.numbers import parse_id
from criteria_pages.enums import ChangeKind
from criteria_pages.models import CriteriaEdition
from submissions.domain.adoption import ADOPTABLE, adopt_edition, adoption_impact, newer_editions
from submissions.domain.round_access import may_run
from submissions.models import AssessmentRound
from submissions.navigation import register_round_action
from submissions.views.access import attempt, round_for
from submissions.views.rounds import frame

KINDS = (ChangeKind.SCORING, ChangeKind.APPLICABILITY, ChangeKind.EVIDENCE, ChangeKind.WORDING)


@register_round_action
def adoption_links(round: AssessmentRound, user: User) -> Iterator[NavItem]:
    """Offer newer editions on the round's page where there are any and the round may still adopt one."""
    if round.state in ADOPTABLE and may_run(user, round) and newer_editions(round):
        yield NavItem(
            _("A newer edition is there"), reverse("submissions:round_edition", args=[round.code]), "arrow-path", False
        )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def round_edition(request: HttpRequest, code: str) -> HttpResponse:
    """Show the impact of a newer edition; adopt it on a confirmed post."""
    round_ = round_for(request, code)
    newer = newer_editions(round_)
    chosen = request.POST.get("phien-ban", request.GET.get("phien-ban", ""))
    edition = newer[0] if newer and not chosen else None
    if chosen:
        edition = get_object_or_404(CriteriaEdition, page_id=round_.edition.page_id, number=parse_id(chosen) or 0)
    if request.method == "POST" and edition is not None:
        done = _("The round now stands on edition %(number)s.") % {"number": edition.number}
        confirmed = request.POST.get("xac-nhan", "")
        if attempt(
            request,
            lambda: adopt_edition(round=round_, edition=edition, user=request.user, confirmed_digest=confirmed),
            done,
        ):
            return redirect("submissions:round_page", round_.code)
        return redirect(f"{request.path}?phien-ban={edition.number}")
    impact = adoption_impact(round=round_, edition=edition) if edition and edition in newer else None
    groups = [(kind.label, impact.diff.of_kind(kind)) for kind in KINDS if impact.diff.of_kind(kind)] if impact else []
    context = {
        **frame(request, round_, "tong-quan"),
        "newer": newer,
        "edition": edition,
        "impact": impact,
        "groups": groups,
        "kind": ChangeKind(impact.diff.kind).label if impact else "",
        "adoptable": round_.state in ADOPTABLE,
    }
    return render(request, "submissions/rounds/edition.html", context)
