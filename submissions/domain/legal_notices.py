"""Telling editors that what they wrote rests on a legal document that was amended, replaced or expired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from wagtail.models import Revision

from cms import clock
from cms.enums import Role
from cms.models import Membership, User
from criteria_pages.domain.legal_basis import StaleBasis, stale_bases
from submissions.domain.notices import notify


def notify_stale_bases() -> int:
    """Tell the editors of each page, once per document and state of it; return how many notices were new.

    A page's editors are those who have saved it and are editors still; where none is, all editors are told.
    """
    found = stale_bases()
    editors = _editors()
    writers = _writers(found)
    told = 0
    for stale in found:
        people = [user for pk, user in editors.items() if pk in writers[str(stale.page.pk)]] or list(editors.values())
        told += len(_tell(stale, people))
    return told


def _tell(stale: StaleBasis, people: Iterable[User]) -> list[object]:
    document = stale.document
    names = {"number": document.number, "page": stale.page.title}
    return list(
        notify(
            users=people,
            key=f"legal:{document.pk}:{document.status}:{document.replaced_by_id or 0}:{stale.page.pk}",
            title=lambda: _("%(page)s rests on %(number)s, which has changed") % names,
            text=lambda: _what_changed(stale),
            url=reverse("criteria_legal_basis"),
        )
    )


def _what_changed(stale: StaleBasis) -> str:
    document = stale.document
    lines = [_("%(number)s: %(status)s.") % {"number": document.number, "status": document.get_status_display()}]
    if document.replaced_by:
        lines.append(_("Now in force: %(document)s.") % {"document": document.replaced_by})
    if stale.codes:
        lines.append(_("Criteria that rest on it: %(codes)s.") % {"codes": ", ".join(stale.codes)})
    return "\n".join(lines)


def _editors() -> dict[int, User]:
    rows = Membership.objects.in_force(clock.today()).filter(role=Role.EDITOR, user__is_active=True)
    return {row.user_id: row.user for row in rows.select_related("user")}


def _writers(found: Iterable[StaleBasis]) -> dict[str, set[int]]:
    """Return who saved each page, in one query."""
    pages = {str(stale.page.pk) for stale in found}
    writers: dict[str, set[int]] = defaultdict(set)
    rows = Revision.page_revisions.filter(object_id__in=pages, user__isnull=False)
    for page, user in rows.values_list("object_id", "user_id").distinct():
        writers[page].add(user)
    return writers
