"""What the screen of a leaf shows of notes on pages: the documents, the notes, which of them can be chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from cms.numbers import parse_id
from submissions.domain.appraisal_gate import GateFacts
from submissions.domain.page_notes import documents_of, may_go_into_request, notes_for_agency
from submissions.models import AppraisalDraft, Evidence, PageNote, Participant

#: The name of the boxes by which a note is made part of a request or of a decision's reason.
CHOICE = "ghi-chu-trang"
MAX_CHOSEN = 100


@dataclass(frozen=True, slots=True)
class NotedDocument:
    """A document of a leaf with the notes on its pages, in the order of the pages."""

    document: Evidence
    notes: list[PageNote] = field(default_factory=list)


def chosen_notes(request: HttpRequest) -> list[int]:
    """Return the ids of the notes that were ticked; what is no id is left out."""
    typed = request.POST.getlist(CHOICE)[:MAX_CHOSEN]
    return [pk for value in typed if (pk := parse_id(value)) is not None]


def kept_with_draft(notes: list[int]) -> dict[str, str]:
    """Return what a draft keeps of the ticked notes; nothing where none is ticked."""
    return {CHOICE: ",".join(map(str, notes))} if notes else {}


def notes_of_draft(draft: AppraisalDraft | None) -> list[int]:
    """Return the ids of the notes that were ticked when the draft was kept."""
    kept = str(draft.values.get(CHOICE, "")) if draft else ""
    return [pk for value in kept.split(",") if (pk := parse_id(value)) is not None]


def note_context(participant: Participant, code: str, facts: GateFacts) -> dict[str, Any]:
    """Return the documents of a leaf with their notes, and the notes that may go into a request or a reason."""
    notes = notes_for_agency(facts=facts, participant=participant, code=code)
    own = [note for note in notes if note.agency_id in facts.agencies]
    return {
        "noted": by_document(list(documents_of(participant, code)), notes),
        "notes_for_request": [note for note in own if may_go_into_request(note)],
        "notes_for_reason": [note for note in own if note.entry_id is None],
    }


def by_document(documents: list[Evidence], notes: list[PageNote]) -> list[NotedDocument]:
    """Return every document with its notes; the documents in the order in which they came."""
    found = {document.pk: NotedDocument(document) for document in documents}
    for note in notes:
        found.setdefault(note.evidence_id, NotedDocument(note.evidence)).notes.append(note)
    return list(found.values())
