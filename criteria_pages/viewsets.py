"""Lists of criteria sets, guidance and legal documents in the admin."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from wagtail.admin.views.pages.choose_parent import ChooseParentView
from wagtail.admin.viewsets.pages import PageListingViewSet
from wagtail.snippets.views.snippets import SnippetViewSet

from criteria_pages.models import CriteriaSetPage, GuidancePage, LegalDocument, QuestionnairePage


class UsualParentView(ChooseParentView):
    """Leads straight to the form under the page where the newest page of the kind lies; `?chon` asks for another."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Skip the question where there is a usual place."""
        newest = self.model.objects.order_by("-pk").first() if "chon" not in request.GET else None
        parent = newest.get_parent() if newest else None
        if parent is None or not self.get_valid_parent_pages(request.user).filter(pk=parent.pk).exists():
            return super().get(request, *args, **kwargs)
        meta = self.model._meta
        return redirect("wagtailadmin_pages:add", meta.app_label, meta.model_name, parent.pk)


class CriteriaSetListing(PageListingViewSet):
    """All criteria sets."""

    model = CriteriaSetPage
    icon = "list-ol"
    menu_label = _("Criteria sets")
    name = "criteria_sets"
    choose_parent_view_class = UsualParentView


class GuidanceListing(PageListingViewSet):
    """All guidance."""

    model = GuidancePage
    icon = "help"
    menu_label = _("Guidance")
    name = "criteria_guidance"
    choose_parent_view_class = UsualParentView


class QuestionnaireListing(PageListingViewSet):
    """All questionnaires."""

    model = QuestionnairePage
    icon = "form"
    menu_label = _("Questionnaires")
    name = "criteria_questionnaires"
    choose_parent_view_class = UsualParentView


class LegalDocumentViewSet(SnippetViewSet):
    """The register of legal documents."""

    model = LegalDocument
    icon = "doc-full-inverse"
    menu_label = _("Legal documents")
    menu_item_is_registered = True  # in the menu of the criteria; Wagtail would list it a second time
    list_display = ["number", "title", "issuer", "issued_on", "status", "replaced_by"]
    list_filter = ["status"]
    list_export = ["number", "title", "issuer", "issued_on", "effective_on", "status", "replaced_by"]
    copy_view_enabled = False
    search_backend_name = "default"
