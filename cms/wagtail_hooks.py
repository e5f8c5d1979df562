"""The foundation's part of the admin."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from wagtail import hooks
from wagtail.admin.action_menu import ActionMenuItem
from wagtail.admin.forms.models import register_form_field_override
from wagtail.admin.menu import DismissibleMenuItem, MenuItem
from wagtail.log_actions import LogActionRegistry
from wagtail.models import Page
from wagtail.permission_policies.pages import PagePermissionPolicy
from wagtail.permissions import register_permission_policy
from wagtail_modeladmin.options import modeladmin_register

from cms import assets
from cms.action_menu import in_plain_words
from cms.admin import Registers
from cms.approvals import ApprovedPage, approved_models
from cms.domain.approvals import request_for_changes
from cms.enums import Role
from cms.log_actions import ACTIONS
from cms.models import FourEyesTask, Membership, Unit
from cms.permissions import roles_in
from cms.policies import MembershipPolicy, UnitPolicy
from cms.views import approvals, units
from cms.views.last_saved import last_saved
from cms.views.patterns import pattern_page
from cms.viewsets import OrganisationGroup
from cms.widgets import DayInput

register_permission_policy(Unit, UnitPolicy(Unit))
register_permission_policy(Membership, MembershipPolicy(Membership))
modeladmin_register(Registers)
# Exactly days: a time is a day with more to it, and keeps Wagtail's own field.
register_form_field_override(models.DateField, override={"widget": DayInput}, exact_class=True)


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


@hooks.register("construct_page_action_menu")
def publish_through_the_workflow(items: list[ActionMenuItem], request: HttpRequest, context: dict[str, Any]) -> None:
    """Name what an action does; offer none that would be refused: a new page that needs approval is sent in."""
    items[:] = in_plain_words(items, context)
    if context["view"] != "create" or request.user.is_superuser or not context["parent_page"].has_workflow:
        return
    named = request.resolver_match.kwargs
    model = apps.get_model(named["content_type_app_name"], named["content_type_model_name"])
    if issubclass(model, ApprovedPage):
        items[:] = [item for item in items if item.name != "action-publish"]


@hooks.register("before_copy_page")
def copy_as_drafts(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Publish no copies of pages that need approval along with the section that they lie in."""
    publishing = request.method == "POST" and ("publish_copies" in request.POST or "alias" in request.POST)
    if not publishing or not page.get_descendants(inclusive=True).type(approved_models()).exists():
        return None
    messages.error(
        request,
        _("Copies of criteria sets and questionnaires are drafts. Copy these pages without publishing the copies."),
    )
    return redirect("wagtailadmin_pages:copy", page.pk)


@hooks.register("before_edit_page")
def tell_of_the_request(request: HttpRequest, page: Page) -> None:
    """Show whoever opens a draft that came back what is to be changed."""
    state = request_for_changes(page) if request.method == "GET" else None
    if state is None:
        return
    who = state.finished_by or _("The approver")
    if state.comment:
        sentence = _("%(user)s asks for changes: “%(comment)s” Change the draft and choose “Send again for approval”.")
    else:
        sentence = _("%(user)s asks for changes without a comment. Change the draft and send it again for approval.")
    messages.warning(request, sentence % {"user": who, "comment": state.comment})


@hooks.register("before_edit_page")
def tell_of_the_approval(request: HttpRequest, page: Page) -> None:
    """Show whoever may approve a draft that it waits for them, and where the decision is."""
    task = page.current_workflow_task if request.method == "GET" else None
    if isinstance(task, FourEyesTask) and task.may_approve(page, request.user):
        messages.info(
            request,
            _(
                "This draft waits for your approval. Read it, then open the arrow beside “Save draft” below and choose "
                "“Approve” or “Ask for changes”. Whoever changes it here does not approve it."
            ),
        )


@hooks.register("register_admin_urls")
def register_approvals() -> list[URLPattern]:
    """The author's way back from an approval under way."""
    return [path("approvals/<int:pk>/take-back/", approvals.take_back, name="cms_take_back")]


@hooks.register("after_edit_page")
def say_why_not_approved(request: HttpRequest, page: Page) -> None:
    """A reviewer who changes a draft and approves it in one step is told that only the change was saved."""
    wanted = request.POST.get("action-workflow-action") and request.POST.get("workflow-action-name")
    task = page.current_workflow_task
    if wanted == "approve" and isinstance(task, FourEyesTask) and not task.may_approve(page, request.user):
        messages.warning(
            request,
            _(
                "Your change was saved, but the draft is not approved: whoever changes a draft does not approve it. "
                "Another person with the approver's role must."
            ),
        )


@hooks.register("after_edit_page")
def say_what_was_approved(request: HttpRequest, page: Page) -> None:
    """Tell an approver that the page is public now; Wagtail says only that it was updated."""
    approved = request.POST.get("action-workflow-action") and request.POST.get("workflow-action-name") == "approve"
    now = Page.objects.get(pk=page.pk) if approved else None
    if now is not None and now.live and now.current_workflow_state is None:
        messages.success(request, _("You approved “%(title)s”; it is published.") % {"title": now.title})


@hooks.register("after_edit_page")
def say_what_was_asked_for(request: HttpRequest, page: Page) -> None:
    """Tell an approver who asked for changes who has the draft now; Wagtail says only that the page was updated."""
    asked = request.POST.get("action-workflow-action") and request.POST.get("workflow-action-name") == "reject"
    state = request_for_changes(Page.objects.get(pk=page.pk)) if asked else None
    if state is not None:
        author = state.workflow_state.requested_by
        sentence = _("Your request for changes went to %(user)s, who sends the draft in again.")
        messages.success(request, sentence % {"user": author or _("the author")})


@hooks.register("insert_editor_js")
def editor_scripts() -> SafeString:
    """Propose right addresses for Vietnamese titles; let no early change go unnoticed; let nobody type in vain."""
    scripts = ((static(f"cms/js/{name}.js"),) for name in ("admin-slug", "admin-unsaved", "admin-locked"))
    return format_html_join("", '<script src="{}"></script>', scripts)


@hooks.register("register_admin_urls")
def register_last_saved() -> list[URLPattern]:
    """Say who overtook an editor's window."""
    return [path("pages/<int:pk>/last-saved/", last_saved, name="cms_last_saved")]


@hooks.register("insert_global_admin_js")
def admin_dates() -> SafeString:
    """Keep what was typed as a day."""
    return format_html('<script src="{}"></script>', static("cms/js/admin-dates.js"))


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


@hooks.register("register_help_menu_item")
def register_guides_menu_item() -> MenuItem:
    """Lead to the guides of the roles."""
    return MenuItem(_("Guides"), reverse("cms:guides"), name="guides", icon_name="help", order=100)


@hooks.register("register_admin_menu_item")
def register_workspace_menu_item() -> MenuItem:
    """Lead back from the admin to where most people work."""
    return MenuItem(_("Workspace"), reverse("cms:workspace"), name="workspace", icon_name="home", order=50)


class AuditTrailMenuItem(MenuItem):
    """The report of all changes for auditors: Wagtail lists it for those who edit pages and lets auditors open it."""

    def is_shown(self, request: HttpRequest) -> bool:
        """Whether the user is an auditor for whom Wagtail lists no report."""
        return Role.AUDITOR in roles_in(request) and not PagePermissionPolicy().explorable_root_instance(request.user)


@hooks.register("register_reports_menu_item")
def register_audit_trail_menu_item() -> MenuItem:
    """Let auditors find the report by the menu."""
    url = reverse("wagtailadmin_reports:site_history")
    return AuditTrailMenuItem(_("All changes"), url, name="audit-trail", icon_name="history", order=1000)


@hooks.register("construct_help_menu")
def leave_out_foreign_help(request: HttpRequest, items: list[MenuItem]) -> None:
    """Take out release notes and guide of Wagtail: English pages elsewhere, with a badge that asks to read them."""
    items[:] = [item for item in items if not isinstance(item, DismissibleMenuItem)]


@hooks.register("insert_global_admin_css")
def admin_skin() -> SafeString:
    """Give the admin the colours and the face of the portal."""
    fonts = assets.font_sheet()
    sheets = [static(fonts)] if fonts else []
    sheets.append(static("cms/css/admin.css"))
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((sheet,) for sheet in sheets))
