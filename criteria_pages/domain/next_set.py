"""Starting next year's set from this year's, and saying how its nodes compare with this year's."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from wagtail.models import Page

from cms import audit
from cms.exceptions import PermissionRefused
from cms.models import User
from cms.text import slug
from criteria_pages.definition import Definition, Domain, Leaf
from criteria_pages.domain.authoring import NodeLink, body_from_definition, body_with_links, links_of_body
from criteria_pages.exceptions import CriteriaError
from criteria_pages.models import CriteriaEdition, CriteriaSetPage

_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def next_title(title: str) -> str:
    """Return the title with its years counted up by one; where it names no year, with the word that it is the next."""
    counted, times = _YEAR.subn(lambda match: str(int(match[1]) + 1), title)
    return counted if times or not title else _("%(title)s (next)") % {"title": title}


def sets_after(edition: CriteriaEdition) -> list[CriteriaSetPage]:
    """Return the sets that were started from an edition of the same set, newest first."""
    return list(CriteriaSetPage.objects.filter(predecessor__page_id=edition.page_id).order_by("-pk"))


@transaction.atomic
def start_next_set(
    *, edition: CriteriaEdition, user: User, title: str, title_en: str = "", move_dates: bool = True
) -> CriteriaSetPage:
    """Copy a published set into a draft for the next year, each node linked to its predecessor; return the draft.

    The text is that of the frozen edition. `move_dates` moves every due date by one year. The decision, and what was
    said of the set's own past, are left behind. Raises `PermissionRefused` where the user may not copy the page, and
    `CriteriaError` where the title is missing.
    """
    page, parent = edition.page, edition.page.get_parent()
    if not page.permissions_for_user(user).can_copy_to(parent):
        raise PermissionRefused(_("You may not add a criteria set beside “%(title)s”.") % {"title": page.title})
    if not title.strip():
        raise CriteriaError(_("Give the new set a title, for instance with its year."), code="no_title")
    definition = moved_by_a_year(edition.definition) if move_dates else edition.definition
    body = body_from_definition(definition)
    links = {link.position: replace(link, predecessor=link.code) for link in links_of_body(body)}
    draft: CriteriaSetPage = page.copy(
        to=parent,
        copy_revisions=False,
        user=user,
        update_attrs={
            "title": title.strip()[:255],
            "title_en": title_en.strip()[:255],
            "slug": free_slug(parent, title),
            "body": body_with_links(body, links),
            "declared_total": definition.total,
            "bonus_cap": definition.bonus_cap,
            "penalty_cap": definition.penalty_cap,
            "predecessor": edition,
            **dict.fromkeys(
                ("decision_number", "dropped_codes", "source_note", "comparison_status", "comparison_reason"), ""
            ),
            "decision_date": None,
        },
    )
    audit.record(
        "criteria.start_next_set",
        draft,
        user=user,
        before={"edition": edition.number, "sha256": edition.sha256, "set": edition.page_id},
        after={"title": draft.title},
    )
    return draft


def may_edit_lineage(page: CriteriaSetPage, user: User) -> bool:
    """Whether the user may say how the set compares with the one before: who writes sets, not who approves them.

    An approver may change pages in the admin, but only editors may add them (`cms.roles.PAGE_PERMISSIONS`).
    """
    rights = page.permissions_for_user(user)
    return bool(rights.can_edit() and page.get_parent().permissions_for_user(user).can_add_subpage())


@transaction.atomic
def edit_lineage(
    *, page: CriteriaSetPage, user: User, seen_revision: int | None, links: Mapping[tuple[int, ...], NodeLink]
) -> CriteriaSetPage:
    """Store what an editor says of the past of nodes, by position, as a new draft; return the draft.

    The position () stands for the whole set. `seen_revision` is the revision that the editor saw. Raises
    `PermissionRefused` where the user does not write sets or the page is locked, `CriteriaError` where it was saved
    meanwhile.
    """
    stored = CriteriaSetPage.objects.select_for_update().get(pk=page.pk)
    if not may_edit_lineage(stored, user):
        raise PermissionRefused(_("Only who writes criteria sets may say how this set compares with the one before."))
    if stored.permissions_for_user(user).page_locked():
        raise PermissionRefused(_("The page is locked, or you may not edit it."))
    if stored.latest_revision_id != seen_revision:
        raise CriteriaError(
            _("The set was saved by somebody meanwhile. Look at the table again and repeat your change."), code="stale"
        )
    draft: CriteriaSetPage = stored.get_latest_revision_as_object()
    before = {link.position: link for link in page_links(draft)}
    changed = {place: link for place, link in links.items() if place in before and _said(before[place]) != _said(link)}
    if not changed:
        return draft
    whole = changed.get(())
    if whole is not None:
        draft.comparison_status, draft.comparison_reason = whole.status, whole.reason
    draft.body = body_with_links(draft.body.get_prep_value(), changed)  # type: ignore[assignment]
    draft.save_revision(user=user, log_action=True, clean=False)
    audit.record(
        "criteria.edit_lineage",
        draft,
        user=user,
        before={before[place].code: _said(before[place]) for place in changed},
        after={before[place].code: _said(link) for place, link in changed.items()},
    )
    return draft


def page_links(page: CriteriaSetPage) -> tuple[NodeLink, ...]:
    """Return what the page says of its past: of the whole set first (position ()), then of every node."""
    whole = NodeLink("", status=page.comparison_status, reason=page.comparison_reason)
    return (whole, *links_of_body(page.body.get_prep_value()))


def moved_by_a_year(definition: Definition) -> Definition:
    """Return the definition with every due date one year later."""
    return replace(definition, domains=tuple(_later_domain(domain) for domain in definition.domains))


def _later_domain(domain: Domain) -> Domain:
    criteria = [
        replace(
            criterion,
            leaf=_later(criterion.leaf) if criterion.leaf else None,
            children=tuple(map(_later, criterion.children)),
        )
        for criterion in domain.criteria
    ]
    return replace(domain, criteria=tuple(criteria))


def _later(leaf: Leaf) -> Leaf:
    due = leaf.rule.params.get("due")
    if not due:
        return leaf
    try:
        day = dt.date.fromisoformat(str(due))
    except ValueError:
        return leaf
    try:
        later = day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        later = day.replace(year=day.year + 1, day=28)
    params: dict[str, Any] = {**leaf.rule.params, "due": later.isoformat()}
    return replace(leaf, rule=replace(leaf.rule, params=params))


def _said(link: NodeLink) -> list[str]:
    return [link.predecessor, link.status, link.reason]


def free_slug(parent: Page, title: str) -> str:
    base = slug(title)[:240] or "bo-tieu-chi"
    taken = set(parent.get_children().filter(slug__startswith=base).values_list("slug", flat=True))
    return next(name for name in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if name not in taken)
