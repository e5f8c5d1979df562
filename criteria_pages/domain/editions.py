"""Editions: freezing what was published, and repairing a freezing that was missed."""

from __future__ import annotations

from django.db import transaction

from wagtail.models import Page, Revision

from cms import audit, clock
from cms.models import User
from criteria_pages.definition import SCHEMA_VERSION, Definition
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.domain.comparison import Change, EditionDiff, compare_definitions
from criteria_pages.domain.lineage import lineage_of_page
from criteria_pages.enums import ChangeKind
from criteria_pages.models import CriteriaEdition, CriteriaSetPage

__all__ = ["Change", "EditionDiff", "compare_definitions", "freeze_edition", "latest_edition", "reconcile_editions"]


def latest_edition(page: CriteriaSetPage) -> CriteriaEdition | None:
    """Return the newest edition of a set, or None."""
    return page.editions.order_by("-number").first()


@transaction.atomic
def freeze_edition(*, page: CriteriaSetPage, revision: Revision, user: User | None) -> CriteriaEdition:
    """Freeze what the page says as the next edition and return it.

    Idempotent: where the newest edition has the same content (SHA-256 of the canonical JSON), the same decision and the
    same comparison with the set before, it is returned and nothing is written. The kind of change against the edition
    before, and the comparison with the set before, are computed here.
    """
    CriteriaSetPage.objects.select_for_update().get(pk=page.pk)
    definition = definition_from_page(page)
    latest = latest_edition(page)
    if latest is not None and _is_same(latest, page, definition):
        return latest
    lineage = lineage_of_page(page)
    edition = CriteriaEdition.objects.create(
        page=page,
        number=latest.number + 1 if latest else 1,
        title=page.title,
        definition_json=definition.to_json(),
        sha256=definition.sha256(),
        schema_version=SCHEMA_VERSION,
        revision=revision,
        previous=latest,
        predecessor=page.predecessor,
        lineage_json=lineage.to_json() if lineage else {},
        change_kind=compare_definitions(latest.definition, definition).kind if latest else ChangeKind.FIRST,
        decision_number=page.decision_number,
        decision_date=page.decision_date,
        published_by=user,
        published_at=clock.now(),
    )
    audit.record(
        "criteria.freeze_edition",
        edition,
        user=user,
        before={"edition": latest.number, "sha256": latest.sha256} if latest else None,
        after={"edition": edition.number, "sha256": edition.sha256, "kind": edition.change_kind},
    )
    return edition


def reconcile_editions() -> list[CriteriaEdition]:
    """Freeze what is live but was not frozen (a receiver that died); return the editions made."""
    made = []
    for page in CriteriaSetPage.objects.live():
        latest = latest_edition(page)
        if latest is not None and _is_same(latest, page, definition_from_page(page)):
            continue
        revision = page.live_revision or live_content(page)
        edition = freeze_edition(page=page, revision=revision, user=revision.user)
        audit.record("criteria.reconcile_edition", edition, user=None, after={"edition": edition.number})
        made.append(edition)
    return made


def live_content(page: Page) -> Revision:
    """Return a new revision of what is live, for an edition whose own was purged; drafts stay the latest as they are.

    Its user is nobody: who wrote it is no longer known.
    """
    revision: Revision = Revision.objects.create(
        content_object=page,
        base_content_type=page.get_base_content_type(),
        content=page.serializable_data(),
        object_str=str(page),
    )
    return revision


def _is_same(edition: CriteriaEdition, page: CriteriaSetPage, definition: Definition) -> bool:
    if edition.sha256 != definition.sha256():
        return False
    lineage = lineage_of_page(page)
    return (
        edition.predecessor_id == page.predecessor_id
        and edition.lineage_json == (lineage.to_json() if lineage else {})
        and edition.decision_number == page.decision_number
        and edition.decision_date == page.decision_date
    )
