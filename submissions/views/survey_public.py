"""The respondent's pages: code, questionnaire, review, thanks. No account, no cookie but the one against forgery."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cms import clock
from cms.exceptions import PortalError
from cms.sign_in import address_of
from criteria_pages.questionnaire import OPEN, OPEN_TEXT_LIMIT, Question, QuestionnaireDefinition
from submissions.domain.survey import answering
from submissions.domain.survey.guessing import check_not_guessing, note_wrong_code
from submissions.domain.survey.tokens import normal_token
from submissions.exceptions import SubmissionError
from submissions.models import Invitation

_OPENED = signing.Signer(salt="survey.opened")


class CodeForm(forms.Form):
    """The code of a printed letter."""

    code = forms.CharField(
        label=gettext_lazy("Code of your letter"),
        max_length=60,
        help_text=gettext_lazy("24 letters and digits in groups of four. Capitals and hyphens do not matter."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


def _questionnaire_form(definition: QuestionnaireDefinition, data: Any = None, initial: Any = None) -> forms.Form:
    """Return a form with one field per question; nothing is required here, so that drafts may have gaps."""
    fields = {f"q-{question.code}": _field(question) for question in definition.questions}
    form_class = type("QuestionnaireForm", (forms.Form,), fields)
    start = {f"q-{code}": value for code, value in (initial or {}).items()}
    form: forms.Form = form_class(data, initial=start)
    return form


def _field(question: Question) -> forms.Field:
    english = get_language() == "en"
    text = (english and question.text_en) or question.text
    if question.kind == OPEN:
        area = forms.Textarea(attrs={"rows": 4, "maxlength": OPEN_TEXT_LIMIT})
        return forms.CharField(label=text, required=False, widget=area)
    choices = [(value, (english and label_en) or label) for value, label, label_en in question.choices]
    return forms.ChoiceField(label=text, required=False, choices=choices, widget=forms.RadioSelect)


def _answers(form: forms.Form) -> dict[str, str]:
    """Return what was chosen and typed, by question code; unknown names in the post never get here."""
    return {
        name.removeprefix("q-"): str(form.data.get(name, "")).strip()
        for name in form.fields
        if str(form.data.get(name, "")).strip()
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """Take the code of a printed letter to its questionnaire."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        token = normal_token(form.cleaned_data["code"])
        try:
            _find(request, token)
        except PortalError as refusal:
            form.add_error("code", refusal.message)
        else:
            return _private(HttpResponseRedirect(reverse("survey:answer", kwargs={"token": token})))
    return _private(render(request, "submissions/survey/enter_code.html", {"form": form}))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show the questionnaire; keep, review or send what was answered."""
    try:
        invitation = _find(request, token)
    except PortalError as refusal:
        return _refused(request, refusal)
    definition = answering.questionnaire_of(invitation)
    if request.method != "POST":
        form = _questionnaire_form(definition, initial=answering.read_draft(token=token))
        return _page(request, invitation, form, opened=_OPENED.sign(str(int(clock.now().timestamp()))))
    form = _questionnaire_form(definition, data=request.POST)
    try:
        return _take(request, token, invitation, form)
    except PortalError as refusal:
        if request.headers.get("Accept") == "application/json":
            return _private(JsonResponse({"saved": False, "message": refusal.message}, status=409))
        form.add_error(None, refusal.message)
        return _page(request, invitation, form, opened=request.POST.get("opened", ""), status=409)


def _take(request: HttpRequest, token: str, invitation: Invitation, form: forms.Form) -> HttpResponse:
    action = request.POST.get("action", "keep")
    answers = _answers(form)
    if action == "send":
        answering.send_answers(
            token=token, answers=answers, seconds=_seconds_open(request), address=address_of(request)
        )
        return _private(HttpResponseRedirect(reverse("survey:thanks")))
    answering.keep_draft(token=token, answers=answers)
    if request.headers.get("Accept") == "application/json":
        return _private(JsonResponse({"saved": True}))
    if action == "review":
        missing = answering.questionnaire_of(invitation).unanswered(answers)
        return _page(
            request,
            invitation,
            form,
            opened=request.POST.get("opened", ""),
            template="submissions/survey/review.html",
            missing=missing,
        )
    return _page(request, invitation, form, opened=request.POST.get("opened", ""), kept=True)


def _seconds_open(request: HttpRequest) -> int | None:
    """Return the seconds since the questionnaire was opened, by the signed time in the form."""
    try:
        opened = int(_OPENED.unsign(request.POST.get("opened", "")))
    except (signing.BadSignature, ValueError):
        return None
    return max(0, int(clock.now().timestamp()) - opened)


def _find(request: HttpRequest, token: str) -> Invitation:
    address = address_of(request)
    check_not_guessing(address)
    try:
        return answering.find_invitation(token)
    except SubmissionError as refusal:
        if refusal.code == "no_invitation":
            note_wrong_code(address)
        raise


def _page(
    request: HttpRequest,
    invitation: Invitation,
    form: forms.Form,
    *,
    opened: str,
    status: int = 200,
    template: str = "submissions/survey/answer.html",
    **context: Any,
) -> HttpResponse:
    definition = answering.questionnaire_of(invitation)
    english = get_language() == "en"
    survey = invitation.respondent.list.survey
    return _private(
        render(
            request,
            template,
            {
                "form": form,
                "survey": survey,
                "unit": invitation.respondent.rated_unit,
                "introduction": (english and definition.introduction_en) or definition.introduction,
                "questionnaire_title": (english and definition.title_en) or definition.title,
                "required": [f"q-{q.code}" for q in definition.questions if q.required and q.kind != OPEN],
                "lines": _lines(definition, form),
                "opened": opened,
                **context,
            },
            status=status,
        )
    )


def _lines(definition: QuestionnaireDefinition, form: forms.Form) -> list[dict[str, Any]]:
    """Return question, shown answer and hidden value of every question, for the review."""
    lines = []
    for question in definition.questions:
        name = f"q-{question.code}"
        value = str((form.data or form.initial).get(name, "") or "").strip()
        labels = dict(getattr(form.fields[name], "choices", []))
        lines.append(
            {
                "name": name,
                "text": form.fields[name].label,
                "value": value,
                "shown": labels.get(value, value),
                "missing": question.required and question.kind != OPEN and not value,
            }
        )
    return lines


def _refused(request: HttpRequest, refusal: PortalError) -> HttpResponse:
    status = 429 if refusal.code == "too_many_guesses" else 410 if refusal.code == "locked" else 404
    context = {"message": refusal.message, "form": CodeForm()}
    return _private(render(request, "submissions/survey/refused.html", context, status=status))


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Thank the respondent; the page knows nothing of who comes."""
    return render(request, "submissions/survey/thanks.html", {"title": _("Thank you")})


def _private(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
