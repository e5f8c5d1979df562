"""What submissions put into the workspace's menu and list of things to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.navigation import NavItem, Todo, register_todo, register_workspace_item
from cms.permissions import roles_in, roles_of
from submissions.domain.access import MEMBER_ROLES, own_submissions
from submissions.domain.deadlines import deadlines_of
from submissions.domain.notices import unread
from submissions.domain.progress import progress_of
from submissions.enums import RoundState, SubmissionState


@register_workspace_item
def unit_items(request: HttpRequest) -> Iterator[NavItem]:
    """The unit's forms and library, for people who fill in or sign."""
    if not request.user.is_authenticated or not roles_in(request).intersection(MEMBER_ROLES):
        return
    for label, name, icon in (
        (_("Self-assessment forms"), "submissions:forms", "pencil-square"),
        (_("Evidence library"), "submissions:libraries", "archive-box"),
    ):
        url = reverse(name)
        yield NavItem(label=label, url=url, icon=icon, active=request.path.startswith(url))


@register_workspace_item
def notice_item(request: HttpRequest) -> Iterator[NavItem]:
    """The user's notices, with how many are unread."""
    if not request.user.is_authenticated:
        return
    number = unread(request.user).count()
    url = reverse("submissions:notices")
    label = _("Notices (%(number)s)") % {"number": number} if number else _("Notices")
    yield NavItem(label=label, url=url, icon="bell", active=request.path.startswith(url))


@register_todo
def unit_todos(user: Any) -> Iterator[Todo]:
    """Forms to fill in, to sign off or to send, while their round is open."""
    rows = own_submissions(user).filter(
        state__in=(SubmissionState.DRAFT, SubmissionState.SIGNED), participant__round__state=RoundState.OPEN
    )
    forms = list(rows)
    if not forms:
        return
    progress, due, roles = progress_of(forms), deadlines_of(forms), roles_of(user)
    for form in forms:
        participant = form.participant
        names = {"round": participant.round.name, "unit": participant.unit_name or participant.unit.name}
        at_review = reverse("submissions:review", args=[form.pk])
        if form.state == SubmissionState.SIGNED:
            yield Todo(
                title=_("Send the form: %(round)s, %(unit)s") % names, url=at_review, due=due[form.pk], kind="send"
            )
        elif progress[form.pk].is_complete:
            if (Role.LEADER, participant.unit_id) in roles:
                title = _("Sign off the form: %(round)s, %(unit)s") % names
                yield Todo(title=title, url=at_review, due=due[form.pk], kind="sign")
        else:
            state = {"done": progress[form.pk].done, "total": progress[form.pk].total}
            yield Todo(
                title=_("Fill in the form: %(round)s, %(unit)s (%(done)s of %(total)s done)") % (names | state),
                url=reverse("submissions:overview", args=[form.pk]),
                due=due[form.pk],
                kind="form",
            )
