"""Notes between the colleagues of one unit, beside a criterion.

They are talk, not content: no part of what is signed and sent, so they pass no deadline and void no sign-off. Only the
members of the unit read and write them, before and after sending, until the round is finalised; nobody who appraises
or publishes ever does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.exceptions import PermissionRefused
from cms.models import User
from cms.permissions import Person
from submissions.domain.access import is_member
from submissions.domain.definitions import definition_for
from submissions.domain.inputs import clean_text
from submissions.enums import RoundState
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import LeafNote, Submission

MAX_NOTE = 2000


def add_note(*, user: User, submission: Submission, code: str, text: str) -> LeafNote:
    """Write a note beside a criterion; return it.

    Raises `PermissionRefused` for anybody outside the unit, `WrongState` in a finalised round, `SubmissionError` for an
    unknown criterion, an empty or too long text.
    """
    _check_writer(user, submission)
    if not definition_for(submission.participant).has_leaf(code):
        raise SubmissionError(_("Criterion %(code)s is not asked of the unit.") % {"code": code}, code="unknown_leaf")
    words = _read(text)
    with transaction.atomic():
        note = LeafNote.objects.create(
            submission=submission, code=code, text=words, author=user, created_at=clock.now()
        )
        audit.record("submissions.note_added", note, user=user, after={"code": code, "text": words})
    return note


def change_note(*, user: User, note: LeafNote, text: str) -> LeafNote:
    """Change an own note; return it. Raises as `add_note`, `PermissionRefused` for somebody else's note."""
    _check_author(user, note)
    words = _read(text)
    with transaction.atomic():
        stored = LeafNote.objects.select_for_update(of=("self",)).get(pk=note.pk)
        if stored.text == words:
            return stored
        before = stored.text
        stored.text, stored.edited_at = words, clock.now()
        stored.save(update_fields=["text", "edited_at"])
        audit.record(
            "submissions.note_changed",
            stored,
            user=user,
            before={"text": before},
            after={"code": stored.code, "text": words},
        )
    return stored


def remove_note(*, user: User, note: LeafNote) -> None:
    """Remove an own note; the audit log keeps what it said. Raises as `change_note`."""
    _check_author(user, note)
    with transaction.atomic():
        audit.record("submissions.note_removed", note, user=user, before={"code": note.code, "text": note.text})
        note.delete()


def notes_by_code(*, user: Person, submission: Submission, codes: Collection[str]) -> dict[str, list[LeafNote]]:
    """Return the notes beside the criteria by code, oldest first; nothing for people outside the unit. One query."""
    found: dict[str, list[LeafNote]] = defaultdict(list)
    if not is_member(user, submission):
        return found
    for note in LeafNote.objects.filter(submission=submission, code__in=codes).select_related("author"):
        found[note.code].append(note)
    return found


def _check_author(user: User, note: LeafNote) -> None:
    _check_writer(user, note.submission)
    if note.author_id != user.pk:
        raise PermissionRefused(_("The note is %(author)s's; only its author changes it.") % {"author": note.author})


def _check_writer(user: User, submission: Submission) -> None:
    if not is_member(user, submission):
        raise PermissionRefused(
            _("Notes are for the colleagues of %(unit)s alone.") % {"unit": submission.participant.unit.name}
        )
    if submission.participant.round.state == RoundState.FINALISED:
        raise WrongState(_("The round is finalised; notes are kept but no longer written."), code="round_state")


def _read(text: str) -> str:
    words = clean_text(text).strip()
    if not words:
        raise SubmissionError(_("Write what your colleagues shall know."), code="empty_note")
    if len(words) > MAX_NOTE:
        raise SubmissionError(
            _("The note has %(length)s characters; at most %(limit)s fit.") % {"length": len(words), "limit": MAX_NOTE},
            code="too_long",
        )
    return words
