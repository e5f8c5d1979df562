"""A unit's points with every step that led to them, as the unit reads them once the result is public."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from criteria_pages.definition import Domain, Leaf
from submissions.domain.appraisal_queue import CLAIMS
from submissions.domain.definitions import definition_for
from submissions.domain.earlier_results import is_published
from submissions.domain.leaf_story import Told, tell
from submissions.domain.ledger import current_entries
from submissions.exceptions import WrongState
from submissions.models import Adjustment, PageNote, Participant, ScoreEntry


@dataclass(frozen=True, slots=True)
class LeafScores:
    """A criterion with its steps, oldest first: `claim` is the unit's last own score, `current` the one that counts."""

    leaf: Leaf
    told: tuple[Told, ...]
    claim: ScoreEntry | None
    current: ScoreEntry | None

    @property
    def differs(self) -> bool:
        """Whether other points count than the unit claimed."""
        return self.claim is not None and self.current is not None and self.claim.points != self.current.points


@dataclass(frozen=True, slots=True)
class DomainScores:
    """A domain with its criteria."""

    domain: Domain
    leaves: tuple[LeafScores, ...]


def scores_of(participant: Participant) -> list[DomainScores]:
    """Return the unit's points by domain with their steps; the number of queries does not grow with the criteria.

    Raises `WrongState` before the result is public: until then the unit reads the steps only where it is asked.
    """
    if not is_published(participant.round):
        raise WrongState(_("The unit reads its points and their reasons once the result is public."), code="not_public")
    notes: dict[int, list[PageNote]] = defaultdict(list)
    shared = PageNote.objects.filter(participant=participant, entry__isnull=False)
    for note in shared.select_related("author", "agency", "request", "evidence__file", "evidence__replaced_by"):
        notes[note.entry_id or 0].append(note)
    entries: dict[str, list[ScoreEntry]] = defaultdict(list)
    for entry in participant.score_entries.select_related("actor", "agency").order_by("pk"):
        entries[entry.code].append(entry)
    current = current_entries(participant)
    return [
        DomainScores(
            domain=domain,
            leaves=tuple(
                LeafScores(
                    leaf=leaf,
                    told=tuple(tell(leaf, entry, notes.get(entry.pk, ())) for entry in entries[leaf.code]),
                    claim=next((entry for entry in reversed(entries[leaf.code]) if entry.stage in CLAIMS), None),
                    current=current.get(leaf.code),
                )
                for leaf in domain.leaves
            ),
        )
        for domain in definition_for(participant).domains
    ]


def adjustments_of(participant: Participant) -> list[Adjustment]:
    """Return bonus and penalty of the unit with what withdrew them, oldest first."""
    return list(Adjustment.objects.filter(participant=participant).select_related("withdraws").order_by("pk"))
