"""The appraiser's desk: rounds, the queue, one leaf, many leaves with one act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cms.exceptions import PermissionRefused, PortalError
from cms.numbers import exact, parse_id
from criteria_pages.domain.queries import guidance_for
from submissions.appraisal_forms import AppraisalForm
from submissions.desk_forms import AskForm
from submissions.domain.agenda import NOT_SENT
from submissions.domain.appraisal import BatchItem, accept_many, record_appraisal
from submissions.domain.appraisal_drafts import draft_of, drafted_leaves
from submissions.domain.appraisal_gate import GateFacts, appraisal_refusal, current_phase_deadline
from submissions.domain.appraisal_pages import QueuePages, total_of, units_of, work_by_unit
from submissions.domain.appraisal_queue import (
    QueueFilters,
    count_disputed,
    count_without_evidence,
    is_in_territory,
    queue,
    rounds_for,
    workload,
)
from submissions.domain.earlier_results import earlier_results
from submissions.domain.explanations import requests_of
from submissions.domain.leaf_story import LeafStory, leaf_story
from submissions.domain.second_reading_state import is_unsettled
from submissions.domain.second_readings import readings_waiting
from submissions.enums import Phase
from submissions.exceptions import StaleWrite
from submissions.models import AssessmentRound, Participant, ScoreEntry, Submission
from submissions.views.page_note_lists import chosen_notes, note_context, notes_of_draft
from submissions.views.queue_address import FILTER_NAMES, filter_query, filters_of

PER_PAGE = 50


@login_required
@require_safe
def rounds(request: HttpRequest) -> HttpResponse:
    """List the rounds in which an agency of the user appraises, with how much is left."""
    found = [
        {
            "round": round_,
            "workload": workload(user=request.user, round=round_),
            "due": current_phase_deadline(round_, Phase.APPRAISAL_1),
            "readings": readings_waiting(request.user, round_),
        }
        for round_ in rounds_for(request.user)
    ]
    return render(request, "submissions/appraisal/rounds.html", {"rounds": found})


@login_required
@require_safe
def queue_page(request: HttpRequest, code: str) -> HttpResponse:
    """List the leaves that the user's agencies appraise, by the filters in the address."""
    round_ = _round(request, code)
    facts = GateFacts(request.user, round_)
    assignments = facts.assignments
    works = work_by_unit(facts)
    rows = QueuePages(facts, filters_of(request.GET), works)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    leaves = {leaf.code: leaf for leaf in assignments.definition.leaves}
    mine = assignments.leaves_of(facts.agencies, person=request.user.pk)
    domains = {assignments.definition.path(leaf.code)[0].code for leaf in mine}
    drafted = drafted_leaves(request.user, round_)
    context = {
        "round": round_,
        "page_obj": page,
        "rows": [
            {"entry": row, "leaf": leaves[row.code], "draft": (row.participant_id, row.code) in drafted} for row in page
        ],
        "workload": total_of(works),
        "due": current_phase_deadline(round_, Phase.APPRAISAL_1),
        "domains": [d for d in assignments.definition.domains if d.code in domains],
        "leaves": mine,
        "units": units_of(works),
        "statuses": [
            ("cho", _("Waiting")),
            ("giu", _("Accepted")),
            ("khac", _("Decided otherwise")),
            ("lech", _("Second reader sees it otherwise")),
        ],
        "disputed": count_disputed(facts),
        "chosen": {
            "domain": request.GET.get("linh-vuc", ""),
            "leaf": request.GET.get("tieu-chi", ""),
            "unit": request.GET.get("don-vi", ""),
            "status": request.GET.get("trang-thai", ""),
            "text": request.GET.get("tim", ""),
            "without": request.GET.get("thieu", "") == "1",
        },
        "choice": choice_of(page),
        "readings": readings_waiting(request.user, round_),
        "hidden": [(name, request.GET[name]) for name in FILTER_NAMES if request.GET.get(name)],
        "query": filter_query(request.GET),
        "illustrative": round_.illustrative,
    }
    return render(request, "submissions/appraisal/queue.html", context)


def choice_of(rows: Iterable[Any]) -> dict[str, int]:
    """Return how many scores of a page of the queue can be accepted, and how many of those have no evidence."""
    waiting = [row for row in rows if row.decision_id is None]
    return {"waiting": len(waiting), "bare": sum(not row.has_evidence for row in waiting)}


@login_required
@require_POST
def accept(request: HttpRequest, code: str) -> HttpResponse:
    """Accept the units' scores of the chosen leaves with one act; each passes the gate by itself."""
    round_ = _round(request, code)
    items = _chosen(request, round_)
    if not items:
        messages.warning(request, _("No criterion was chosen."))
    else:
        result = accept_many(user=request.user, items=items)
        if result.accepted:
            _tell_accepted(request, result.accepted)
        for item, sentence in result.refused:
            messages.error(request, f"{item.participant.unit.name} – {item.code}: {sentence}")
    query = filter_query(request.POST)
    leaf = request.POST.get("tieu-chi", "")
    if request.POST.get("ve") == "tieu-chi" and GateFacts(request.user, round_).assignments.definition.has_leaf(leaf):
        return redirect("submissions:appraisal_by_leaf", round_.code, leaf)
    return redirect(f"{reverse('submissions:appraisal_queue', args=[round_.code])}{query}")


def _tell_accepted(request: HttpRequest, accepted: tuple[ScoreEntry, ...]) -> None:
    """Say how many scores were accepted, and how many of them have no evidence."""
    number = len(accepted)
    told = ngettext("%(number)d score was accepted.", "%(number)d scores were accepted.", number) % {"number": number}
    if bare := count_without_evidence(accepted):
        told += " " + (
            ngettext("%(number)d of them has no evidence.", "%(number)d of them have no evidence.", bare)
            % {"number": bare}
        )
    messages.success(request, told)


def _chosen(request: HttpRequest, round_: AssessmentRound) -> list[BatchItem]:
    """Read values of the form `participant:code:entry`; what cannot be read or is not of the round is left out."""
    read = [part for value in request.POST.getlist("muc")[:PER_PAGE] if len(part := value.split(":")) == 3]
    items = [(parse_id(pk), leaf, parse_id(entry)) for pk, leaf, entry in read]
    ids = [pk for pk, _leaf, _entry in items if pk is not None]
    participants = (
        Participant.objects.filter(round=round_, pk__in=ids).select_related("unit", "round__edition").in_bulk()
    )
    return [
        BatchItem(participants[pk], leaf, entry)
        for pk, leaf, entry in items
        if pk in participants and entry is not None
    ]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leaf_page(request: HttpRequest, code: str, participant: int, leaf: str) -> HttpResponse:
    """Show one leaf of one unit with everything to judge it by, and take the decision."""
    story, facts = story_for(request, code, participant, leaf)
    if request.method == "POST":
        return _decide(request, story, facts)
    return leaf_response(request, story, None, facts)


def story_for(request: HttpRequest, code: str, participant: int, leaf: str) -> tuple[LeafStory, GateFacts]:
    """Return what is known of a leaf that the user appraises. Raises Http404, `PermissionRefused`."""
    round_ = _round(request, code)
    who = (
        Participant.objects.filter(round=round_, pk=participant)
        .select_related("unit", "round__edition", "round__owner", "submission")
        .first()
    )
    if who is None:
        raise Http404
    try:
        story = leaf_story(who, leaf)
    except KeyError:
        raise Http404 from None
    facts = GateFacts(request.user, round_)
    _require_territory(facts, story)
    return story, facts


def _decide(request: HttpRequest, story: LeafStory, facts: GateFacts) -> HttpResponse:
    form = _form(story, request.POST)
    form.is_valid()
    # Asked before: by a filter of what waits the leaf leaves the queue with the decision.
    following = _next_address(request, story, facts)
    accepts, keeps = request.POST.get("viec") == "chap-nhan", request.POST.get("viec") == "giu-nguyen"
    try:
        entry = record_appraisal(
            user=request.user,
            participant=story.participant,
            code=story.leaf.code,
            accept=accepts,
            keep=keeps,
            expected_entry_id=form.cleaned_data.get("expected_entry_id"),
            points=None if accepts or keeps else form.cleaned_data.get("points"),
            inputs=None if accepts or keeps else form.changed_inputs(),
            reason=form.cleaned_data.get("reason", ""),
            public_note=form.cleaned_data.get("public_note", ""),
            notes=chosen_notes(request),
        )
    except PermissionRefused:
        raise
    except StaleWrite as stale:
        fresh = leaf_story(story.participant, story.leaf.code)
        again = _form(fresh, _with_newest(request.POST, fresh))
        again.is_valid()
        return leaf_response(request, fresh, again, facts, status=409, stale=stale)
    except PortalError as error:
        form.refuse(error)
    else:
        messages.success(request, _told(entry, story))
        return redirect(following)
    return leaf_response(request, story, form, facts, status=422)


def _told(entry: ScoreEntry, story: LeafStory) -> str:
    """Say what was decided with the points as they were read, so that a slip of the hand is seen at once."""
    words = {"code": story.leaf.code, "unit": story.participant.unit, "points": exact(entry.points)}
    if entry.points is None:
        return _("%(code)s of %(unit)s is decided: it does not apply.") % words
    return _("%(code)s of %(unit)s is decided: %(points)s points.") % words


def _with_newest(posted: QueryDict, story: LeafStory) -> QueryDict:
    data = posted.copy()
    data["expected_entry_id"] = str(story.current.entry.pk) if story.current else ""
    return data


def _form(story: LeafStory, data: QueryDict | None = None) -> AppraisalForm:
    source = story.decision or story.claim
    current = story.current
    return AppraisalForm(
        data,
        leaf=story.leaf,
        inputs=source.entry.inputs if source else {},
        initial={"expected_entry_id": current.entry.pk if current else None},
    )


def leaf_response(
    request: HttpRequest,
    story: LeafStory,
    form: AppraisalForm | None,
    facts: GateFacts,
    *,
    status: int = 200,
    stale: StaleWrite | None = None,
    ask_form: AskForm | None = None,
) -> HttpResponse:
    """Return the page of a leaf, with the decision or the question that was refused where there is one."""
    submission = _submission_of(story.participant)
    refusal = None
    if submission is not None:
        refusal = appraisal_refusal(user=request.user, submission=submission, code=story.leaf.code, facts=facts)
    before, after, place = _neighbours(request, story, facts)
    draft = draft_of(request.user, story.participant, story.leaf.code)
    chosen_for_reason = notes_of_draft(draft) if form is None else chosen_notes(request)
    if form is None:
        form = _form(story)
        form.fill(draft.values if draft else {})
    context = {
        "round": story.participant.round,
        "story": story,
        "form": form,
        "draft": draft,
        "decided_by_me": story.current is not None and story.current.entry.actor_id == request.user.pk,
        "refusal": refusal,
        "stale": stale,
        "difference": next((told for told in story.readings if is_unsettled(told.reading)), None),
        "previous": before,
        "next": after,
        "place": place,
        "requests": requests_of(story.participant, story.leaf.code),
        "ask_form": ask_form or AskForm(),
        # A refused question is shown again with what was typed, also where nothing can be asked any more.
        "may_ask": refusal is None or ask_form is not None,
        "guidance": guidance_for(
            story.participant.round.edition, (story.leaf.code, story.criterion.code, story.domain.code)
        ),
        "query": filter_query(request.GET),
        "others": _others(request, story, facts),
        "earlier": earlier_results(story.participant.round, story.leaf.code, [story.participant.unit_id]).get(
            story.participant.unit_id
        ),
        "illustrative": story.participant.round.illustrative,
        **note_context(story.participant, story.leaf.code, facts),
        "chosen_for_reason": chosen_for_reason,
        "chosen_for_request": chosen_notes(request) if ask_form else [],
    }
    return render(request, "submissions/appraisal/leaf.html", context, status=status)


def _neighbours(request: HttpRequest, story: LeafStory, facts: GateFacts) -> tuple[str, str, tuple[int, int]]:
    """Return the addresses before and after in the queue as filtered, and the place in it (from 1, of how many)."""
    filters = filters_of(request.GET)
    if not filter_query(request.GET):
        filters = QueueFilters(unit=story.participant.unit_id)
    pages = QueuePages(facts, filters)
    before, after, place = pages.around((story.participant.pk, story.leaf.code))
    addresses = [_address(request, story, key) if key else "" for key in (before, after)]
    return addresses[0], addresses[1], (place, len(pages))


def _next_address(request: HttpRequest, story: LeafStory, facts: GateFacts) -> str:
    if "o-lai" not in request.POST and (after := _neighbours(request, story, facts)[1]):
        return after
    return f"{reverse('submissions:appraisal_queue', args=[story.participant.round.code])}{filter_query(request.GET)}"


def _address(request: HttpRequest, story: LeafStory, key: tuple[int, str]) -> str:
    address = reverse("submissions:appraisal_leaf", args=[story.participant.round.code, *key])
    return f"{address}{filter_query(request.GET)}"


def _others(request: HttpRequest, story: LeafStory, facts: GateFacts) -> list[dict[str, Any]]:
    """The same leaf at other units that the user appraises, to judge alike."""
    rows = queue(
        user=request.user, round=story.participant.round, filters=QueueFilters(code=story.leaf.code), facts=facts
    )
    return [
        {"entry": row, "address": _address(request, story, (row.participant_id, row.code))}
        for row in rows.exclude(participant=story.participant)[:30]
    ]


# --- what a person may look at ----------------------------------------------------------------------------------------
def _round(request: HttpRequest, code: str) -> AssessmentRound:
    found = rounds_for(request.user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _require_territory(facts: GateFacts, story: LeafStory) -> None:
    """Refuse a leaf of another agency, of the own unit or of a form that was not sent, also for reading."""
    who, leaf = story.participant, story.leaf.code
    submission = _submission_of(who)
    # A form that was opened again is the unit's draft until it is sent once more.
    is_open_again = submission is not None and submission.state in NOT_SENT
    if story.entries and not is_open_again and is_in_territory(facts, who, leaf):
        return
    refusal = appraisal_refusal(user=facts.user, submission=submission, code=leaf, facts=facts) if submission else None
    raise PermissionRefused(
        refusal.message if refusal else _("%(unit)s has sent no self-assessment.") % {"unit": who.unit.name}
    )


def _submission_of(who: Participant) -> Submission | None:
    """Return the form of a participant that was read with it."""
    return getattr(who, "submission", None)
