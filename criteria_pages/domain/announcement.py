"""What a publication made of the editions, in one sentence for the editor who asked for it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from criteria_pages.domain.comparison import EditionDiff, compare_definitions
from criteria_pages.domain.editions import latest_edition
from criteria_pages.models import CriteriaSetPage

MOST_NAMED = 3


def edition_announcement(page: CriteriaSetPage) -> str:
    """Say whether the publication that just took place froze an edition, and why.

    Every change of what an edition holds makes a new one, a title too; the editor learns that at once. Empty where the
    set has no edition at all.
    """
    edition = latest_edition(page)
    if edition is None:
        return ""
    if edition.revision_id != page.live_revision_id:
        return _("Nothing that an edition holds has changed: edition %(number)s stays the newest.") % {
            "number": edition.number
        }
    if edition.previous is None:
        return _("Edition %(number)s was frozen, the first of this set.") % {"number": edition.number}
    diff = compare_definitions(edition.previous.definition, edition.definition)
    if not diff.changes:
        return _("Edition %(number)s was frozen: only the decision differs from edition %(before)s.") % {
            "number": edition.number,
            "before": edition.previous.number,
        }
    return ngettext(
        "Edition %(number)s was frozen. %(kind)s, %(count)d difference from edition %(before)s: %(what)s.",
        "Edition %(number)s was frozen. %(kind)s, %(count)d differences from edition %(before)s: %(what)s.",
        len(diff.changes),
    ) % {
        "number": edition.number,
        "before": edition.previous.number,
        "kind": edition.get_change_kind_display(),
        "count": len(diff.changes),
        "what": _named(diff),
    }


def _named(diff: EditionDiff) -> str:
    """Return the first things that changed: their names, with the criterion where they belong to one."""
    named = [f"{change.code} {change.what}".strip() for change in diff.changes]
    shown = ", ".join(named[:MOST_NAMED])
    return f"{shown} …" if len(named) > MOST_NAMED else shown
