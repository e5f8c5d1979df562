"""What the survey puts into the workspace: menu items and things to do."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.models import User
from cms.navigation import NavItem, Todo, register_todo, register_workspace_item
from cms.permissions import roles_in, units_where
from submissions.models import RespondentList
from submissions.survey_enums import ListState, SurveyState


@register_workspace_item
def survey_items(request: HttpRequest) -> list[NavItem]:
    """The survey desk for officers; the lists for units that are asked for one."""
    if not request.user.is_authenticated:
        return []
    roles = roles_in(request)
    items = []
    if roles.intersection({Role.SURVEY_OFFICER, Role.AUDITOR, Role.ADMINISTRATOR}):
        address = reverse("submissions:surveys")
        items.append(NavItem(_("Surveys"), address, "chat-bubble-left-right", request.path.startswith(address)))
    if roles.intersection({Role.CONTRIBUTOR, Role.LEADER}):
        units = units_where(request.user, Role.CONTRIBUTOR, Role.LEADER)
        if RespondentList.objects.filter(participant__unit__in=units).exists():
            address = reverse("submissions:survey_lists")
            active = request.path.startswith(address)
            items.append(NavItem(_("Lists of respondents"), address, "users", active))
    return items


@register_todo
def list_todos(user: User) -> list[Todo]:
    """Lists that the user's units have to send."""
    waiting = RespondentList.objects.filter(
        participant__unit__in=units_where(user, Role.CONTRIBUTOR, Role.LEADER),
        survey__state=SurveyState.LISTS,
        state__in=[ListState.DRAFT, ListState.RETURNED],
    ).select_related("survey__round")
    return [
        Todo(
            _("Send the list of respondents: %(round)s") % {"round": one.survey.round.name},
            reverse("submissions:survey_list", kwargs={"pk": one.pk}),
            one.survey.lists_due,
            "survey",
        )
        for one in waiting
    ]
