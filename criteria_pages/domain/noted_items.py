"""The items of a draft that wait for an editor's look after an import. `import_notes.py` writes what is read here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from criteria_pages.domain.authoring import blocks_of_body
from criteria_pages.enums import ImportNoteKind

if TYPE_CHECKING:
    from criteria_pages.models import CriteriaSetPage, ImportNote

HEAVY_FIRST = list(ImportNoteKind.values)


@dataclass(frozen=True, slots=True)
class NotedItem:
    """An item of the draft with its notes. `block` is "" for the whole set; `label` is "" where the item is gone."""

    block: str
    label: str
    notes: tuple[ImportNote, ...]

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """How many notes there are of each kind, by its label, the heaviest first."""
        counted = Counter(note.kind for note in self.notes)
        return [(str(ImportNoteKind(kind).label), counted[kind]) for kind in HEAVY_FIRST if counted[kind]]


def noted_items(page: CriteriaSetPage) -> list[NotedItem]:
    """Return the items of a draft that wait for an editor's look, in the order of the tree, the whole set first.

    One query; what belongs to an item that is gone stands at the end.
    """
    found: dict[str, list[ImportNote]] = {}
    for note in page.import_notes.all() if page.pk else ():
        found.setdefault(note.block, []).append(note)
    if not found:
        return []
    known = {block: f"{code} {name}".strip() for block, code, name in blocks_of_body(page.body.get_prep_value())}
    order = {block: place for place, block in enumerate(("", *known))}
    blocks = sorted(found, key=lambda block: order.get(block, len(order)))
    return [NotedItem(block, known.get(block, ""), tuple(found[block])) for block in blocks]
