"""The words proposed for the public note of a correcting release: what the ledger says since the release before."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from cms.numbers import exact
from publishing.models import IndexRelease
from submissions.domain.adjustments import corrections_of
from submissions.enums import AdjustmentKind
from submissions.models import Adjustment, ScoreEntry

MAX_NOTE = 2000
MOST_SCORES = 50


def proposed_note(release: IndexRelease) -> str:
    """Return a line for each score and each bonus or penalty corrected since the release was built.

    Whoever builds the correction edits it; empty where nothing was corrected or there is too much for a note.
    """
    if release.round is None:
        return ""
    rows = corrections_of(release.round, after=release.adjustments_until or 0)
    note = "\n".join(f"{line.rstrip(' .')}." for line in (*_scores(release), *map(_line, rows)))
    return note if len(note) <= MAX_NOTE else ""


def _scores(release: IndexRelease) -> Iterator[str]:
    rows = ScoreEntry.objects.filter(participant__round=release.round_id, pk__gt=release.ledger_until or 0)
    for entry in rows.exclude(public_note="").select_related("participant__unit").order_by("pk")[:MOST_SCORES]:
        yield _("%(unit)s, %(code)s: %(note)s") % {
            "unit": entry.participant.unit.name,
            "code": entry.code,
            "note": entry.public_note,
        }


def _line(row: Adjustment) -> str:
    names = {"unit": row.participant.unit.name, "points": exact(row.points), "reason": row.reason}
    if row.withdraws is not None:
        kind = AdjustmentKind(row.withdraws.kind).label
        return _("%(unit)s: %(kind)s of %(points)s points withdrawn. %(reason)s") % (names | {"kind": kind})
    return _("%(unit)s: %(kind)s of %(points)s points. %(reason)s") % (names | {"kind": row.get_kind_display()})
