"""What an import guessed or left open stays with the draft, until an editor confirms it or the set goes live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from django.db import transaction

from cms import audit
from cms.models import User
from criteria_pages.domain.appendix_nodes import UNDERSTOOD, CellNote
from criteria_pages.domain.authoring import blocks_of_body
from criteria_pages.models import CriteriaSetPage, ImportNote

MOST_CELLS = 255


@transaction.atomic
def keep_notes(page: CriteriaSetPage, notes: Iterable[CellNote]) -> None:
    """Keep what an import did not understand by itself in the place of what an earlier import of the page left."""
    blocks: dict[str, str] = {}
    for block, code, _name in blocks_of_body(page.body.get_prep_value()):
        blocks.setdefault(code, block)
    page.import_notes.all().delete()
    ImportNote.objects.bulk_create(
        ImportNote(
            page=page,
            kind=kind,
            block=blocks.get(code[:32], ""),
            field=field,
            cells=_listed(cells),
            text=text,
        )
        for (kind, code, field, text), cells in _grouped(notes).items()
    )


@transaction.atomic
def confirm_notes(*, page: CriteriaSetPage, user: User | None, block: str | None = None) -> int:
    """Take an editor's word that what was read of an item (None: of every item) is right; return how many notes went.

    `user` is None where a publication with nobody's name says so.
    """
    notes = page.import_notes.all() if block is None else page.import_notes.filter(block=block)
    gone = list(notes.select_for_update())
    if not gone:
        return 0
    page.import_notes.filter(pk__in=[note.pk for note in gone]).delete()
    audit.record(
        "criteria.confirm_import",
        page,
        user=user,
        before={"notes": [str(note) for note in gone[:20]], "kinds": Counter(note.kind for note in gone)},
        after={"left": page.import_notes.count()},
    )
    return len(gone)


def _grouped(notes: Iterable[CellNote]) -> dict[tuple[str, str, str, str], list[str]]:
    """Return the cells of each note by (kind, code, field, text): the same word of many cells is said once."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for note in notes:
        if note.kind != UNDERSTOOD:
            found.setdefault((note.kind, note.code, note.field, note.text), []).append(note.cell)
    return found


def _listed(cells: list[str]) -> str:
    return ", ".join(_within(cell for cell in cells if cell))


def _within(cells: Iterable[str]) -> Iterator[str]:
    """Yield as many cells as have room, the last one as “…” where there are more."""
    length = 0
    for cell in cells:
        length += len(cell) + 2
        if length > MOST_CELLS - 3:
            yield "…"
            return
        yield cell
