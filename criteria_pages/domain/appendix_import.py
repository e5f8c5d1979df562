"""An appendix table becomes a draft: a new set, or a new revision of a chosen one. Nothing is ever published by it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from wagtail.models import Page

from cms import audit
from cms.exceptions import PermissionRefused
from cms.models import StoredFile, User
from criteria_pages.definition import Definition
from criteria_pages.domain.appendix_nodes import GUESSED, OPEN, WRONG, Appendix
from criteria_pages.domain.appendix_reading import read_appendix
from criteria_pages.domain.authoring import body_from_definition, body_with_links, links_of_body
from criteria_pages.domain.import_notes import keep_notes
from criteria_pages.domain.next_set import free_slug
from criteria_pages.exceptions import CriteriaError
from criteria_pages.models import CriteriaSetPage


@transaction.atomic
def import_as_new(*, source: StoredFile, user: User, parent: Page, title: str) -> tuple[CriteriaSetPage, Appendix]:
    """Make a draft set of the workbook under a page; return it with what was understood.

    Raises `PermissionRefused` where the user may not add a set there, `SpreadsheetError` for an unreadable workbook and
    `CriteriaError` where it holds no node.
    """
    if not parent.permissions_for_user(user).can_add_subpage() or not CriteriaSetPage.can_create_at(parent):
        raise PermissionRefused(_("You may not add a criteria set under “%(title)s”.") % {"title": parent.title})
    appendix = _read(source, title)
    page = CriteriaSetPage(
        title=appendix.definition.title[:255] or _("Criteria set from Excel"), live=False, owner=user
    )
    page.slug = free_slug(parent, page.title)
    _fill(page, appendix.definition)
    parent.add_child(instance=page)
    page.save_revision(user=user, log_action="wagtail.create", clean=False)
    keep_notes(page, appendix.notes)
    _record(page, user, source, appendix)
    return page, appendix


@transaction.atomic
def import_into(
    *, source: StoredFile, user: User, page: CriteriaSetPage, seen_revision: int | None
) -> tuple[CriteriaSetPage, Appendix]:
    """Make a new draft revision of a set from the workbook; return the draft with what was understood.

    Title and decision of the set stay; what its nodes say of their past stays with their codes. Raises as
    `import_as_new`, and `CriteriaError` where the set was saved by somebody meanwhile.
    """
    stored = CriteriaSetPage.objects.select_for_update().get(pk=page.pk)
    rights = stored.permissions_for_user(user)
    if not rights.can_edit() or rights.page_locked():
        raise PermissionRefused(_("The page is locked, or you may not edit it."))
    if stored.latest_revision_id != seen_revision:
        raise CriteriaError(
            _("The set was saved by somebody meanwhile. Look at the report again and repeat the import."), code="stale"
        )
    draft: CriteriaSetPage = stored.get_latest_revision_as_object()
    appendix = _read(source, draft.title)
    past = {link.code: link for link in links_of_body(draft.body.get_prep_value())}
    _fill(draft, appendix.definition)
    body = draft.body.get_prep_value()
    draft.body = body_with_links(  # type: ignore[assignment]
        body, {link.position: past[link.code] for link in links_of_body(body) if link.code in past}
    )
    draft.save_revision(user=user, log_action=True, clean=False)
    keep_notes(draft, appendix.notes)
    _record(draft, user, source, appendix)
    return draft, appendix


def _read(source: StoredFile, title: str) -> Appendix:
    appendix = read_appendix(source=source, title=title)
    if not appendix.definition.domains:
        raise CriteriaError(_("The table has no row with a number that could be read."), code="empty_table")
    return appendix


def _fill(page: CriteriaSetPage, definition: Definition) -> None:
    page.title_en = definition.title_en[:255] or page.title_en
    page.declared_total = definition.total
    page.bonus_cap, page.penalty_cap = definition.bonus_cap, definition.penalty_cap
    page.body = body_from_definition(definition)  # type: ignore[assignment]


def _record(page: CriteriaSetPage, user: User, source: StoredFile, appendix: Appendix) -> None:
    audit.record(
        "criteria.import_appendix",
        page,
        user=user,
        after={"sha256": appendix.definition.sha256(), "nodes": len(appendix.definition.nodes)},
        file=str(source.uid),
        notes={kind: appendix.count(kind) for kind in (WRONG, OPEN, GUESSED)},
    )
