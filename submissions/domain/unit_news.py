"""What has happened lately around the forms of a unit: what colleagues stored and noted, what was granted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from cms.models import User
from submissions.domain.definitions import definition_for
from submissions.models import Answer, Extension, LeafNote, Submission

SHOWN = 8


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened. `code` is the leaf that it is about, empty where it is about the whole form."""

    at: dt.datetime
    who: str
    sentence: str
    submission: Submission
    code: str = ""


def unit_news(submissions: Iterable[Submission], *, besides: User) -> list[News]:
    """Return the newest of what others did around the forms, newest first; three queries for any number of forms."""
    rows = {row.pk: row for row in submissions}
    if not rows:
        return []
    found = [*_answers(rows, besides), *_notes(rows, besides), *_extensions(rows)]
    return sorted(found, key=lambda item: item.at, reverse=True)[:SHOWN]


def _answers(rows: dict[int, Submission], besides: User) -> Iterator[News]:
    changed = Answer.objects.filter(submission__in=rows, version__gt=0, updated_by__isnull=False)
    for answer in changed.exclude(updated_by=besides).select_related("updated_by").order_by("-updated_at")[:SHOWN]:
        form = rows[answer.submission_id]
        if definition_for(form.participant).has_leaf(answer.code):
            yield News(
                at=answer.updated_at,
                who=str(answer.updated_by),
                sentence=_("saved the answer to %(code)s") % {"code": answer.code},
                submission=form,
                code=answer.code,
            )


def _notes(rows: dict[int, Submission], besides: User) -> Iterator[News]:
    written = LeafNote.objects.filter(submission__in=rows).exclude(author=besides).select_related("author")
    for note in written.order_by("-created_at")[:SHOWN]:
        form = rows[note.submission_id]
        if definition_for(form.participant).has_leaf(note.code):
            yield News(
                at=note.created_at,
                who=str(note.author),
                sentence=_("noted on %(code)s: “%(text)s”") % {"code": note.code, "text": _short(note.text)},
                submission=form,
                code=note.code,
            )


def _extensions(rows: dict[int, Submission]) -> Iterator[News]:
    by_participant = {row.participant_id: row for row in rows.values()}
    granted = Extension.objects.filter(participant__in=by_participant).select_related("granted_by")
    for extension in granted.order_by("-granted_at")[:SHOWN]:
        until = timezone.localtime(extension.until).strftime("%d/%m/%Y %H:%M")
        sentence = _("granted more time for “%(phase)s” until %(time)s")
        if extension.reopens_id:
            sentence = _("reopened the form until %(time)s")
        yield News(
            at=extension.granted_at,
            who=str(extension.granted_by),
            sentence=sentence % {"phase": extension.get_phase_display(), "time": until},
            submission=by_participant[extension.participant_id],
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
