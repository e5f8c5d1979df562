"""The free texts of a survey, for its officer alone."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.survey import texts
from submissions.domain.survey.setup import require_officer
from submissions.models import Survey, SurveyText

PER_PAGE = 25


@login_required
@require_safe
def text_list(request: HttpRequest, pk: int) -> HttpResponse:
    """List the texts in their random order."""
    survey = get_object_or_404(Survey.objects.select_related("round__owner"), pk=pk)
    require_officer(request.user, survey.round)
    rows = survey.texts.select_related("unit")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    return render(request, "submissions/survey/texts.html", {"survey": survey, "page_obj": page})


@login_required
@require_POST
def change_text(request: HttpRequest, pk: int, text: UUID) -> HttpResponse:
    """Black out a passage or the whole text, or note that it was read."""
    row = get_object_or_404(SurveyText.objects.select_related("survey__round__owner"), survey_id=pk, pk=text)
    act = request.POST.get("action")
    try:
        if act == "hide":
            texts.hide(user=request.user, text=row)
        elif act == "read":
            texts.mark_read(user=request.user, text=row)
        else:
            texts.redact(user=request.user, text=row, passage=request.POST.get("passage", ""))
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The text was changed."))
    page = request.POST.get("trang", "")
    tail = f"?trang={page}" if page.isascii() and page.isdigit() else ""
    return redirect(f"{reverse('submissions:survey_texts', kwargs={'pk': pk})}{tail}#t-{row.pk}")
