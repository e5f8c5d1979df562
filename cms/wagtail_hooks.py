"""The foundation's part of the admin."""

from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.log_actions import LogActionRegistry
from wagtail.permissions import register_permission_policy
from wagtail_modeladmin.options import modeladmin_register

from cms import assets
from cms.admin import Registers
from cms.log_actions import ACTIONS
from cms.models import Membership, Unit
from cms.policies import MembershipPolicy, UnitPolicy
from cms.views import units
from cms.views.patterns import pattern_page
from cms.viewsets import OrganisationGroup

register_permission_policy(Unit, UnitPolicy(Unit))
register_permission_policy(Membership, MembershipPolicy(Membership))
modeladmin_register(Registers)


@hooks.register("register_admin_viewset")
def register_organisation() -> OrganisationGroup:
    """Units and memberships."""
    return OrganisationGroup()


@hooks.register("register_admin_urls")
def register_unit_changes() -> list[URLPattern]:
    """What happens to a unit over time."""
    return [
        path("units/<int:pk>/rename/", units.RenameView.as_view(), name="cms_unit_rename"),
        path("units/<int:pk>/merge/", units.MergeView.as_view(), name="cms_unit_merge"),
        path("units/<int:pk>/split/", units.SplitView.as_view(), name="cms_unit_split"),
    ]


@hooks.register("insert_editor_js")
def slug_script() -> SafeString:
    """Propose right addresses for Vietnamese titles."""
    return format_html('<script src="{}"></script>', static("cms/js/admin-slug.js"))


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Name the foundation's audit actions."""
    for action in ACTIONS:
        actions.register_action(*action)


@hooks.register("register_admin_urls")
def register_pattern_page() -> list[URLPattern]:
    """Add the living pattern page; only those who may open the admin reach it."""
    return [path("patterns/", pattern_page, name="cms_patterns")]


@hooks.register("register_help_menu_item")
def register_pattern_menu_item() -> MenuItem:
    """Link the pattern page from the help menu."""
    return MenuItem(_("Patterns"), reverse("cms_patterns"), icon_name="view", order=900)


@hooks.register("insert_global_admin_css")
def admin_skin() -> SafeString:
    """Give the admin the colours and the face of the portal."""
    fonts = assets.font_sheet()
    sheets = [static(fonts)] if fonts else []
    sheets.append(static("cms/css/admin.css"))
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((sheet,) for sheet in sheets))
