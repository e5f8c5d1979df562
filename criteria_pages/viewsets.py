"""Lists of criteria sets, guidance and legal documents in the admin."""

from django.utils.translation import gettext_lazy as _

from wagtail.admin.viewsets.pages import PageListingViewSet
from wagtail.snippets.views.snippets import SnippetViewSet

from criteria_pages.models import CriteriaSetPage, GuidancePage, LegalDocument, QuestionnairePage


class CriteriaSetListing(PageListingViewSet):
    """All criteria sets."""

    model = CriteriaSetPage
    icon = "list-ol"
    menu_label = _("Criteria sets")
    name = "criteria_sets"


class GuidanceListing(PageListingViewSet):
    """All guidance."""

    model = GuidancePage
    icon = "help"
    menu_label = _("Guidance")
    name = "criteria_guidance"


class QuestionnaireListing(PageListingViewSet):
    """All questionnaires."""

    model = QuestionnairePage
    icon = "form"
    menu_label = _("Questionnaires")
    name = "criteria_questionnaires"


class LegalDocumentViewSet(SnippetViewSet):
    """The register of legal documents."""

    model = LegalDocument
    icon = "doc-full-inverse"
    menu_label = _("Legal documents")
    list_display = ["number", "title", "issuer", "issued_on", "status", "replaced_by"]
    list_filter = ["status"]
    list_export = ["number", "title", "issuer", "issued_on", "effective_on", "status", "replaced_by"]
    copy_view_enabled = False
    search_backend_name = "default"
