"""What the survey puts into the workspace: menu items and things to do."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.models import User
from cms.navigation import NavItem, Todo, register_todo, register_workspace_item
from cms.permissions import roles_in, units_where
from submissions.models import RespondentList, Survey, SurveyIncident
from submissions.survey_enums import IncidentState, ListState, SurveyState


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


@register_todo
def officer_todos(user: User) -> list[Todo]:
    """What waits for a survey officer: lists to decide on, cancellations to confirm, points to put into the index."""
    own = Survey.objects.filter(round__owner__in=units_where(user, Role.SURVEY_OFFICER)).select_related("round")
    found: list[Todo] = []
    for survey in own.filter(state=SurveyState.LISTS, lists__state=ListState.SENT).distinct():
        found.append(_officer_todo(_("Accept or return lists of respondents: %(round)s"), survey, survey.lists_due))
    proposed = SurveyIncident.objects.filter(state=IncidentState.PROPOSED).exclude(first_officer=user)
    for survey in own.filter(state__in=[SurveyState.ANSWERING, SurveyState.CLOSED], incidents__in=proposed).distinct():
        found.append(_officer_todo(_("Confirm or dismiss a sign of interference: %(round)s"), survey))
    for survey in own.filter(state=SurveyState.CLOSED):
        found.append(_officer_todo(_("Put the points of the survey into the index: %(round)s"), survey))
    return found


def _officer_todo(words: str, survey: Survey, due: dt.datetime | None = None) -> Todo:
    address = reverse("submissions:survey_desk", kwargs={"pk": survey.pk})
    return Todo(words % {"round": survey.round.name}, address, due, "survey")
