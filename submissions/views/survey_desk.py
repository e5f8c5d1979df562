"""The survey officer's desk: set up, lists, invitations, watch, results."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Case, Count, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.documents import to_pdf, to_word
from cms.domain.files import DOCX_TYPE
from cms.enums import Role
from cms.exceptions import PermissionRefused, PortalError
from cms.numbers import format_count
from cms.permissions import may_read_all, require_role, units_where
from submissions.domain.survey import invitations, lists, public_link, report, results, selection, setup, watch
from submissions.models import AssessmentRound, Invitation, Respondent, RespondentList, Survey, SurveyIncident
from submissions.survey_enums import (
    UNLISTED,
    DeliveryState,
    GroupRule,
    IncidentState,
    ListState,
    RespondentState,
    SurveyState,
)
from submissions.survey_forms import ReasonForm, SurveyForm
from submissions.survey_tasks import mail_job_at_work, order_mail_job, order_work, work_on

PER_PAGE = 50


def surveys_of(user: Any) -> Any:
    """Return the surveys whose desk the user may see."""
    rows = Survey.objects.select_related("round__owner").order_by("-round__year", "pk")
    if may_read_all(user):
        return rows
    return rows.filter(round__owner__in=units_where(user, Role.SURVEY_OFFICER))


def survey_of(request: HttpRequest, pk: int) -> Survey:
    """Return a survey whose desk the user may see; 404 for any other."""
    found: Survey | None = surveys_of(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def survey_list(request: HttpRequest) -> HttpResponse:
    """List the surveys."""
    may_create = units_where(request.user, Role.SURVEY_OFFICER).exists()
    if not may_create and not may_read_all(request.user):
        raise Http404
    return render(
        request, "submissions/survey/desk_list.html", {"surveys": surveys_of(request.user), "may_create": may_create}
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Set up the survey of a round."""
    require_role(request.user, Role.SURVEY_OFFICER)
    rounds = AssessmentRound.objects.filter(
        owner__in=units_where(request.user, Role.SURVEY_OFFICER), survey__isnull=True
    )
    form = SurveyForm(request.POST or None, rounds=rounds)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            survey = setup.create_survey(
                user=request.user,
                round=data["round"],
                lists_due=data["lists_due"],
                answers_due=data["answers_due"],
                template=data["template"],
                editions=form.editions(),
            )
        except PortalError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The survey was set up. Check its groups, then open the lists."))
            return redirect("submissions:survey_desk", pk=survey.pk)
    return render(request, "submissions/survey/desk_create.html", {"form": form})


@login_required
@require_safe
def desk(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where the survey stands and what can be done next."""
    survey = survey_of(request, pk)
    progress = invitations.progress(survey)
    return render(
        request,
        "submissions/survey/desk.html",
        {
            "survey": survey,
            "groups": survey.groups.select_related("edition"),
            "public_groups": _public_groups(survey),
            "entered_groups": survey.groups.filter(rule=GroupRule.ENTERED).annotate(found=Count("figures")),
            # What waits for a decision stands first.
            "lists": survey.lists.select_related("participant__unit")
            .annotate(people=Count("respondents"), waits=Case(When(state=ListState.SENT, then=0), default=1))
            .order_by("waits", "participant__unit__name"),
            "page_obj": Paginator(progress, PER_PAGE).get_page(request.GET.get("trang")),
            "totals": _totals(survey, progress),
            "lists_by_state": _lists_by_state(survey),
            **_what_is_next(survey),
            "unasked": setup.unasked_criteria(survey) if survey.state in {SurveyState.DRAFT, SurveyState.LISTS} else [],
            "left_out": Respondent.objects.filter(list__survey=survey)
            .exclude(state=RespondentState.ASKED)
            .select_related("group", "list__participant__unit")[:PER_PAGE],
            "incidents": survey.incidents.select_related("unit", "first_officer", "second_officer"),
            "reason_form": ReasonForm(),
            "mail_job": mail_job_at_work(survey),
            "work": work_on(survey),
            "is_officer": units_where(request.user, Role.SURVEY_OFFICER).filter(pk=survey.round.owner_id).exists(),
            "unit_results": results.unit_results(survey)
            if survey.state in {SurveyState.CLOSED, SurveyState.RESULTS}
            else [],
        },
    )


def _public_groups(survey: Survey) -> list[dict[str, Any]]:
    """Return groups with a public link: the address, and how many have answered about each unit."""
    return [
        {
            "group": row,
            "address": settings.PORTAL_BASE_URL.rstrip("/") + reverse("survey:open_units", kwargs={"group": row.pk}),
            "choices": public_link.choices(row),
        }
        for row in survey.groups.filter(rule=GroupRule.PUBLIC).select_related("survey__round")
    ]


def _totals(survey: Survey, progress: list[dict[str, Any]]) -> dict[str, Any]:
    rows = Invitation.objects.filter(respondent__list__survey=survey)
    told = [row["answered"] for row in progress if row["answered"] is not None]
    return {
        "asked": rows.count(),
        # The sum of what the table tells: from the number of all, the count of a small group could be computed.
        "answered": sum(told) if told else None,
        "all_told": len(told) == len(progress),
        "waiting": rows.filter(delivery=DeliveryState.WAITING).exclude(respondent__mail="").count(),
        "bounced": rows.filter(delivery=DeliveryState.BOUNCED).count(),
        "without_mail": rows.filter(respondent__mail="").count(),
        # Whether there is a letter at all, whoever has answered.
        "remindable": rows.filter(delivery=DeliveryState.SENT).exists(),
    }


def _what_is_next(survey: Survey) -> dict[str, bool]:
    """Return which steps the lists allow: where groups need no list, the survey may open without one."""
    kinds = {rule in UNLISTED for rule in survey.groups.values_list("rule", flat=True)}
    accepted = survey.lists.filter(state=ListState.ACCEPTED).exists()
    return {
        "nobody_listed": kinds == {True},
        "may_open_without_lists": True in kinds and not accepted,
        "must_select": not survey.selected,
        "open_incidents": survey.incidents.filter(state__in=[IncidentState.FLAGGED, IncidentState.PROPOSED]).exists(),
    }


def _lists_by_state(survey: Survey) -> dict[str, int]:
    """Return how many lists there are, and how many in each state."""
    counts = dict(survey.lists.values_list("state").annotate(number=Count("pk")))
    found = {state: counts.get(state, 0) for state in ListState.values}
    return {**found, "all": sum(found.values()), "missing": found[ListState.DRAFT] + found[ListState.RETURNED]}


def _steps(request: HttpRequest, survey: Survey) -> dict[str, tuple[Callable[[], Any], str]]:
    user = request.user
    return {
        "open_lists": (lambda: setup.open_lists(user=user, survey=survey), _("The units may enter their lists now.")),
        "select": (
            lambda: selection.select_respondents(user=user, survey=survey, seed=secrets.randbelow(10**9)),
            _("Respondents were selected. Check who was left out and why."),
        ),
        "invite": (
            lambda: invitations.make_invitations(user=user, survey=survey),
            _("Invitations were made. Send the letters now."),
        ),
        "scan": (
            lambda: order_work("survey_scan", user=user, survey=survey),
            _("The answers are looked through for signs of interference; what is found stands below."),
        ),
        "close": (
            lambda: order_work("survey_close", user=user, survey=survey),
            _("The survey is being closed: its answers are mixed and counted."),
        ),
        "results": (
            lambda: results.write_results(user=user, survey=survey),
            _("The points of the survey are in the index."),
        ),
    }


@login_required
@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Do one step of the survey."""
    survey = survey_of(request, pk)
    setup.require_officer(request.user, survey.round)
    name = request.POST.get("step", "")
    if name in {"mail", "remind"}:
        return _order_letters(request, survey, name)
    known = _steps(request, survey)
    if name not in known:
        raise Http404
    act, done = known[name]
    try:
        act()
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect("submissions:survey_desk", pk=survey.pk)


def _order_letters(request: HttpRequest, survey: Survey, name: str) -> HttpResponse:
    """Let letters or reminders go out; the desk leads to the job, which tells how far they are."""
    order = invitations.order_letters if name == "mail" else invitations.order_reminders
    try:
        due = order(user=request.user, survey=survey)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
        return redirect("submissions:survey_desk", pk=survey.pk)
    if due:
        order_mail_job(survey=survey, user=request.user)
        messages.success(request, _("%(count)s letters are on their way.") % {"count": format_count(due)})
    else:
        messages.info(request, _("No letter is due now."))
    return redirect("submissions:survey_desk", pk=survey.pk)


@login_required
@require_POST
def review_list(request: HttpRequest, pk: int, list_pk: int) -> HttpResponse:
    """Accept a sent list or return it with a reason."""
    survey = survey_of(request, pk)
    one = get_object_or_404(RespondentList, survey=survey, pk=list_pk)
    try:
        if request.POST.get("decision") == "accept":
            lists.accept_list(user=request.user, respondent_list=one)
        else:
            lists.return_list(user=request.user, respondent_list=one, reason=request.POST.get("reason", ""))
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The decision on the list of %(unit)s is stored.") % {"unit": one.participant.unit})
    return redirect("submissions:survey_desk", pk=survey.pk)


@login_required
@require_POST
def review_incident(request: HttpRequest, pk: int, incident: int) -> HttpResponse:
    """Dismiss a sign of interference, propose or confirm the cancellation."""
    survey = survey_of(request, pk)
    row = get_object_or_404(SurveyIncident, survey=survey, pk=incident)
    try:
        watch.review(
            user=request.user,
            incident=row,
            cancel=request.POST.get("decision") == "cancel",
            reason=request.POST.get("reason", ""),
        )
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The review is stored."))
    return redirect("submissions:survey_desk", pk=survey.pk)


_FORMATS: dict[str, tuple[Callable[[Survey], bytes], str]] = {
    "pdf": (lambda survey: to_pdf(report.report_document(survey)), "application/pdf"),
    "docx": (lambda survey: to_word(report.report_document(survey)), DOCX_TYPE),
    "csv": (report.report_csv, "text/csv; charset=utf-8"),
}


@login_required
@require_safe
def report_file(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """Hand out the report of a closed survey: aggregates only."""
    survey = survey_of(request, pk)
    if kind not in _FORMATS:
        raise Http404
    write, content_type = _FORMATS[kind]
    response = HttpResponse(write(survey), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="khao-sat-{survey.round.code}.{kind}"'
    return response
