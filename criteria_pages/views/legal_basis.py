"""The report of legal bases that are no longer in force."""

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from criteria_pages.domain.legal_basis import stale_bases


def legal_basis_report(request: HttpRequest) -> HttpResponse:
    """List the criteria and guidance that rest on amended, replaced or expired documents."""
    title = _("Legal bases no longer in force")
    context = {
        "header_title": title,
        "page_title": title,
        "header_icon": "warning",
        "breadcrumbs_items": [
            {"url": reverse("wagtailadmin_home"), "label": _("Home")},
            {"url": "", "label": title},
        ],
        "rows": stale_bases(),
    }
    return TemplateResponse(request, "criteria_pages/admin/legal_basis.html", context)
