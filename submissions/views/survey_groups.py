"""Groups of respondents: added, changed, removed while the survey is prepared."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.survey import setup
from submissions.models import SurveyGroup
from submissions.survey_forms import GroupForm
from submissions.views.survey_desk import survey_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int, group: int) -> HttpResponse:
    """Change one group while the survey is prepared."""
    survey = survey_of(request, pk)
    setup.require_officer(request.user, survey.round)
    row = get_object_or_404(survey.groups, pk=group)
    form = GroupForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            setup.change_group(user=request.user, group=form.save(commit=False))
        except PortalError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The group was changed."))
            return redirect("submissions:survey_desk", pk=survey.pk)
    return render(request, "submissions/survey/desk_group.html", {"survey": survey, "group": row, "form": form})


@login_required
@require_safe
def questionnaire(request: HttpRequest, pk: int, group: int) -> HttpResponse:
    """Show what a group is asked, word for word, with the criteria and weights behind the choices."""
    survey = survey_of(request, pk)
    row = get_object_or_404(survey.groups.select_related("edition"), pk=group)
    definition = row.edition.definition
    questions = [
        {"question": q, "choices": [(label, q.weight_of(value)) for value, label, _label_en in q.choices]}
        for q in definition.questions
    ]
    context = {"survey": survey, "group": row, "definition": definition, "questions": questions}
    return render(request, "submissions/survey/desk_questionnaire.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a group while the survey is prepared."""
    survey = survey_of(request, pk)
    setup.require_officer(request.user, survey.round)
    form = GroupForm(request.POST or None, instance=SurveyGroup(survey=survey))
    if request.method == "POST" and form.is_valid():
        try:
            setup.add_group(user=request.user, survey=survey, group=form.save(commit=False))
        except PortalError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The group was added."))
            return redirect("submissions:survey_desk", pk=survey.pk)
    return render(request, "submissions/survey/desk_group.html", {"survey": survey, "group": None, "form": form})


@login_required
@require_POST
def remove(request: HttpRequest, pk: int, group: int) -> HttpResponse:
    """Take a group out while the survey is prepared."""
    survey = survey_of(request, pk)
    row = get_object_or_404(survey.groups, pk=group)
    try:
        setup.remove_group(user=request.user, group=row)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The group was removed."))
    return redirect("submissions:survey_desk", pk=survey.pk)
