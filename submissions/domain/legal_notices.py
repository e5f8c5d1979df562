"""Telling editors that what they wrote rests on a legal document that was amended, replaced or expired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from wagtail.models import Revision

from cms import clock
from cms.enums import Role
from cms.models import Membership, User
from criteria_pages.domain.legal_basis import StaleBasis, stale_bases
from submissions.domain.notices import notify
from submissions.models import Notice


def notify_stale_bases() -> int:
    """Tell the editors of each page, each once per document and state of it; return how many notices were new.

    A page's editors are those who have saved it and are editors still; where none is, all editors are told.
    """
    found = stale_bases()
    editors = _editors()
    writers = _writers(found)
    told = 0
    for group in _by_document(found):
        concerned: dict[User, list[StaleBasis]] = defaultdict(list)
        for stale in group:
            own = [user for pk, user in editors.items() if pk in writers[str(stale.page.pk)]]
            for user in own or editors.values():
                concerned[user].append(stale)
        told += sum(len(_tell(user, rows)) for user, rows in concerned.items())
    return told


def _by_document(found: Iterable[StaleBasis]) -> Iterable[list[StaleBasis]]:
    groups: dict[int, list[StaleBasis]] = defaultdict(list)
    for stale in found:
        groups[stale.document.pk].append(stale)
    return groups.values()


def _tell(user: User, rows: list[StaleBasis]) -> list[Notice]:
    """Tell a person of a document once, with all pages that rest on it; a page that is new tells it again."""
    document = rows[0].document
    pages = ",".join(str(row.page.pk) for row in rows)
    return notify(
        users=[user],
        key=f"legal:{document.pk}:{document.status}:{document.replaced_by_id or 0}:{pages}",
        title=lambda: (
            ngettext(
                "%(count)d page rests on %(number)s, which has changed",
                "%(count)d pages rest on %(number)s, which has changed",
                len(rows),
            )
            % {"count": len(rows), "number": document.number}
        ),
        text=lambda: _what_changed(rows),
        url=reverse("criteria_legal_basis"),
    )


def _what_changed(rows: list[StaleBasis]) -> str:
    document = rows[0].document
    lines = [_("%(number)s: %(status)s.") % {"number": document.number, "status": document.get_status_display()}]
    if document.replaced_by:
        lines.append(_("Now in force: %(document)s.") % {"document": document.replaced_by})
    for row in rows:
        names = {"page": row.page.title, "codes": ", ".join(row.codes)}
        lines.append(_("%(page)s: criteria %(codes)s.") % names if row.codes else names["page"])
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
