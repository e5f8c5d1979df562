"""The public link of a satisfaction survey: choose a unit, answer, send. No account, no code, nothing kept before."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cms.exceptions import PortalError
from cms.models import Unit
from cms.numbers import parse_id
from cms.sign_in import address_of
from submissions.domain.survey import public_link
from submissions.models import SurveyGroup
from submissions.views.questionnaires import QuestionnaireForm, words_of
from submissions.views.survey_public import opened_now, private, received, seconds_open

_STATUS = {"locked": 410, "full": 410, "no_link": 404}


@never_cache
@require_safe
def choose_unit(request: HttpRequest, group: int) -> HttpResponse:
    """List the units that may be rated."""
    try:
        found = public_link.find_group(group)
    except PortalError as refusal:
        return _refused(request, refusal)
    context = {
        "group": found,
        "survey": found.survey,
        "words": words_of(found.edition.definition),
        "choices": public_link.choices(found),
    }
    return private(render(request, "submissions/survey/open_units.html", context))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer_openly(request: HttpRequest, group: int, unit: str) -> HttpResponseBase:
    """Show the questionnaire about a unit, review it, send it."""
    try:
        found = public_link.find_group(group)
        rated = public_link.find_unit(found, unit)
    except PortalError as refusal:
        return _refused(request, refusal)
    definition = found.edition.definition
    if request.method != "POST":
        return _page(request, found, rated, QuestionnaireForm(definition), opened=opened_now())
    form = QuestionnaireForm(definition, data=request.POST)
    action = request.POST.get("action")
    try:
        if action == "send":
            survey = public_link.send(
                group=found,
                unit=rated,
                answers=form.answers(),
                seconds=seconds_open(request),
                address=address_of(request),
                edition=parse_id(request.POST.get("edition")),
            )
            return received(survey)
        missing = definition.unanswered(definition.clean_answers(form.answers()))
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return _page(request, found, rated, form, status=409)
    if action == "review":
        return _page(request, found, rated, form, template="submissions/survey/review.html", missing=missing)
    return _page(request, found, rated, form)


def _page(
    request: HttpRequest,
    group: SurveyGroup,
    unit: Unit,
    form: QuestionnaireForm,
    *,
    opened: str = "",
    status: int = 200,
    template: str = "submissions/survey/open_answer.html",
    **context: Any,
) -> HttpResponse:
    values = {
        "form": form,
        "survey": group.survey,
        "unit": unit,
        "words": words_of(form.definition),
        "lines": form.lines(),
        "opened": opened or request.POST.get("opened", ""),
        "version": None,
        "openly": True,
        "edition": group.edition_id,
        **context,
    }
    return private(render(request, template, values, status=status))


def _refused(request: HttpRequest, refusal: PortalError) -> HttpResponse:
    context = {"message": refusal.message}
    return private(
        render(request, "submissions/survey/open_refused.html", context, status=_STATUS.get(refusal.code, 404))
    )
