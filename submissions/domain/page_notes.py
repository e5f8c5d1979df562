"""Notes of appraisers on pages of the evidence of a leaf.

They are the agency's working papers: its appraisers and those who read points before publication see them, the unit
does not. An appraiser makes a note part of a request for explanation or of a decision's reason; from then on the unit
reads it in the thread or in the trail of the score, and it stays as it is. A note belongs to the version of the
document on which it was made: a version that follows has other pages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.compiled import Compiled
from cms.exceptions import PermissionRefused
from cms.models import User
from submissions.domain.appraisal_gate import GateFacts, lock_participant, look
from submissions.domain.conflicts import barred_unit_ids
from submissions.domain.inputs import clean_text
from submissions.enums import RequestState, Stage
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Evidence, ExplanationRequest, PageNote, Participant, ScoreEntry, Submission

MAX_TEXT = 2000
MAX_QUOTE = 500
DECISIONS = (Stage.APPRAISAL_1, Stage.APPRAISAL_2)
# While the unit may explain nobody decides, but what it hands in is read and noted on.
NOTABLE = "explanation_open"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for a note: the page, a passage of it, the remark."""

    page: str
    text: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    """A note as it is stored."""

    page: int
    text: str
    quote: str

    def plain(self) -> dict[str, object]:
        """Return what the audit log keeps."""
        return {"page": self.page, "text": self.text, "quote": self.quote}


def add_page_note(*, user: User, participant: Participant, code: str, evidence: Evidence, typed: Typed) -> PageNote:
    """Note something on a page of a document of the leaf; return the note.

    Raises what the appraisers' gate raises (who may decide on the leaf may note, also while the unit explains), and
    `SubmissionError` for a document that does not belong to the leaf, a page that it does not have, an empty or too
    long text.
    """
    with transaction.atomic():
        submission = lock_participant(participant)
        facts = GateFacts(user, submission.participant.round)
        _check_gate(facts, submission, code)
        agency = facts.assignments.agency_for(code, unit_id=submission.participant.unit_id)
        document = documents_of(submission.participant, code).filter(pk=evidence.pk).first()
        if document is None or agency is None:
            raise SubmissionError(
                _("“%(title)s” is no evidence for %(code)s of this unit.") % {"title": evidence.title, "code": code},
                code="foreign_evidence",
            )
        read = _read(typed, document)
        note = PageNote.objects.create(
            participant=submission.participant,
            code=code,
            evidence=document,
            page=read.page,
            quote=read.quote,
            text=read.text,
            agency=agency,
            author=user,
            created_at=clock.now(),
        )
        audit.record(
            "submissions.page_note_added", note, user=user, after={"code": code, **read.plain()}, evidence=document.pk
        )
    return note


def change_page_note(*, user: User, note: PageNote, typed: Typed) -> PageNote:
    """Change an own note; return it.

    Raises as `add_page_note`; `PermissionRefused` for somebody else's note; `WrongState` once the leaf is decided or
    the unit reads the note.
    """
    with transaction.atomic():
        stored = _own_open_note(user, note)
        read = _read(typed, stored.evidence)
        before = {"page": stored.page, "text": stored.text, "quote": stored.quote}
        if before == read.plain():
            return stored
        stored.page, stored.text, stored.quote, stored.edited_at = read.page, read.text, read.quote, clock.now()
        stored.save(update_fields=["page", "text", "quote", "edited_at"])
        audit.record(
            "submissions.page_note_changed",
            stored,
            user=user,
            before=before,
            after={"code": stored.code, **read.plain()},
        )
    return stored


def remove_page_note(*, user: User, note: PageNote) -> None:
    """Remove an own note; the audit log keeps what it said. Raises as `change_page_note`."""
    with transaction.atomic():
        stored = _own_open_note(user, note)
        audit.record(
            "submissions.page_note_removed",
            stored,
            user=user,
            before={"code": stored.code, "page": stored.page, "text": stored.text, "quote": stored.quote},
        )
        stored.delete()


def share_notes(
    *,
    notes: Collection[int],
    participant: Participant,
    code: str,
    user: User,
    request: ExplanationRequest | None = None,
    entry: ScoreEntry | None = None,
) -> None:
    """Make notes of the own agency part of a request or of a decision's reason, in the transaction of that act.

    Raises `SubmissionError` where one of them is not (or no longer) among the notes that may be chosen.
    """
    if not notes:
        return
    facts = GateFacts(user, participant.round)
    chosen = PageNote.objects.filter(participant=participant, code=code, agency__in=facts.agencies, pk__in=set(notes))
    rows = list(chosen.filter(_unused(request)).select_for_update(of=("self",)))
    if len(rows) != len(set(notes)):
        raise SubmissionError(
            _("A chosen note on a page was removed or used meanwhile; look at the notes again."), code="note_gone"
        )
    for row in rows:
        row.request, row.entry = request or row.request, entry or row.entry
        row.save(update_fields=["request", "entry"])
        audit.record(
            "submissions.page_note_shared",
            row,
            user=user,
            after={
                "code": code,
                "request": request.pk if request else None,
                "entry": entry.pk if entry else None,
            },
        )


def _unused(request: ExplanationRequest | None) -> Q:
    """A note stands in one request at most, and in one decision's reason at most; a request that was withdrawn does
    not keep it: it goes to the request that names it next."""
    if request is None:
        return Q(entry__isnull=True)
    return Q(request__isnull=True) | Q(request__state=RequestState.WITHDRAWN)


def may_go_into_request(note: PageNote) -> bool:
    """Whether a request for explanation may name the note: it stands in none, or in one that was withdrawn."""
    return note.request is None or note.request.state == RequestState.WITHDRAWN


def documents_of(participant: Participant, code: str) -> QuerySet[Evidence]:
    """Return the documents that prove a leaf: attached to the answer, handed in with an explanation, or noted on."""
    proves = (
        Q(uses__answer__submission__participant=participant, uses__answer__code=code)
        | Q(explanations__participant=participant, explanations__code=code)
        | Q(page_notes__participant=participant, page_notes__code=code)
    )
    ids = Evidence.objects.filter(proves).values("pk")
    return Evidence.objects.filter(pk__in=ids).select_related("file", "unit").order_by("pk")


def notes_for_agency(*, facts: GateFacts, participant: Participant, code: str) -> list[PageNote]:
    """Return the notes of the person's agencies on a leaf, and those of others that the unit reads; one query."""
    return list(_notes(participant.pk, code).filter(Q(agency__in=facts.agencies) | _SHARED))


def notes_for_council(*, user: User, participant: Participant, code: str) -> list[PageNote]:
    """Return the notes on a leaf for somebody who reads points before publication.

    Who works for the unit, or has declared a conflict of interest with it, reads what the unit reads.
    """
    rows = _notes(participant.pk, code)
    barred = participant.unit_id in barred_unit_ids(user, participant.round)
    return list(rows.filter(_SHARED) if barred else rows)


def notes_of_decisions(participant: Participant, code: str) -> dict[int, list[PageNote]]:
    """Return the notes that are part of a decision's reason, by the decision's entry in the ledger; one query."""
    found: dict[int, list[PageNote]] = {}
    for note in _in_reasons.all(participant.pk, code):
        found.setdefault(note.entry_id or 0, []).append(note)
    return found


def decided_at(participant: Participant, code: str) -> dt.datetime | None:
    """Return when an agency decided on the leaf last; notes from before that are closed."""
    rows = ScoreEntry.objects.filter(participant=participant, code=code, stage__in=DECISIONS)
    return rows.order_by("-pk").values_list("created_at", flat=True).first()


def is_open(note: PageNote, decided: dt.datetime | None) -> bool:
    """Whether its author may still change it: not shared, and no decision on the leaf came after it."""
    return not note.is_shared and (decided is None or note.created_at > decided)


def last_page(evidence: Evidence) -> int | None:
    """Return how many pages the document has; None where that is not known."""
    return int(evidence.file.inspection.get("pages") or 0) or None


_SHARED = Q(request__isnull=False) | Q(entry__isnull=False)


def _notes(participant: int, code: str) -> QuerySet[PageNote]:
    rows = PageNote.objects.filter(participant_id=participant, code=code)
    return rows.select_related("author", "agency", "request", "evidence__file", "evidence__replaced_by")


_in_reasons = Compiled(lambda participant, code: _notes(participant, code).filter(entry__isnull=False), int, str)


def _check_gate(facts: GateFacts, submission: Submission, code: str) -> None:
    try:
        look(facts=facts, submission=submission, code=code)
    except WrongState as refusal:
        if refusal.code != NOTABLE:
            raise


def _own_open_note(user: User, note: PageNote) -> PageNote:
    submission = lock_participant(note.participant)
    _check_gate(GateFacts(user, submission.participant.round), submission, note.code)
    stored = PageNote.objects.select_for_update(of=("self",)).select_related("evidence__file").get(pk=note.pk)
    if stored.author_id != user.pk:
        raise PermissionRefused(_("The note is %(author)s's; only its author changes it.") % {"author": stored.author})
    if stored.is_shared:
        raise WrongState(
            _("The unit reads this note by now: it is part of a request or of a decision and stays as it is."),
            code="shared",
        )
    if not is_open(stored, decided_at(submission.participant, note.code)):
        raise WrongState(_("The criterion was decided after this note; the note stays as it is."), code="decided")
    return stored


def _read(typed: Typed, document: Evidence) -> _Read:
    text, quote = clean_text(typed.text).strip(), " ".join(clean_text(typed.quote).split())
    if not text:
        raise SubmissionError(_("Write what is to be noted on the page."), code="text")
    for words, limit, code in ((text, MAX_TEXT, "text"), (quote, MAX_QUOTE, "quote")):
        if len(words) > limit:
            raise SubmissionError(
                _("This has %(length)s characters; at most %(limit)s fit.") % {"length": len(words), "limit": limit},
                code=code,
            )
    return _Read(page=_read_page(typed.page, document), text=text, quote=quote)


def _read_page(typed: str, document: Evidence) -> int:
    number, last = typed.strip(), last_page(document)
    if not (number.isascii() and number.isdecimal()):
        raise SubmissionError(_("“%(page)s” is no page number.") % {"page": number[:20]}, code="page")
    page = int(number[:6])
    if page < 1 or page > (last or 99_999):
        raise SubmissionError(
            _("“%(title)s” has no page %(page)s; its pages are 1 to %(last)s.")
            % {"title": document.title, "page": number[:12], "last": last or 99_999},
            code="page",
        )
    return page
