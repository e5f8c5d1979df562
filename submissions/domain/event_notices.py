"""Whom a change of state concerns: what is audited becomes a notice for the people whose turn it is.

One function per audited action; an action without a function tells nobody. The person who acted is never told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms import clock
from cms.enums import Role
from cms.models import Membership, User
from submissions.council_enums import SessionState
from submissions.domain.access import MEMBER_ROLES
from submissions.domain.notices import notify
from submissions.enums import RequestState, RoundState
from submissions.models import (
    AppraisalAssignment,
    AssessmentRound,
    CouncilSession,
    ExplanationRequest,
    LeafNote,
    Receipt,
    RespondentList,
    SecondReading,
    SecondReadingSample,
    SignOff,
    Submission,
)
from submissions.survey_enums import ListState

Tell = Callable[[Any, User | None, dict[str, Any]], None]
_tells: dict[str, Tell] = {}


def tell_about(*, action: str, instance: models.Model, user: User | None, after: Any) -> None:
    """Tell those whom an audited action concerns, in the transaction of the change; most actions concern nobody."""
    tell = _tells.get(action)
    if tell is not None:
        tell(instance, user, after if isinstance(after, dict) else {})


def on(action: str) -> Callable[[Tell], Tell]:
    """Register the function that tells people about an action."""

    def register(function: Tell) -> Tell:
        _tells[action] = function
        return function

    return register


def holders(*, units: Any, roles: Iterable[str], besides: User | None = None) -> list[User]:
    """Return the active accounts that hold one of the roles for one of the units today; one query.

    `units` is what `unit__in` takes: ids, units or a query of ids.
    """
    rows = Membership.objects.in_force(clock.today()).filter(unit__in=units, role__in=list(roles))
    people = User.objects.filter(pk__in=rows.values("user"), is_active=True)
    return list(people.exclude(pk=besides.pk) if besides is not None else people)


# --- rounds -----------------------------------------------------------------------------------------------------------
@on("submissions.round_state")
def _round_moved(round_: AssessmentRound, user: User | None, after: dict[str, Any]) -> None:
    to = after.get("state", "")
    title: str | Promise = ""
    page, people = reverse("submissions:round_page", args=[round_.code]), []
    if to == RoundState.OPEN:
        units = round_.participants.values("unit")
        people = holders(units=units, roles=MEMBER_ROLES, besides=user)
        title, page = gettext_lazy("The self-assessment is open: %(round)s"), reverse("submissions:forms")
    elif to == RoundState.APPRAISAL:
        agencies = {*AppraisalAssignment.objects.filter(round=round_).values_list("agency", flat=True)}
        agencies |= {*round_.substitutes.values_list("substitute", flat=True)}
        people = holders(units=agencies, roles=[Role.APPRAISER], besides=user)
        title = gettext_lazy("The appraisal has begun: %(round)s")
        page = reverse("submissions:appraisal_queue", args=[round_.code])
    elif to == RoundState.COUNCIL:
        people = holders(units=[round_.owner_id], roles=[Role.COUNCIL_MEMBER], besides=user)
        title = gettext_lazy("The council has the scores before it: %(round)s")
    elif to == RoundState.FINALISED:
        people = holders(units=[round_.owner_id], roles=[Role.SECRETARIAT, Role.APPROVER, Role.AUDITOR], besides=user)
        title = gettext_lazy("The round is finalised: %(round)s")
    if people:
        notify(
            users=people,
            key=f"round:{round_.pk}:{to}:{round_.version}",
            title=lambda: str(title) % {"round": round_.name},
            url=page,
        )


# --- a unit's form ----------------------------------------------------------------------------------------------------
def _unit_people(form: Submission, user: User | None) -> list[User]:
    return holders(units=[form.participant.unit_id], roles=MEMBER_ROLES, besides=user)


def _names(form: Submission, user: User | None) -> dict[str, object]:
    who = form.participant
    return {"unit": who.unit_name or who.unit.name, "round": who.round.name, "user": user or _("the portal")}


@on("submissions.sign_off")
def _signed(signed: SignOff, user: User | None, _after: dict[str, Any]) -> None:
    form = signed.submission
    notify(
        users=_unit_people(form, user),
        key=f"signed:{signed.pk}",
        title=lambda: _("%(user)s has signed off the form of %(unit)s; it can be sent.") % _names(form, user),
        url=reverse("submissions:review", args=[form.pk]),
    )


@on("submissions.sign_off_voided")
def _voided(signed: SignOff, user: User | None, _after: dict[str, Any]) -> None:
    form = signed.submission
    notify(
        users=_unit_people(form, user),
        key=f"voided:{signed.pk}",
        title=lambda: _("The sign-off of the form of %(unit)s no longer counts.") % _names(form, user),
        text=signed.void_reason,
        url=reverse("submissions:review", args=[form.pk]),
    )


@on("submissions.send")
def _sent(receipt: Receipt, user: User | None, _after: dict[str, Any]) -> None:
    form = receipt.submission
    notify(
        users=_unit_people(form, user),
        key=f"sent:{receipt.pk}",
        title=lambda: (
            _("%(user)s has sent the form of %(unit)s; receipt %(number)s.")
            % (_names(form, user) | {"number": receipt.number})
        ),
        url=reverse("submissions:receipt", args=[form.pk]),
    )


@on("submissions.note_added")
def _noted(note: LeafNote, user: User | None, _after: dict[str, Any]) -> None:
    """What was written stays beside the criterion: its author may still change it or take it back."""
    form = note.submission
    notify(
        users=_unit_people(form, user),
        key=f"note:{note.pk}",
        title=lambda: (
            _("%(user)s noted something on %(code)s of the form of %(unit)s")
            % (_names(form, user) | {"code": note.code})
        ),
        url=reverse("submissions:notes", args=[form.pk, note.code]),
    )


# --- explanations -----------------------------------------------------------------------------------------------------
@on("submissions.explanation_asked")
def _asked(request: ExplanationRequest, user: User | None, _after: dict[str, Any]) -> None:
    who = request.participant
    notify(
        users=holders(units=[who.unit_id], roles=MEMBER_ROLES, besides=user),
        key=f"asked:{request.pk}",
        title=lambda: _("%(agency)s asks %(unit)s to explain %(code)s: %(round)s") % _request_names(request),
        text=request.question,
        url=reverse("submissions:explanation", args=[request.pk]),
    )


@on("submissions.explanation_answered")
def _answered(request: ExplanationRequest, user: User | None, _after: dict[str, Any]) -> None:
    who = request.participant
    notify(
        users=holders(units=[request.agency_id], roles=[Role.APPRAISER], besides=user),
        key=f"answered:{request.pk}",
        title=lambda: _("%(unit)s has explained %(code)s: %(round)s") % _request_names(request),
        text=request.answer,
        url=reverse("submissions:appraisal_leaf", args=[who.round.code, who.pk, request.code]),
    )


@on("submissions.explanation_closed")
def _closed(request: ExplanationRequest, user: User | None, after: dict[str, Any]) -> None:
    state = str(after.get("state") or request.state)
    notify(
        users=holders(units=[request.participant.unit_id], roles=MEMBER_ROLES, besides=user),
        key=f"closed:{request.pk}:{state}",
        title=lambda: (
            _("The request to explain %(code)s is closed (%(state)s): %(round)s")
            % (_request_names(request) | {"state": RequestState(state).label})
        ),
        url=reverse("submissions:explanation", args=[request.pk]),
    )


def _request_names(request: ExplanationRequest) -> dict[str, object]:
    who = request.participant
    return {
        "agency": request.agency.name,
        "unit": who.unit_name or who.unit.name,
        "code": request.code,
        "round": who.round.name,
    }


# --- second readings --------------------------------------------------------------------------------------------------
@on("submissions.second_sample")
def _sample_drawn(sample: SecondReadingSample, user: User | None, _after: dict[str, Any]) -> None:
    """Each reader is told once, however many decisions there are to read."""
    people = User.objects.filter(second_readings__sample=sample).distinct()
    notify(
        users=[person for person in people if user is None or person.pk != user.pk],
        key=f"second-sample:{sample.pk}",
        title=lambda: _("You are second reader of decisions: %(round)s") % {"round": sample.round.name},
        url=reverse("submissions:second_readings", args=[sample.round.code]),
    )


@on("submissions.second_reading_moved")
def _reading_moved(reading: SecondReading, user: User | None, _after: dict[str, Any]) -> None:
    round_ = reading.sample.round
    notify(
        users=[reading.reader] if user is None or reading.reader_id != user.pk else [],
        key=f"second-moved:{reading.pk}:{reading.reader_id}",
        title=lambda: _("You are second reader of %(code)s: %(round)s") % {"code": reading.code, "round": round_.name},
        url=reverse("submissions:second_reading", args=[round_.code, reading.pk]),
    )


@on("submissions.second_reading")
def _read_twice(reading: SecondReading, user: User | None, after: dict[str, Any]) -> None:
    """Where the two differ, the agency that decided is to settle it."""
    if not after.get("differs"):
        return
    who = reading.participant
    names = {"code": reading.code, "unit": who.unit_name or who.unit.name, "round": who.round.name}
    notify(
        users=holders(units=[reading.sample.agency_id], roles=[Role.APPRAISER], besides=user),
        key=f"second-differs:{reading.pk}",
        title=lambda: _("The second reader sees %(code)s of %(unit)s otherwise: %(round)s") % names,
        url=reverse("submissions:appraisal_leaf", args=[who.round.code, who.pk, reading.code]),
    )


# --- council and survey -----------------------------------------------------------------------------------------------
@on("submissions.council_session")
def _session(session: CouncilSession, user: User | None, after: dict[str, Any]) -> None:
    """The members with a seat are told when the session begins or is cancelled; a plan has no seats yet."""
    titles = {
        SessionState.SITTING: gettext_lazy("The council is sitting: %(session)s"),
        SessionState.CANCELLED: gettext_lazy("The session of the council is cancelled: %(session)s"),
    }
    state = after.get("state", "")
    if state in titles:
        people = [seat.user for seat in session.seats.select_related("user") if user is None or seat.user_id != user.pk]
        notify(
            users=people,
            key=f"session:{session.pk}:{state}",
            title=lambda: str(titles[state]) % {"session": session.title},
            url=reverse("submissions:council_session", args=[session.pk]),
        )


@on("submissions.survey_list_state")
def _list_moved(one: RespondentList, user: User | None, after: dict[str, Any]) -> None:
    """A list that was sent waits for the officers; one that came back waits for the unit."""
    names = {"unit": one.participant.unit.name, "round": one.participant.round.name}
    state, key = after.get("state"), f"list:{one.pk}:{one.version}"
    if state == ListState.SENT:
        officers = holders(units=[one.participant.round.owner_id], roles=[Role.SURVEY_OFFICER], besides=user)
        page = reverse("submissions:survey_review_list", args=[one.survey_id, one.pk])
        notify(
            users=officers,
            key=key,
            title=lambda: _("%(unit)s has sent its list of respondents: %(round)s") % names,
            url=page,
        )
    elif state == ListState.RETURNED:
        people = holders(units=[one.participant.unit_id], roles=MEMBER_ROLES, besides=user)
        notify(
            users=people,
            key=key,
            title=lambda: _("The list of respondents of %(unit)s was returned: %(round)s") % names,
            text=one.return_reason,
            url=reverse("submissions:survey_list", args=[one.pk]),
        )
