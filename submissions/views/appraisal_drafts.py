"""Autosave of the appraiser's desk: answers in JSON like that of the unit's form, and the same script asks."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST

from cms.models import User
from cms.numbers import parse_id
from submissions.appraisal_forms import AppraisalForm
from submissions.domain.appraisal_drafts import discard_draft, keep_draft
from submissions.domain.appraisal_queue import rounds_for
from submissions.domain.definitions import definition_for
from submissions.domain.second_reading_state import blind_to
from submissions.exceptions import StaleWrite
from submissions.models import Participant
from submissions.views.form import MAX_OWN_WRITES, uuids
from submissions.views.page_note_lists import CHOICE, chosen_notes, kept_with_draft
from submissions.views.pages import json_view
from submissions.views.queue_address import filter_query


@json_view
@require_POST
def keep(request: HttpRequest, code: str, participant: int, leaf: str) -> HttpResponse:
    """Keep what is typed on a leaf as the person's draft. Repeating a request does no harm."""
    who = _participant(request.user, code, participant)
    definition = definition_for(who)
    if not definition.has_leaf(leaf):
        raise Http404
    form = AppraisalForm(request.POST, leaf=definition.leaf(leaf))
    if not form.is_valid():
        errors = {name: " ".join(sentences) for name, sentences in form.errors.items()}
        return JsonResponse({"state": "invalid", "errors": errors}, status=422)
    try:
        draft = keep_draft(
            user=request.user,
            participant=who,
            code=leaf,
            values={**form.typed(), **kept_with_draft(chosen_notes(request))},
            expected_version=parse_id(request.POST.get("version", "")) or 0,
            seen_entry=form.cleaned_data["expected_entry_id"],
            write_id=next(iter(uuids([request.POST.get("write_id", "")])), None),
            own_writes=uuids(request.POST.get("own_writes", "").split(",")[:MAX_OWN_WRITES]),
        )
    except StaleWrite as refusal:
        current = dict(refusal.current)
        notes = len(str(current.get(CHOICE, "")).split(",")) if current.get(CHOICE) else 0
        shown = {"stale": refusal, "form": form, "notes": notes}
        html = render_to_string("submissions/appraisal/_draft_stale.html", shown, request)
        return JsonResponse(
            {
                "state": "stale",
                "message": refusal.message,
                "current": {name: "" if value is None else str(value) for name, value in current.items()},
                "follow": {"expected_entry_id": "" if current["entry"] is None else str(current["entry"])},
                "html": html,
            },
            status=409,
        )
    saved_at = timezone.localtime(draft.updated_at).strftime("%H:%M:%S")
    return JsonResponse({"state": "saved", "version": draft.version, "saved_at": saved_at})


@json_view
@require_POST
def discard(request: HttpRequest, code: str, participant: int, leaf: str) -> HttpResponse:
    """Throw the person's draft away and show the leaf as it stands."""
    who = _participant(request.user, code, participant)
    discard_draft(user=request.user, participant=who, code=leaf)
    reading = blind_to(request.user).filter(participant=who, code=leaf).first()
    if reading is not None:
        return redirect("submissions:second_reading", code, reading.pk)
    answer = redirect("submissions:appraisal_leaf", code, participant, leaf)
    answer["Location"] += filter_query(request.GET)
    return answer


def _participant(user: User, code: str, participant: int) -> Participant:
    round_ = rounds_for(user).filter(code=code).first()
    who = Participant.objects.filter(round=round_, pk=participant).select_related("unit", "round__edition").first()
    if round_ is None or who is None:
        raise Http404
    return who
