"""Evidence beside the criterion, page by page, with the notes of the agency on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cms.exceptions import PermissionRefused, PortalError
from cms.numbers import parse_id
from submissions.domain import page_notes
from submissions.domain.appraisal_gate import GateFacts, appraisal_refusal
from submissions.domain.leaf_story import LeafStory
from submissions.models import Evidence, PageNote, Submission
from submissions.page_note_forms import PageNoteForm
from submissions.views.appraisal import story_for
from submissions.views.queue_address import FILTER_NAMES, filter_query


@dataclass(frozen=True, slots=True)
class _Place:
    """The leaf and the document that are open, and the page of it."""

    story: LeafStory
    facts: GateFacts
    document: Evidence
    page: int

    def address(self, request: HttpRequest, page: int) -> str:
        """Return the address of the screen at a page; the queue's filters stay in it."""
        who = self.story.participant
        base = reverse("submissions:appraisal_evidence", args=[who.round.code, who.pk, self.story.leaf.code,
                                                              self.document.pk])  # fmt: skip
        filters = [(name, request.GET[name]) for name in FILTER_NAMES if request.GET.get(name)]
        return f"{base}?{urlencode([('trang', page), *filters])}"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def evidence_page(request: HttpRequest, code: str, participant: int, leaf: str, evidence: int) -> HttpResponse:
    """Show a document of a leaf at a page beside what is claimed and what was noted; add, change, remove a note."""
    story, facts = story_for(request, code, participant, leaf)
    document = page_notes.documents_of(story.participant, leaf).filter(pk=evidence).first()
    if document is None:
        raise Http404
    last = page_notes.last_page(document)
    place = _Place(story, facts, document, max(1, min(parse_id(request.GET.get("trang")) or 1, last or 99_999)))
    if request.method != "POST":
        return _screen(request, place)
    act = request.POST.get("viec")
    if act == "xoa":
        return _remove(request, place)
    return _change(request, place) if act == "sua" else _add(request, place)


def _add(request: HttpRequest, place: _Place) -> HttpResponse:
    form = PageNoteForm(request.POST)
    story = place.story
    note = _try(
        form,
        lambda: page_notes.add_page_note(
            user=place.facts.user,
            participant=story.participant,
            code=story.leaf.code,
            evidence=place.document,
            typed=form.typed(),
        ),
    )
    if note is None:
        return _screen(request, place, form=form)
    messages.success(request, _("The note on page %(page)s is kept.") % {"page": note.page})
    return redirect(place.address(request, note.page))


def _change(request: HttpRequest, place: _Place) -> HttpResponse:
    found = _note(request, place)
    form = PageNoteForm(request.POST, prefix=_prefix(found))
    note = _try(form, lambda: page_notes.change_page_note(user=place.facts.user, note=found, typed=form.typed()))
    if note is None:
        return _screen(request, place, changing=(found.pk, form))
    messages.success(request, _("The note on page %(page)s is changed.") % {"page": note.page})
    return redirect(place.address(request, note.page))


def _remove(request: HttpRequest, place: _Place) -> HttpResponse:
    found = _note(request, place)
    try:
        page_notes.remove_page_note(user=place.facts.user, note=found)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The note was removed."))
    return redirect(place.address(request, found.page))


def _try(form: PageNoteForm, act: Callable[[], PageNote]) -> PageNote | None:
    """Do it where the form can be read; a refusal of the domain stands at its field."""
    if not form.is_valid():
        return None
    try:
        return act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        form.add_error(refusal.code if refusal.code in form.fields else None, refusal.message)
        return None


def _note(request: HttpRequest, place: _Place) -> PageNote:
    who = place.story.participant
    rows = PageNote.objects.filter(participant=who, code=place.story.leaf.code, evidence=place.document)
    found = rows.select_related("participant").filter(pk=parse_id(request.POST.get("muc")) or 0).first()
    if found is None:
        raise Http404
    return found


def _screen(
    request: HttpRequest,
    place: _Place,
    *,
    form: PageNoteForm | None = None,
    changing: tuple[int, PageNoteForm] | None = None,
) -> HttpResponse:
    story, facts = place.story, place.facts
    notes = page_notes.notes_for_agency(facts=facts, participant=story.participant, code=story.leaf.code)
    last = page_notes.last_page(place.document)
    refusal = _refusal(place)
    wrong = form if form is not None else (changing[1] if changing else None)
    context = {
        "round": story.participant.round,
        "story": story,
        "document": place.document,
        "newer": Evidence.objects.filter(replaces=place.document).first(),
        "page": place.page,
        "last": last,
        "previous_page": place.address(request, place.page - 1) if place.page > 1 else "",
        "next_page": place.address(request, place.page + 1) if last is None or place.page < last else "",
        "here": place.address(request, place.page),
        "lines": _lines(place, [note for note in notes if note.evidence_id == place.document.pk], changing),
        "others": [note for note in notes if note.evidence_id != place.document.pk],
        "form": form or PageNoteForm(initial={"page": place.page}),
        "wrong": wrong,
        "refusal": refusal,
        "query": filter_query(request.GET),
        "hidden": [(name, request.GET[name]) for name in FILTER_NAMES if request.GET.get(name)],
        "illustrative": story.participant.round.illustrative,
    }
    return render(request, "submissions/appraisal/evidence.html", context, status=422 if wrong else 200)


def _lines(place: _Place, notes: list[PageNote], changing: tuple[int, PageNoteForm] | None) -> list[dict[str, Any]]:
    """Return the notes with the form of those that the person may change."""
    decided = page_notes.decided_at(place.story.participant, place.story.leaf.code)
    lines = []
    for note in notes:
        form = None
        if note.author_id == place.facts.user.pk and page_notes.is_open(note, decided):
            initial = {"page": note.page, "quote": note.quote, "text": note.text}
            form = PageNoteForm(initial=initial, prefix=_prefix(note))
        is_wrong = changing is not None and changing[0] == note.pk
        lines.append({"note": note, "form": changing[1] if changing and is_wrong else form, "open": is_wrong})
    return lines


def _refusal(place: _Place) -> PortalError | None:
    """Return why nothing can be noted now; None where it can."""
    who = place.story.participant
    submission = Submission.objects.select_related("participant__unit", "participant__round__edition",
                                                   "participant__round__owner").get(participant=who)  # fmt: skip
    refusal = appraisal_refusal(user=place.facts.user, submission=submission, code=place.story.leaf.code,
                                facts=place.facts)  # fmt: skip
    return None if refusal is not None and refusal.code == page_notes.NOTABLE else refusal


def _prefix(note: PageNote) -> str:
    return f"sua-{note.pk}"
