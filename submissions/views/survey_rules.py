"""The declared rules of a survey and the networks of the rated units."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.survey import rules, setup
from submissions.survey_enums import SurveyState
from submissions.survey_forms import NetworksForm, RulesForm
from submissions.views.survey_desk import survey_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Change dates and rules, or the networks of units."""
    survey = survey_of(request, pk)
    setup.require_officer(request.user, survey.round)
    is_rules = request.POST.get("action") == "rules"
    posted = request.POST if request.method == "POST" else None
    form = RulesForm(posted if is_rules else None, instance=survey_of(request, pk))
    ranges = rules.networks_of(survey)
    codes = sorted({line.split()[0] for line in ranges.splitlines()})
    networks = NetworksForm(
        posted if posted and not is_rules else None, initial={"networks": ranges, "shown": " ".join(codes)}
    )
    active = form if is_rules else networks
    status = 200
    if posted is not None and active.is_valid():
        try:
            if is_rules:
                rules.change_rules(user=request.user, survey=form.save(commit=False))
            else:
                data = networks.cleaned_data
                rules.store_networks(
                    user=request.user, survey=survey, text=data["networks"], shown=data["shown"].split()
                )
        except PermissionRefused:
            raise
        except PortalError as refusal:
            active.add_error(None, refusal.message)
        else:
            messages.success(request, _("Stored."))
            return redirect("submissions:survey_desk", pk=survey.pk)
    if posted is not None:
        status = 422
    context = {
        "survey": survey,
        "form": form,
        "networks_form": networks,
        "rules_stand": survey.state != SurveyState.DRAFT,
        "is_over": survey.state in {SurveyState.CLOSED, SurveyState.RESULTS},
        "crumbs": [{"title": str(survey), "url": reverse("submissions:survey_desk", kwargs={"pk": survey.pk})}],
    }
    return render(request, "submissions/survey/rules.html", context, status=status)
