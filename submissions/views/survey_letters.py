"""Letters of a survey: who got one, what came back, another address, printed letters. Nothing of who has answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from submissions.domain.survey import deliveries, letters
from submissions.domain.survey.setup import require_officer
from submissions.models import Invitation, PrintedLetters, Survey
from submissions.survey_enums import DeliveryState, SurveyState
from submissions.survey_forms import AddressForm, LettersFilterForm, ReturnedForm
from submissions.survey_tasks import order_mail_job, order_print_job

PER_PAGE = 50
WITHOUT_MAIL = "khong-thu"


def _survey(request: HttpRequest, pk: int) -> Survey:
    survey = get_object_or_404(Survey.objects.select_related("round__owner"), pk=pk)
    require_officer(request.user, survey.round)
    return survey


def _trail(survey: Survey) -> list[dict[str, str]]:
    return [{"title": str(survey), "url": reverse("submissions:survey_desk", kwargs={"pk": survey.pk})}]


@login_required
@require_safe
def letter_list(request: HttpRequest, pk: int) -> HttpResponse:
    """List the letters by their state, and the files that were printed."""
    survey = _survey(request, pk)
    form = LettersFilterForm(request.GET)
    rows = _filtered(survey, form.cleaned_data if form.is_valid() else {})
    return render(
        request,
        "submissions/survey/letters.html",
        {
            "survey": survey,
            "form": form,
            "page_obj": Paginator(rows, PER_PAGE).get_page(request.GET.get("trang")),
            "printed": survey.printed_letters.defer("content").select_related("job__created_by"),
            "to_print": letters.letters_to_print(survey).count(),
            "to_print_again": letters.letters_to_print(survey, again=True).count(),
            "is_open": survey.state == SurveyState.ANSWERING,
            "crumbs": _trail(survey),
        },
    )


def _filtered(survey: Survey, chosen: dict[str, Any]) -> QuerySet[Invitation]:
    rows = Invitation.objects.filter(respondent__list__survey=survey).select_related(
        "respondent__group", "respondent__list__participant__unit"
    )
    state, words = chosen.get("loc"), chosen.get("q")
    if state == WITHOUT_MAIL:
        rows = rows.filter(respondent__mail="")
    elif state:
        rows = rows.filter(delivery=state)
    if words:
        rows = rows.filter(
            Q(respondent__name__icontains=words)
            | Q(respondent__organisation__icontains=words)
            | Q(respondent__mail__icontains=words)
        )
    return rows.order_by("respondent__list__participant__unit__name", "pk")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest, pk: int, invitation: int) -> HttpResponse:
    """Show one person's letter; replace the address, send it again, print it, record that it came back."""
    survey = _survey(request, pk)
    rows = Invitation.objects.select_related("respondent__group", "respondent__list__participant__unit")
    row = get_object_or_404(rows, pk=invitation, respondent__list__survey=survey)
    forms: dict[str, Any] = {"address_form": AddressForm(), "returned_form": ReturnedForm()}
    status = 200
    if request.method == "POST":
        action = request.POST.get("action", "")
        if action == "print":
            return _order_print(request, survey, invitation=row.pk, again=True)
        done, forms, status = _act(request, survey, row, action, forms)
        if done is not None:
            return done
    crumbs = [
        *_trail(survey),
        {"title": _("Letters"), "url": reverse("submissions:survey_letters", kwargs={"pk": survey.pk})},
    ]
    is_open = survey.state == SurveyState.ANSWERING
    context = {"survey": survey, "letter": row, "is_open": is_open, "crumbs": crumbs, **forms}
    return render(request, "submissions/survey/letter.html", context, status=status)


def _act(
    request: HttpRequest, survey: Survey, row: Invitation, action: str, forms: dict[str, Any]
) -> tuple[HttpResponse | None, dict[str, Any], int]:
    """Do what the form asks for; return where to go, or the forms with what is wrong and the status."""
    user = request.user
    form: Any = None
    if action == "replace":
        form = forms["address_form"] = AddressForm(request.POST)
    elif action == "returned":
        form = forms["returned_form"] = ReturnedForm(request.POST)
    if form is not None and not form.is_valid():
        return None, forms, 422
    acts: dict[str, tuple[Callable[[], Any], str]] = {
        "replace": (
            lambda: deliveries.replace_address(user=user, invitation=row, mail=form.cleaned_data["mail"]),
            _("The address was replaced. The letter goes out anew; the old link no longer works."),
        ),
        "resend": (
            lambda: deliveries.resend(user=user, invitation=row),
            _("The letter goes out again, with the same link.")
            if row.delivery != DeliveryState.PRINTED
            else _("The letter goes out by mail with a new link; the printed letter no longer works."),
        ),
        "returned": (
            lambda: deliveries.record_bounce(user=user, invitation=row, note=form.cleaned_data["note"]),
            _("It is recorded that the letter came back."),
        ),
    }
    if action not in acts:
        raise Http404
    act, words = acts[action]
    try:
        act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        if form is None:
            messages.error(request, refusal.message)
            return redirect("submissions:survey_letter", pk=survey.pk, invitation=row.pk), forms, 302
        form.add_error(None, refusal.message)
        return None, forms, 409
    if action != "returned" and survey.letters_ordered:
        order_mail_job(survey=survey, user=user)
    messages.success(request, words)
    return redirect("submissions:survey_letter", pk=survey.pk, invitation=row.pk), forms, 302


@login_required
@require_POST
def print_letters(request: HttpRequest, pk: int) -> HttpResponse:
    """Order the letters of those without a mail address, new ones or all."""
    return _order_print(request, _survey(request, pk), invitation=None, again=request.POST.get("which") == "all")


def _order_print(request: HttpRequest, survey: Survey, *, invitation: int | None, again: bool) -> HttpResponse:
    try:
        letters.require_printable(user=request.user, survey=survey, invitation=invitation, again=again)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return redirect("submissions:survey_letters", pk=survey.pk)
    order_print_job(survey=survey, user=request.user, invitation=invitation, again=again)
    messages.success(
        request, _("The letters are being typeset. They appear here as files to print; load the page again.")
    )
    return redirect("submissions:survey_letters", pk=survey.pk)


@login_required
@never_cache
@require_safe
def printed_file(request: HttpRequest, pk: int, printed: int) -> HttpResponse:
    """Hand out a file of letters to the survey officer."""
    survey = _survey(request, pk)
    row = get_object_or_404(PrintedLetters.objects.select_related("survey__round__owner"), survey=survey, pk=printed)
    response = HttpResponse(letters.open_printed(user=request.user, printed=row), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="thu-khao-sat-{row.job_id}-{row.part}.pdf"'
    return response
