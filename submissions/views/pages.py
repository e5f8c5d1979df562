"""What all screens of one form share: the form itself, its progress, its steps, who looks at it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from cms import clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.exceptions import PortalError
from cms.models import User
from cms.permissions import roles_of
from criteria_pages.definition import Definition
from submissions.domain.access import MEMBER_ROLES, readable_submission, with_definition
from submissions.domain.definitions import definition_for
from submissions.domain.gate import openness_of
from submissions.domain.progress import Progress, submission_progress
from submissions.domain.sign_off import valid_sign_off
from submissions.enums import SubmissionState
from submissions.models import Receipt, SignOff, Submission


@dataclass
class FormPlace:
    """One form as a user sees it, with what every screen of it shows."""

    user: User
    submission: Submission
    definition: Definition
    progress: Progress
    deadline: dt.datetime | None
    now: dt.datetime
    receipt: Receipt | None
    signed: SignOff | None
    is_contributor: bool
    is_leader: bool
    open_codes: frozenset[str]

    @property
    def is_member(self) -> bool:
        """Whether the user works for the unit."""
        return self.is_contributor or self.is_leader

    @property
    def is_writable(self) -> bool:
        """Whether something can be filled in now by this user."""
        editable = self.submission.state in {SubmissionState.DRAFT, SubmissionState.SIGNED}
        return self.is_member and editable and bool(self.open_codes)

    @property
    def is_sent(self) -> bool:
        """Whether what was sent stands (and is not reopened)."""
        return self.receipt is not None and self.submission.state not in {SubmissionState.DRAFT, SubmissionState.SIGNED}

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The four steps of the official guidance, with where the form stands."""
        state = self.submission.state
        done = {
            "fill": self.progress.is_complete,
            "review": self.signed is not None or self.is_sent,
            "sign": self.signed is not None or self.is_sent,
            "send": self.is_sent,
        }
        current = "fill"
        if self.is_sent:
            current = ""
        elif state == SubmissionState.SIGNED:
            current = "send"
        elif self.progress.is_complete:
            current = "review"
        labels = {"fill": _("Fill in"), "review": _("Review"), "sign": _("Sign off"), "send": _("Send")}
        return [{"label": labels[k], "done": done[k] and k != current, "current": k == current} for k in labels]

    def crumbs(self, *more: tuple[str, str]) -> list[dict[str, str]]:
        """The places above a screen of this form."""
        places = [
            {"title": _("Self-assessment forms"), "url": reverse("submissions:forms")},
            {"title": self.submission.participant.round.name, "url": self.url},
        ]
        return places + [{"title": title, "url": url} for title, url in more]

    @property
    def url(self) -> str:
        """The form's overview."""
        return reverse("submissions:overview", args=[self.submission.pk])

    def context(self, **more: Any) -> dict[str, Any]:
        """What the templates of all screens of a form are given."""
        participant = self.submission.participant
        return {
            "place": self,
            "submission": self.submission,
            "participant": participant,
            "unit": participant.unit,
            "round": participant.round,
            "progress": self.progress,
            "illustrative": participant.round.illustrative,
            **more,
        }


def place_of(user: User, pk: int) -> FormPlace:
    """Return a form that the user may read. Raises Http404, `PermissionRefused`."""
    try:
        submission = readable_submission(user, pk)
    except Submission.DoesNotExist as error:
        raise Http404 from error
    participant = submission.participant
    openness = openness_of(submission)
    roles = roles_of(user)
    mine = {role for role in MEMBER_ROLES if (role, participant.unit_id) in roles}
    return FormPlace(
        user=user,
        submission=submission,
        definition=definition_for(participant),
        progress=submission_progress(submission),
        deadline=openness.deadline,
        now=clock.now(),
        receipt=openness.receipt,
        signed=valid_sign_off(submission),
        is_contributor=Role.CONTRIBUTOR in mine,
        is_leader=Role.LEADER in mine,
        open_codes=openness.codes if mine else frozenset(),
    )


View = Callable[..., HttpResponseBase]


def form_screen(view: View) -> View:
    """Give a view the place of the form named by `pk` instead of the key; sign-in required."""

    @login_required
    @wraps(view)
    def shown(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponseBase:
        return view(request, place_of(request.user, pk), **kwargs)

    return shown


def json_view(view: View) -> View:
    """A view that answers in JSON, its refusals too: an expired session is 401, a refusal says what and where.

    A page says for whom it was made (`as_user`): what one person typed is not stored under another's name because that
    one has signed in on the same computer meanwhile.
    """

    @wraps(view)
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        meant = request.POST.get("as_user", "")
        if not request.user.is_authenticated or meant not in {"", str(request.user.pk)}:
            return JsonResponse(
                {
                    "state": "signed_out",
                    "message": _("Your session has ended. Sign in again; what you typed is kept on this computer."),
                    "login": reverse("cms:login"),
                },
                status=401,
            )
        try:
            return view(request, **kwargs)
        except PortalError as refusal:
            return JsonResponse({"state": "refused", "code": refusal.code, "message": str(refusal.message)}, status=403)

    return answered


_for_writing = Compiled(lambda pk: with_definition(Submission.objects.filter(pk=pk)), int)


def json_screen(view: View) -> View:
    """A view of a form that answers in JSON; it is given the form itself, with nothing that only screens need.

    Who may do what is asked by the domain, not here.
    """

    @json_view
    @wraps(view)
    def shown(request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponseBase:
        submission = _for_writing.first(pk)
        if submission is None:
            raise Http404
        return view(request, submission, **kwargs)

    return shown
