"""What publication puts into the workspace and at the end of public pages."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.models import User
from cms.navigation import NavItem, Todo, register_public_links, register_todo, register_workspace_item
from cms.permissions import READ_ALL_ROLES, has_role, roles_in, units_where
from publishing.domain.desk import DESK_ROLES, may_approve, releases_seen_by, rounds_to_release
from publishing.domain.plan_progress import REPORTERS
from publishing.domain.roll_up import may_roll_up
from publishing.enums import PlanRole, ReleaseState
from publishing.models import PlanTask
from submissions.domain.round_access import may_read_scores
from submissions.enums import RoundState
from submissions.models import AssessmentRound
from submissions.navigation import RoundTab, register_round_action, register_round_tabs


@register_public_links
def links() -> Iterable[NavItem]:
    """Where all results, their data and their corrections are found."""
    yield NavItem(_("All results"), reverse("publishing:releases"))
    yield NavItem(_("Open data"), reverse("publishing:open_data"))
    yield NavItem(_("Corrections log"), reverse("publishing:corrections"))


@register_workspace_item
def items(request: HttpRequest) -> Iterable[NavItem]:
    """The releases desk, and the tasks of plans for those who report on them."""
    roles = roles_in(request)
    if roles.intersection((*DESK_ROLES, *READ_ALL_ROLES)):
        url = reverse("publishing:desk")
        yield NavItem(_("Publication"), url, "megaphone", request.path.startswith(url))
    if not roles.intersection(REPORTERS):
        return
    led = PlanTask.objects.filter(plan__live=True, units__role=PlanRole.LEAD)
    if led.filter(units__unit__in=units_where(request.user, *REPORTERS)).exists():
        url = reverse("publishing:my_tasks")
        yield NavItem(_("Plan tasks"), url, "calendar-days", request.path.startswith(url))


@register_todo
def todos(user: User) -> Iterable[Todo]:
    """Drafts that wait for the approver; finalised rounds and returned drafts that wait for the secretariat."""
    for release in releases_seen_by(user).filter(state=ReleaseState.DRAFT):
        if may_approve(user, release):
            yield Todo(
                title=_("Decide about the release “%(title)s”") % {"title": release.title},
                url=reverse("publishing:desk_release", args=[release.pk]),
                kind="approve",
            )
    for round_ in rounds_to_release(user):
        yield Todo(
            title=_("Build the release of “%(round)s”") % {"round": round_.name},
            url=reverse("publishing:desk_build", args=[round_.code]),
            kind="build",
        )


@register_round_action
def round_links(round: AssessmentRound, user: User) -> Iterable[NavItem]:
    """Links on a round's page: its releases, and building one while none is approved (later it is corrected)."""
    releases = releases_seen_by(user).filter(round=round).exclude(state=ReleaseState.DISCARDED).order_by("-pk")
    has_result = False
    for release in releases:
        has_result = has_result or release.state == ReleaseState.APPROVED
        label = f"{release.title} ({release.get_state_display()})"
        yield NavItem(label, reverse("publishing:desk_release", args=[release.pk]), "megaphone")
    if round.state != RoundState.DRAFT and may_read_scores(user, round):
        yield NavItem(_("What if…"), reverse("publishing:what_if", args=[round.code]), "scale")
    if round.state == RoundState.FINALISED and not has_result and has_role(user, Role.SECRETARIAT, round.owner):
        yield NavItem(_("Build a release"), reverse("publishing:desk_build", args=[round.code]), "plus")


@register_round_tabs
def tabs_of_round(round: AssessmentRound, user: User) -> Iterable[RoundTab]:
    """The rounds below, for those who may read them together."""
    if may_roll_up(user, round):
        yield "cap-duoi", _("Rounds below"), reverse("publishing:rounds_below", args=[round.code])
