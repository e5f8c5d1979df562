"""What the desks put into the workspace: menu items, things to do, and what other rooms add to a round's page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms import clock
from cms.enums import Role
from cms.models import User
from cms.navigation import NavItem, Todo, register_todo, register_workspace_item
from cms.permissions import READ_ALL_ROLES, roles_in, units_where
from submissions.domain.appraisal_gate import current_phase_deadline
from submissions.domain.appraisal_queue import rounds_for, workload
from submissions.domain.conflict_register import rounds_of_person
from submissions.domain.council_votes import votes_waiting_for
from submissions.domain.explanations import UNIT_ROLES, requests_for_unit
from submissions.domain.round_access import OWNERS_READERS
from submissions.domain.unit_appeals import STANDING
from submissions.enums import Phase, ReadingState, RequestState, RoundState
from submissions.models import AssessmentRound, FiledAppeal

RoundAction = Callable[[AssessmentRound, User], Iterable[NavItem]]
_round_actions: list[RoundAction] = []


def register_round_action(function: RoundAction) -> RoundAction:
    """Register a function that returns links for a round's page (the room of publication adds its releases)."""
    if function not in _round_actions:
        _round_actions.append(function)
    return function


RoundTab = tuple[str, str, str]
RoundTabs = Callable[[AssessmentRound, User], Iterable[RoundTab]]
_round_tabs: list[RoundTabs] = []


def register_round_tabs(function: RoundTabs) -> RoundTabs:
    """Register a function that returns further tabs of a round's pages as (key, title, address)."""
    if function not in _round_tabs:
        _round_tabs.append(function)
    return function


def round_tabs(round: AssessmentRound, user: User) -> list[RoundTab]:
    """Return the tabs that other rooms add to a round's pages for the user."""
    return [tab for function in _round_tabs for tab in function(round, user)]


def round_actions(round: AssessmentRound, user: User) -> list[NavItem]:
    """Return what other rooms offer on a round's page for the user."""
    return [item for function in _round_actions for item in function(round, user)]


@register_workspace_item
def desk_items(request: HttpRequest) -> list[NavItem]:
    """The menu items of the secretariat's and the appraiser's desks."""
    if not request.user.is_authenticated:
        return []
    roles = roles_in(request)
    items = []
    if Role.APPRAISER in roles:
        address = reverse("submissions:appraisal_rounds")
        items.append(NavItem(_("Appraisal"), address, "clipboard-document-check", request.path.startswith(address)))
    if roles.intersection(UNIT_ROLES) and requests_for_unit(request.user).exists():
        address = reverse("submissions:explanations")
        items.append(NavItem(_("Explanations"), address, "chat-bubble-left-right", request.path.startswith(address)))
    if Role.COUNCIL_MEMBER in roles:
        address = reverse("submissions:council_sessions")
        items.append(NavItem(_("Council"), address, "user-group", request.path.startswith(address)))
    if roles.intersection({Role.APPRAISER, Role.COUNCIL_MEMBER}) and rounds_of_person(request.user).exists():
        address = reverse("submissions:conflicts")
        items.append(NavItem(_("Conflicts of interest"), address, "no-symbol", request.path.startswith(address)))
    if roles.intersection(OWNERS_READERS) or roles.intersection(READ_ALL_ROLES):
        address = reverse("submissions:round_list")
        items.append(NavItem(_("Rounds"), address, "rectangle-stack", request.path.startswith(address)))
    return items


@register_todo
def explanation_todos(user: User) -> list[Todo]:
    """Requests for explanation that wait for the user's units."""
    return [
        Todo(
            title=_("Explain %(code)s – %(unit)s") % {"code": row.code, "unit": row.participant.unit.name},
            url=reverse("submissions:explanation", args=[row.pk]),
            due=row.due_at,
            kind="explain",
        )
        for row in requests_for_unit(user).filter(state=RequestState.OPEN, due_at__gte=clock.now())
    ]


@register_todo
def appraisal_todos(user: User) -> list[Todo]:
    """Rounds in which decisions of the user's agencies are missing."""
    todos = []
    for round_ in rounds_for(user).filter(state=RoundState.APPRAISAL):
        waiting = workload(user=user, round=round_).waiting
        if waiting:
            todos.append(
                Todo(
                    title=ngettext(
                        "Appraise %(number)d criterion – %(round)s", "Appraise %(number)d criteria – %(round)s", waiting
                    )
                    % {"number": waiting, "round": round_.name},
                    url=f"{reverse('submissions:appraisal_queue', args=[round_.code])}?trang-thai=cho",
                    due=current_phase_deadline(round_, Phase.APPRAISAL_1),
                    kind="appraise",
                )
            )
    return todos


@register_todo
def second_reading_todos(user: User) -> list[Todo]:
    """Rounds in which the user has second readings to give."""
    rows = AssessmentRound.objects.filter(
        state=RoundState.APPRAISAL,
        second_samples__readings__reader=user,
        second_samples__readings__state=ReadingState.OPEN,
    ).annotate(waiting=Count("second_samples__readings"))
    return [
        Todo(
            title=ngettext(
                "Give %(number)d second reading – %(round)s", "Give %(number)d second readings – %(round)s", row.waiting
            )
            % {"number": row.waiting, "round": row.name},
            url=reverse("submissions:second_readings", args=[row.code]),
            due=current_phase_deadline(row, Phase.APPRAISAL_2),
            kind="appraise",
        )
        for row in rows
    ]


@register_todo
def secretariat_todos(user: User) -> list[Todo]:
    """What each round that the user runs waits for: its opening, its next step, or the phase under way."""
    return [_next_step(round_) for round_ in _rounds_under_way(user, Role.SECRETARIAT)]


@register_todo
def appeal_todos(user: User) -> list[Todo]:
    """Appeals of units that wait for the secretariat, by round."""
    waiting = FiledAppeal.objects.filter(
        state__in=STANDING, participant__round__owner__in=units_where(user, Role.SECRETARIAT)
    )
    rows = waiting.values_list("participant__round__code", "participant__round__name").annotate(number=Count("pk"))
    return [
        Todo(
            title=ngettext("Answer %(number)d appeal – %(round)s", "Answer %(number)d appeals – %(round)s", number)
            % {"number": number, "round": name},
            url=reverse("submissions:round_appeals", args=[code]),
            kind="appeal",
        )
        for code, name, number in rows.order_by("participant__round__code")
    ]


@register_todo
def reader_todos(user: User) -> list[Todo]:
    """Rounds that the council is about to decide on, and rounds under way that auditors may look into."""
    council = [
        Todo(
            title=_("Read the scores before the council decides: %(round)s") % {"round": round_.name},
            url=reverse("submissions:round_page", args=[round_.code]),
            due=_closes(round_, Phase.COUNCIL),
            kind="council",
        )
        for round_ in _rounds_under_way(user, Role.COUNCIL_MEMBER)
        if round_.state in {RoundState.APPRAISAL, RoundState.COUNCIL}
    ]
    audited = [
        Todo(
            title=_("Look into the round under way: %(round)s (%(state)s)")
            % {"round": round_.name, "state": round_.get_state_display()},
            url=reverse("submissions:round_page", args=[round_.code]),
            kind="audit",
        )
        for round_ in _rounds_under_way(user, Role.AUDITOR)
        if round_.state != RoundState.DRAFT
    ]
    return council + audited


def _rounds_under_way(user: User, role: str) -> list[AssessmentRound]:
    """Return the rounds, not finalised yet, of the units for which the user holds the role, with their deadlines."""
    rows = AssessmentRound.objects.filter(owner__in=units_where(user, role)).exclude(state=RoundState.FINALISED)
    return list(rows.prefetch_related("deadlines").order_by("year", "pk"))


def _closes(round_: AssessmentRound, *phases: str) -> dt.datetime | None:
    """Return when the first of the phases locks whose time is not over; None where none is left."""
    left = [row.closes_at for row in round_.deadlines.all() if row.phase in phases and row.closes_at > clock.now()]
    return min(left, default=None)


def _next_step(round_: AssessmentRound) -> Todo:
    name = {"round": round_.name}
    page = reverse("submissions:round_page", args=[round_.code])
    if round_.state == RoundState.DRAFT:
        return Todo(_("Prepare and open the round: %(round)s") % name, page, None, "prepare")
    if round_.state == RoundState.OPEN:
        due = _closes(round_, Phase.SELF_ASSESSMENT)
        sentence = _("Follow the self-assessment: %(round)s") if due else _("Start the appraisal: %(round)s")
        return Todo(sentence % name, page, due, "follow")
    due = _closes(round_, *Phase.values)
    if due:
        return Todo(_("Follow the appraisal: %(round)s") % name, page, due, "follow")
    sealing = reverse("submissions:round_finalise", args=[round_.code])
    return Todo(_("Finalise the round: %(round)s") % name, sealing, None, "seal")


@register_todo
def council_todos(user: User) -> list[Todo]:
    """Votes that the user has not cast yet in a sitting session."""
    return [
        Todo(
            title=_("Vote in “%(session)s”") % {"session": motion.session.title},
            url=reverse("submissions:council_item", args=[motion.session_id, motion.item_id])
            if motion.item_id
            else reverse("submissions:council_rest", args=[motion.session_id]),
            kind="vote",
        )
        for motion in votes_waiting_for(user)
    ]
