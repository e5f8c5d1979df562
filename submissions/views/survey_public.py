"""The respondent's pages: code, questionnaire, review, receipt. No account, no cookie but the one against forgery."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cms import clock
from cms.exceptions import PortalError
from cms.numbers import parse_id
from cms.sign_in import address_of
from submissions.domain.survey import answering, receipts
from submissions.domain.survey.guessing import count_refusal
from submissions.domain.survey.tokens import normal_token
from submissions.exceptions import SubmissionError
from submissions.models import Invitation, Survey
from submissions.views.questionnaires import QuestionnaireForm, words_of

_OPENED = signing.Signer(salt="survey.opened")
_STATUS = {"too_many_guesses": 429, "locked": 410}


class CodeForm(forms.Form):
    """The code of a letter."""

    code = forms.CharField(
        label=gettext_lazy("Code of your letter"),
        max_length=60,
        help_text=gettext_lazy("24 letters and digits in groups of four. Capitals and hyphens do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Take the code of a printed letter to its questionnaire."""
    form = CodeForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        token = normal_token(form.cleaned_data["code"])
        try:
            _find(request, token)
        except PortalError as refusal:
            form.add_error("code", refusal.message)
            status = _STATUS.get(refusal.code, 404)
        else:
            return private(HttpResponseRedirect(reverse("survey:answer", kwargs={"token": token})))
    return private(render(request, "submissions/survey/enter_code.html", {"form": form}, status=status))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the questionnaire; keep, review or send what was answered."""
    try:
        invitation = _find(request, token)
    except PortalError as refusal:
        return _refused(request, refusal)
    definition = answering.questionnaire_of(invitation)
    if request.method != "POST":
        draft = answering.draft_of(token, invitation)
        form = QuestionnaireForm(definition, initial=draft.answers)
        opened = draft.opened or int(clock.now().timestamp())
        return _page(request, invitation, form, opened=_OPENED.sign(str(opened)), version=draft.version)
    form = QuestionnaireForm(definition, data=request.POST)
    try:
        return _take(request, token, invitation, form)
    except PortalError as refusal:
        if _wants_json(request):
            return private(JsonResponse({"saved": False, "message": refusal.message}, status=409))
        if refusal.code == "no_invitation":
            return _refused(request, refusal)
        form.add_error(None, refusal.message)
        # Kept or sent once more, what stands on the page takes the place of what was kept from elsewhere.
        return _page(request, invitation, form, status=409)


def _take(request: HttpRequest, token: str, invitation: Invitation, form: QuestionnaireForm) -> HttpResponse:
    action = request.POST.get("action", "keep")
    answers = form.answers()
    edition = parse_id(request.POST.get("edition"))
    if action == "send":
        survey = answering.send_answers(
            token=token, answers=answers, seconds=seconds_open(request), address=address_of(request), edition=edition
        )
        return received(survey)
    draft = answering.keep_draft(
        token=token,
        answers=answers,
        edition=edition,
        expected_version=parse_id(request.POST.get("version")),
        opened=_opened(request),
    )
    if _wants_json(request):
        return private(JsonResponse({"saved": True, "version": draft.version}))
    if action == "review":
        missing = answering.questionnaire_of(invitation).unanswered(answers)
        template = "submissions/survey/review.html"
        return _page(request, invitation, form, version=draft.version, template=template, missing=missing)
    return _page(request, invitation, form, version=draft.version, kept=action == "keep")


def received(survey: Survey) -> HttpResponse:
    """Go to the receipt; its number is all that the next page knows."""
    return private(HttpResponseRedirect(f"{reverse('survey:thanks')}?so={receipts.issue(survey)}"))


def opened_now() -> str:
    """Return the signed time of opening a questionnaire, for the form."""
    return _OPENED.sign(str(int(clock.now().timestamp())))


def _opened(request: HttpRequest) -> int | None:
    try:
        return int(_OPENED.unsign(request.POST.get("opened", "")))
    except (signing.BadSignature, ValueError):
        return None


def seconds_open(request: HttpRequest) -> int | None:
    """Return the seconds since the questionnaire was opened, by the signed time in the form."""
    opened = _opened(request)
    return None if opened is None else max(0, int(clock.now().timestamp()) - opened)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _find(request: HttpRequest, token: str) -> Invitation:
    try:
        return answering.find_invitation(token)
    except SubmissionError as refusal:
        if refusal.code == "no_invitation":
            count_refusal(token, address_of(request))
        raise


def _page(
    request: HttpRequest,
    invitation: Invitation,
    form: QuestionnaireForm,
    *,
    opened: str = "",
    version: int | None = None,
    status: int = 200,
    template: str = "submissions/survey/answer.html",
    **context: Any,
) -> HttpResponse:
    return private(
        render(
            request,
            template,
            {
                "form": form,
                "survey": invitation.respondent.list.survey,
                "unit": invitation.respondent.rated_unit,
                "words": words_of(form.definition),
                "lines": form.lines(),
                "opened": opened or request.POST.get("opened", ""),
                "version": invitation.draft_version if version is None else version,
                "edition": invitation.respondent.group.edition_id,
                "reissued": invitation.issue > 1,
                **context,
            },
            status=status,
        )
    )


def _refused(request: HttpRequest, refusal: PortalError) -> HttpResponse:
    status = _STATUS.get(refusal.code, 404)
    if _wants_json(request):
        return private(JsonResponse({"saved": False, "message": refusal.message}, status=status))
    context = {"message": refusal.message, "form": CodeForm()}
    return private(render(request, "submissions/survey/refused.html", context, status=status))


@never_cache
@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Show a receipt, or check one: it says nothing of who answered, or what."""
    typed = request.GET.get("so", "").strip()[:60]
    context: dict[str, Any] = {"typed": typed}
    try:
        context["receipt"] = receipts.read(typed) if typed else None
    except PortalError as refusal:
        context["message"] = refusal.message
    return private(render(request, "submissions/survey/thanks.html", context))


def private(response: HttpResponse) -> HttpResponse:
    """Let no path leave with a link, and no search engine keep the page.

    The origin alone may go along: without any, browsers would post forms with the origin "null", which is refused.
    """
    response["Referrer-Policy"] = "strict-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
