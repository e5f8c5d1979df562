"""Requests for explanation: the agency asks and withdraws, the unit reads and answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from submissions.desk_forms import INPUT_PREFIX, AskForm, ExplainForm
from submissions.domain import explanations
from submissions.domain.evidence import add_evidence, library_of
from submissions.domain.gate import refusal as write_refusal
from submissions.domain.leaf_story import leaf_story
from submissions.enums import RequestState, WriteAction
from submissions.models import Evidence, ExplanationRequest, Participant, Submission
from submissions.views.access import attempt
from submissions.views.appraisal import leaf_response, story_for
from submissions.views.page_note_lists import chosen_notes
from submissions.views.queue_address import filter_query

_ASK_FIELD_OF = {
    "question_missing": "question",
    **dict.fromkeys(("in_the_past", "after_phase", "no_deadline"), "due_at"),
}


@login_required
@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """List the requests to the user's units, those that wait first."""
    rows = explanations.requests_for_unit(request.user)
    waiting = [row for row in rows if row.state == RequestState.OPEN]
    others = [row for row in rows if row.state != RequestState.OPEN]
    return render(request, "submissions/explanations/list.html", {"waiting": waiting, "others": others})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the thread of one request and take the unit's answer."""
    asked = explanations.requests_for_unit(request.user).filter(pk=pk).first()
    if asked is None:
        raise Http404
    story = leaf_story(asked.participant, asked.code)
    inputs = story.claim.entry.inputs if story.claim else {}
    library = library_of(asked.participant.unit)
    form = ExplainForm(request.POST or None, request.FILES or None, leaf=story.leaf, library=library, inputs=inputs)
    if request.method == "POST" and form.is_valid() and _answer(request, asked, form):
        messages.success(request, _("The explanation is sent to %(agency)s.") % {"agency": asked.agency.name})
        return redirect("submissions:explanation", asked.pk)
    submission = Submission.objects.select_related("participant__unit", "participant__round__edition").get(
        participant=asked.participant
    )
    context = {
        "asked": asked,
        "story": story,
        "form": form,
        "thread": explanations.requests_of(asked.participant, asked.code),
        "refusal": write_refusal(user=request.user, submission=submission, code=asked.code, action=WriteAction.EXPLAIN),
        "illustrative": asked.participant.round.illustrative,
    }
    return render(request, "submissions/explanations/request.html", context, status=422 if form.errors else 200)


def _answer(request: HttpRequest, asked: ExplanationRequest, form: ExplainForm) -> bool:
    data: dict[str, Any] = form.cleaned_data
    try:
        # The gate is asked before the file is taken, so that a refused answer leaves no document behind.
        explanations.check_answerable(user=request.user, request=asked)
        with transaction.atomic():
            explanations.answer(
                user=request.user,
                request=asked,
                text=data["answer"],
                inputs=form.changed_inputs(),
                evidence=_documents(request, asked, data),
            )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        name = INPUT_PREFIX + getattr(refusal, "field", "")
        if name in form.fields:
            form.add_error(name, getattr(refusal, "beside", refusal.message))
        else:
            form.add_error(None, refusal.message)
        return False
    return True


def _documents(request: HttpRequest, asked: ExplanationRequest, data: dict[str, Any]) -> list[Evidence]:
    documents = list(data["documents"])
    if data["upload"]:
        unit = asked.participant.unit
        documents.append(add_evidence(user=request.user, unit=unit, content=data["upload"], name=data["upload"].name))
    return documents


@login_required
@require_POST
def ask_unit(request: HttpRequest, code: str, participant: int, leaf: str) -> HttpResponse:
    """Ask a unit to explain one leaf."""
    who = (
        Participant.objects.filter(round__code=code, pk=participant)
        .select_related("unit", "round__edition", "round__owner")
        .first()
    )
    if who is None:
        raise Http404
    form = AskForm(request.POST)
    if form.is_valid() and _ask(request, who, leaf, form):
        address = reverse("submissions:appraisal_leaf", args=[code, participant, leaf])
        return redirect(f"{address}{filter_query(request.GET)}")
    story, facts = story_for(request, code, participant, leaf)
    return leaf_response(request, story, None, facts, status=422, ask_form=form)


def _ask(request: HttpRequest, who: Participant, leaf: str, form: AskForm) -> bool:
    """Ask; where that is refused, the sentence stands at its field of the form."""
    try:
        explanations.ask(
            user=request.user,
            participant=who,
            code=leaf,
            question=form.cleaned_data["question"],
            due_at=form.cleaned_data["due_at"],
            notes=chosen_notes(request),
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(_ASK_FIELD_OF.get(refusal.code), refusal.message)
        return False
    messages.success(request, _("%(unit)s is asked to explain %(code)s.") % {"unit": who.unit.name, "code": leaf})
    return True


@login_required
@require_POST
def withdraw_request(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request back."""
    asked = ExplanationRequest.objects.select_related("participant__round").filter(pk=pk).first()
    if asked is None:
        raise Http404
    attempt(
        request,
        lambda: explanations.withdraw(user=request.user, request=asked, note=request.POST.get("ly-do", "")),
        _("The request is withdrawn."),
    )
    return redirect("submissions:appraisal_leaf", asked.participant.round.code, asked.participant_id, asked.code)
