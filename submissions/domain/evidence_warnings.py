"""What should make somebody look twice at a document. Warnings, never refusals."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.utils.translation import gettext as _

from submissions.models import AssessmentRound, Evidence, EvidenceUse


def warnings_for(documents: Iterable[Evidence], *, round: AssessmentRound | None = None) -> dict[int, list[str]]:
    """Return sentences by document: the same bytes at another unit, used in an earlier year, outside the period.

    Other units are not named: a unit does not learn what others have. Two queries for any number of documents.
    """
    rows = list(documents)
    hashes = {row.file.sha256 for row in rows}
    elsewhere: dict[str, set[int]] = defaultdict(set)
    for sha256, unit_id in Evidence.objects.filter(file__sha256__in=hashes).values_list("file__sha256", "unit_id"):
        elsewhere[sha256].add(unit_id)
    years: dict[int, set[int]] = defaultdict(set)
    used = EvidenceUse.objects.filter(evidence__in=rows)
    for pk, year in used.values_list("evidence_id", "answer__submission__participant__round__year").distinct():
        years[pk].add(year)
    found: dict[int, list[str]] = {}
    for row in rows:
        sentences = []
        if elsewhere[row.file.sha256] - {row.unit_id}:
            sentences.append(_("Another unit has the very same file in its library."))
        earlier = sorted(year for year in years[row.pk] if round is not None and year < round.year)
        if earlier:
            sentences.append(
                _("The document was used in earlier years too: %(years)s.")
                % {"years": ", ".join(str(year) for year in earlier)}
            )
        if round is not None and row.issued_on is not None and not _inside(row.issued_on, round):
            sentences.append(
                _("The document of %(day)s was issued outside the assessed period.")
                % {"day": row.issued_on.strftime("%d/%m/%Y")}
            )
        if sentences:
            found[row.pk] = sentences
    return found


def _inside(day: dt.date, round: AssessmentRound) -> bool:
    return round.period_from <= day <= round.period_to
