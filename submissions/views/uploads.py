"""Upload in pieces, answered in JSON: into the unit's library, or onto a criterion."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import IO

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cms.models import Unit
from submissions.domain import evidence as library
from submissions.domain.definitions import definition_for
from submissions.domain.evidence_warnings import warnings_for
from submissions.domain.uploads import finish, received, take_piece
from submissions.forms import PieceForm
from submissions.models import AssessmentRound, Evidence, Submission
from submissions.views.pages import json_screen, json_view

Store = Callable[[IO[bytes], PieceForm], Evidence]


@json_view
@require_http_methods(["GET", "POST"])
def library_upload(request: HttpRequest, unit: int, uid: uuid.UUID) -> HttpResponse:
    """Take a piece of a document for the unit's library; with GET say from which byte to go on."""
    owner = get_object_or_404(Unit, pk=unit)

    def store(content: IO[bytes], form: PieceForm) -> Evidence:
        return library.add_evidence(
            user=request.user, unit=owner, content=content, name=form.cleaned_data["name"], **form.described()
        )

    return _step(request, owner, uid, store)


@json_screen
@require_http_methods(["GET", "POST"])
def leaf_upload(request: HttpRequest, submission: Submission, code: str, uid: uuid.UUID) -> HttpResponse:
    """Take a piece of a document that proves a criterion; the gate is asked at each piece."""
    participant = submission.participant
    if not definition_for(participant).has_leaf(code):
        raise Http404
    if request.method == "POST":
        library.check_may_attach(user=request.user, submission=submission, code=code)

    def store(content: IO[bytes], form: PieceForm) -> Evidence:
        use = library.upload_to_answer(
            user=request.user,
            submission=submission,
            code=code,
            content=content,
            name=form.cleaned_data["name"],
            pages=form.cleaned_data["pages"],
            **form.described(),
        )
        return use.evidence

    return _step(request, participant.unit, uid, store, round_=participant.round)


def _step(
    request: HttpRequest, unit: Unit, uid: uuid.UUID, store: Store, *, round_: AssessmentRound | None = None
) -> HttpResponse:
    if request.method == "GET":
        return JsonResponse({"state": "partial", "received": received(user=request.user, unit=unit, uid=uid)})
    form = PieceForm(request.POST, request.FILES)
    if not form.is_valid():
        errors = {name: " ".join(messages) for name, messages in form.errors.items()}
        sentence = next(iter(errors.values()))
        return JsonResponse({"state": "invalid", "message": sentence, "errors": errors}, status=422)
    data = form.cleaned_data
    upload = take_piece(
        user=request.user,
        unit=unit,
        uid=uid,
        name=data["name"],
        size=data["size"],
        offset=data["offset"],
        piece=data["piece"].read(),
    )
    if not upload.is_whole:
        return JsonResponse({"state": "partial", "received": upload.received})
    document = finish(upload, store=lambda content: store(content, form))
    if document is None:
        return JsonResponse({"state": "busy", "received": upload.received})
    return JsonResponse(
        {
            "state": "done",
            "title": document.title,
            "url": reverse("submissions:document", args=[document.pk]),
            "warnings": warnings_for([document], round=round_).get(document.pk, []),
        }
    )
