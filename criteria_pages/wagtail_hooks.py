"""The criteria's part of the admin: addresses, menu, lists, audit actions."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, register_converter, reverse
from django.utils.translation import gettext_lazy as _

from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.viewsets.base import ViewSet, ViewSetGroup
from wagtail.admin.widgets.button import Button
from wagtail.log_actions import LogActionRegistry
from wagtail.models import Page
from wagtail.snippets.models import register_snippet

from cms.converters import IdConverter
from cms.models import User
from criteria_pages.choosers import legal_document_chooser, unit_chooser
from criteria_pages.domain.announcement import edition_announcement
from criteria_pages.domain.queries import published_within
from criteria_pages.log_actions import ACTIONS
from criteria_pages.models import CriteriaSetPage
from criteria_pages.views import admin, appendix, editions, import_notes, lineage
from criteria_pages.views.legal_basis import legal_basis_report
from criteria_pages.viewsets import CriteriaSetListing, GuidanceListing, LegalDocumentViewSet, QuestionnaireListing

register_converter(IdConverter, "id")


class CriteriaGroup(ViewSetGroup):
    """“Criteria” in the menu."""

    menu_label = _("Criteria")
    menu_icon = "list-ol"
    menu_order = 150
    items = (CriteriaSetListing, GuidanceListing, QuestionnaireListing, LegalDocumentViewSet)

    def get_submenu_items(self) -> list[MenuItem]:
        """Add the editions, which are only read."""
        items = super().get_submenu_items()
        return [
            *items,
            MenuItem(_("Editions"), reverse("criteria_editions"), icon_name="history", order=1000),
            MenuItem(_("Appendix table from Excel"), reverse("criteria_appendix"), icon_name="table", order=1005),
            MenuItem(_("Legal bases to check"), reverse("criteria_legal_basis"), icon_name="warning", order=1010),
        ]


register_snippet(CriteriaGroup)


@hooks.register("register_admin_viewset")
def register_choosers() -> list[ViewSet]:
    """Units and legal documents for the tree."""
    return [unit_chooser, legal_document_chooser]


@hooks.register("register_admin_urls")
def register_criteria_urls() -> list[URLPattern]:
    """Add the editors' screens; Wagtail lets only those in who may open the admin."""
    return [
        path("criteria/check/<id:pk>/", admin.check, name="criteria_check"),
        path("criteria/<id:pk>/import-notes/", import_notes.confirm, name="criteria_confirm_import"),
        path("criteria/try/", admin.try_rule, name="criteria_try"),
        path("criteria/<id:pk>/live/", admin.live_form, name="criteria_live"),
        path("criteria/<id:pk>/changes/", editions.draft_changes, name="criteria_changes"),
        path("criteria/<id:pk>/form/", admin.trial, name="criteria_trial"),
        path("criteria/<id:pk>/units/", admin.reach_table, name="criteria_reach"),
        path("criteria/<id:pk>/next/", lineage.start_next, name="criteria_next_set"),
        path("criteria/<id:pk>/lineage/", lineage.lineage_table, name="criteria_lineage"),
        path("criteria/<id:pk>/appendix.xlsx", appendix.export_set, name="criteria_appendix_export"),
        path("criteria/editions/<id:pk>/appendix.xlsx", appendix.export_edition, name="criteria_appendix_edition"),
        path("criteria/appendix/", appendix.upload, name="criteria_appendix"),
        path("criteria/appendix/<uuid:uid>/", appendix.report, name="criteria_appendix_report"),
        path("criteria/legal-basis/", legal_basis_report, name="criteria_legal_basis"),
        path("criteria/editions/", editions.edition_list, name="criteria_editions"),
        path("criteria/editions/compare/", editions.edition_compare, name="criteria_compare"),
        path("criteria/editions/<id:pk>/", editions.edition_detail, name="criteria_edition"),
    ]


@hooks.register("register_page_header_buttons")
def next_set_buttons(page: Page, user: User, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    """Offer next year's set, and the comparison with the set before, where a criteria set is edited."""
    if not isinstance(page, CriteriaSetPage) or not page.pk:
        return
    if page.predecessor_id:
        yield Button(
            _("Comparison with the set before"),
            reverse("criteria_lineage", args=[page.pk]),
            icon_name="history",
            priority=61,
        )
    if page.editions.exists() and page.permissions_for_user(user).can_copy_to(page.get_parent()):
        yield Button(
            _("Start next year's set"), reverse("criteria_next_set", args=[page.pk]), icon_name="copy", priority=62
        )


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Name the audit actions of criteria."""
    for action in ACTIONS:
        actions.register_action(*action)


@hooks.register("after_publish_page")
def tell_of_the_edition(request: HttpRequest, page: Page) -> None:
    """Say what the publication froze: a change of the title alone makes a new edition too."""
    if isinstance(page, CriteriaSetPage) and (sentence := edition_announcement(page)):
        messages.info(request, sentence)


@hooks.register("after_edit_page")
def tell_of_the_approved_edition(request: HttpRequest, page: Page) -> None:
    """Say the same to an approver whose step brought the set live."""
    if not (isinstance(page, CriteriaSetPage) and request.POST.get("action-workflow-action")):
        return
    stored = CriteriaSetPage.objects.get(pk=page.pk)
    if stored.live and stored.live_revision_id == stored.latest_revision_id:
        tell_of_the_edition(request, stored)


@hooks.register("before_delete_page")
def keep_what_was_published(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Refuse to delete a page with editions, or a section that holds one; say what to do instead."""
    return _refused_deletion(request, [page])


@hooks.register("before_bulk_action")
def keep_all_that_were_published(
    request: HttpRequest, action_type: str, objects: Iterable[Any], action: Any
) -> HttpResponse | None:
    """Refuse the same where several are deleted at once."""
    chosen = [item for item in objects if isinstance(item, Page)]
    return _refused_deletion(request, chosen) if action_type == "delete" and chosen else None


def _refused_deletion(request: HttpRequest, pages: list[Page]) -> HttpResponse | None:
    if not (titles := published_within(pages)):
        return None
    messages.error(
        request,
        _(
            "“%(title)s” was published: editions, rounds and results rest on it, so it cannot be deleted. Unpublish it "
            "if it should no longer be seen."
        )
        % {"title": titles[0]},
    )
    parent = pages[0].get_parent()
    return redirect("wagtailadmin_explore", parent.pk if parent else pages[0].pk)
