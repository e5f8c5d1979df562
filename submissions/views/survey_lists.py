"""A unit's list of respondents: rows, template, sending, and afterwards only counts."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cms import audit, clock
from cms.enums import Role
from cms.exceptions import PortalError
from cms.numbers import parse_id
from cms.permissions import may_read_all, units_where
from submissions.domain.survey import invitations, lists
from submissions.domain.survey.workbook import read_workbook, write_template
from submissions.models import RespondentList
from submissions.survey_enums import ListState, SurveyState
from submissions.survey_forms import ContactForm, PersonForm, WorkbookForm

PER_PAGE = 100
SHOWN_PROBLEMS = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def lists_of(user: Any) -> Any:
    """Return the lists that the user's units enter, and those that the user reviews as survey officer."""
    rows = RespondentList.objects.select_related("participant__unit", "survey__round__owner").order_by(
        "-survey_id", "pk"
    )
    if may_read_all(user):
        return rows
    enters = Q(participant__unit__in=units_where(user, Role.CONTRIBUTOR, Role.LEADER))
    return rows.filter(enters | Q(survey__round__owner__in=units_where(user, Role.SURVEY_OFFICER)))


def _list_for(request: HttpRequest, pk: int) -> RespondentList:
    found: RespondentList | None = lists_of(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def my_lists(request: HttpRequest) -> HttpResponse:
    """List the surveys that the user's units enter people for."""
    return render(request, "submissions/survey/my_lists.html", {"lists": lists_of(request.user)})


@login_required
@require_safe
def list_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a list with its problems, or, once invitations are out, how many have answered."""
    return _page(request, _list_for(request, pk))


def _page(request: HttpRequest, one: RespondentList, *, status: int = 200, **context: Any) -> HttpResponse:
    survey = one.survey
    rows = lists.rows_of(one)
    problems = lists.check_rows(one, rows)
    by_row: dict[int, list[lists.RowProblem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    people = [{"number": number, "row": row, "problems": by_row.get(number, [])} for number, row in enumerate(rows, 1)]
    groups = list(survey.groups.listed())
    names = {group.code: group.name for group in groups}
    for person in people:
        person["group"] = names.get(person["row"].group, person["row"].group)  # type: ignore[attr-defined]
    editable = (
        survey.state == SurveyState.LISTS
        and one.state in {ListState.DRAFT, ListState.RETURNED}
        and clock.now() <= survey.lists_due
        and units_where(request.user, Role.CONTRIBUTOR, Role.LEADER).filter(pk=one.participant.unit_id).exists()
    )
    answered = survey.state not in {SurveyState.DRAFT, SurveyState.LISTS}
    progress = invitations.progress(survey, participant=one.participant_id) if answered else []
    return render(
        request,
        "submissions/survey/list_page.html",
        {
            "list": one,
            "survey": survey,
            "groups": groups,
            "page_obj": Paginator(people, PER_PAGE).get_page(request.GET.get("trang")),
            "problem_count": len(problems),
            "whole_problems": by_row.get(0, []),
            "editable": editable,
            "progress": progress,
            "person_form": PersonForm(groups=groups, initial=_as_before(rows)),
            "late": survey.state == SurveyState.LISTS and clock.now() > survey.lists_due,
            "workbook_form": WorkbookForm(),
            "contact_form": ContactForm(
                initial={name: getattr(one, name) for name in ContactForm.base_fields}, auto_id="contact_%s"
            ),
            **context,
        },
        status=status,
    )


def _as_before(rows: list[lists.ListedPerson]) -> dict[str, str]:
    """Return what the next person most often shares with the one before."""
    return {"organisation": rows[-1].organisation, "group": rows[-1].group} if rows else {}


def _change(request: HttpRequest, one: RespondentList, act: Callable[[], Any], done: str) -> HttpResponse:
    try:
        act()
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, done)
    return redirect("submissions:survey_list", pk=one.pk)


@login_required
@require_POST
def add_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Add one person; what was typed comes back with the problem at its field."""
    one = _list_for(request, pk)
    form = PersonForm(request.POST, groups=one.survey.groups.listed())
    if not form.is_valid():
        return _page(request, one, status=422, person_form=form)
    row = lists.ListedPerson(**form.cleaned_data)
    try:
        lists.replace_rows(
            user=request.user, respondent_list=one, expected_version=one.version, rows=[*lists.rows_of(one), row]
        )
    except PortalError as refusal:
        form.add_error(None, refusal.message)
        return _page(request, one, status=409, person_form=form)
    messages.success(request, _("%(name)s is on the list.") % {"name": row.name})
    return redirect("submissions:survey_list", pk=one.pk)


@login_required
@require_POST
def remove_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the person with the posted number off the list."""
    one = _list_for(request, pk)
    rows = lists.rows_of(one)
    number = parse_id(request.POST.get("number"))
    if number is None or not 1 <= number <= len(rows):
        raise Http404
    gone = rows.pop(number - 1)
    version = parse_id(request.POST.get("version"))
    return _change(
        request,
        one,
        lambda: lists.replace_rows(
            user=request.user,
            respondent_list=one,
            expected_version=-1 if version is None else version,
            rows=rows,
        ),
        _("%(name)s was taken off the list.") % {"name": gone.name},
    )


@login_required
@require_safe
def template(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out the template with what was entered so far."""
    one = _list_for(request, pk)
    target = io.BytesIO()
    write_template(target, respondent_list=one)
    response = HttpResponse(target.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="danh-sach-{one.participant.unit.code}.xlsx"'
    return response


@login_required
@require_POST
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an uploaded workbook in place of the list, all or nothing; problems are shown by row, nothing is lost."""
    one = _list_for(request, pk)
    form = WorkbookForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, one, status=422, workbook_form=form)
    problems: list[lists.RowProblem] = []
    try:
        rows = read_workbook(form.cleaned_data["file"], respondent_list=one)
        problems = lists.check_rows(one, rows)
        lists.replace_rows(user=request.user, respondent_list=one, expected_version=one.version, rows=rows)
    except PortalError as refusal:
        words = refusal.message
        if refusal.code == "bad_rows":
            words = _("The list is as it was before. Mend what is named below in the file and upload it again.")
        form.add_error("file", words)
        shown, more = problems[:SHOWN_PROBLEMS], max(0, len(problems) - SHOWN_PROBLEMS)
        return _page(request, one, status=409, workbook_form=form, upload_problems=shown, more_problems=more)
    messages.success(request, _("The list now has %(count)s people from the file.") % {"count": len(rows)})
    return redirect("submissions:survey_list", pk=one.pk)


@login_required
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """ "Gửi danh sách"."""
    one = _list_for(request, pk)
    return _change(
        request, one, lambda: lists.send_list(user=request.user, respondent_list=one), _("The list was sent.")
    )


@login_required
@require_POST
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the unit's IT contact person."""
    one = _list_for(request, pk)
    if not units_where(request.user, Role.CONTRIBUTOR, Role.LEADER).filter(pk=one.participant.unit_id).exists():
        raise Http404
    form = ContactForm(request.POST, auto_id="contact_%s")
    if not form.is_valid():
        return _page(request, one, status=422, contact_form=form)
    with transaction.atomic():
        RespondentList.objects.filter(pk=one.pk).update(**form.cleaned_data)
        audit.record("submissions.survey_contact", one, user=request.user)
    messages.success(request, _("The contact person was recorded."))
    return redirect("submissions:survey_list", pk=one.pk)
