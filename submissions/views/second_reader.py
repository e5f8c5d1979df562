"""What an appraiser reads as second reader: the list, and one leaf without the agency's decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cms.exceptions import PermissionRefused, PortalError
from cms.models import User
from cms.numbers import exact
from criteria_pages.domain.queries import guidance_for
from submissions.appraisal_forms import SecondReadingForm
from submissions.domain.appraisal_drafts import draft_of
from submissions.domain.appraisal_gate import GateFacts, current_phase_deadline
from submissions.domain.appraisal_queue import rounds_for
from submissions.domain.definitions import definition_of_round
from submissions.domain.earlier_results import earlier_results
from submissions.domain.explanations import requests_of
from submissions.domain.leaf_story import LeafStory, blind, leaf_story
from submissions.domain.second_reader import reading_refusal, record_reading
from submissions.domain.second_reading_state import is_unsettled, readings
from submissions.domain.second_readings import readings_of, readings_waiting
from submissions.enums import Phase, ReadingState
from submissions.exceptions import StaleWrite
from submissions.models import AssessmentRound, SecondReading, Submission


@login_required
@require_safe
def own_readings(request: HttpRequest, code: str) -> HttpResponse:
    """List what the person reads as second reader; what is given is compared with the agency's decision."""
    round_ = _round(request.user, code)
    leaves = {leaf.code: leaf for leaf in definition_of_round(round_).leaves}
    context = {
        "round": round_,
        "rows": [(row, leaves.get(row.code), is_unsettled(row)) for row in readings_of(request.user, round_)],
        "work": readings_waiting(request.user, round_),
        "due": current_phase_deadline(round_, Phase.APPRAISAL_2),
        "illustrative": round_.illustrative,
    }
    return render(request, "submissions/appraisal/second_readings.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reading_page(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Show what the unit says about one leaf and take the second reader's score; after that show both."""
    round_ = _round(request.user, code)
    reading = (
        readings(round_)
        .exclude(state=ReadingState.WITHDRAWN)
        .filter(reader=request.user, pk=pk)
        .select_related("participant__unit", "participant__round__edition", "participant__round__owner", "agency")
        .first()
    )
    if reading is None:
        raise Http404
    facts = GateFacts(request.user, round_)
    if facts.conflicts.sentence(reading.participant.unit) or reading.agency_id not in facts.agencies:
        raise PermissionRefused(
            facts.conflicts.sentence(reading.participant.unit)
            or _("You no longer appraise for %(agency)s.") % {"agency": reading.agency.name}
        )
    story = _story(reading)
    if request.method == "POST":
        return _give(request, reading, story, facts)
    draft = draft_of(request.user, reading.participant, reading.code)
    form = _form(story)
    form.fill(draft.values if draft else {})
    return _response(request, reading, story, form, facts)


def _round(user: User, code: str) -> AssessmentRound:
    found = rounds_for(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found


def _story(reading: SecondReading) -> LeafStory:
    try:
        story = leaf_story(reading.participant, reading.code)
    except KeyError:
        raise Http404 from None
    return blind(story) if reading.state == ReadingState.OPEN else story


def _form(story: LeafStory, data: QueryDict | None = None) -> SecondReadingForm:
    claim = story.claim
    return SecondReadingForm(
        data,
        leaf=story.leaf,
        inputs=claim.entry.inputs if claim else {},
        initial={"expected_entry_id": claim.entry.pk if claim else None},
    )


def _give(request: HttpRequest, reading: SecondReading, story: LeafStory, facts: GateFacts) -> HttpResponse:
    form = _form(story, request.POST)
    form.is_valid()
    accepts = request.POST.get("viec") == "chap-nhan"
    try:
        given = record_reading(
            user=request.user,
            reading=reading,
            accept=accepts,
            expected_claim_id=form.cleaned_data.get("expected_entry_id"),
            points=None if accepts else form.cleaned_data.get("points"),
            inputs=None if accepts else form.changed_inputs(),
            reason=form.cleaned_data.get("reason", ""),
        )
    except PermissionRefused:
        raise
    except StaleWrite as stale:
        fresh = _story(reading)
        data = request.POST.copy()
        data["expected_entry_id"] = str(fresh.claim.entry.pk) if fresh.claim else ""
        again = _form(fresh, data)
        again.is_valid()
        return _response(request, reading, fresh, again, facts, status=409, stale=stale)
    except PortalError as error:
        form.refuse(error)
        return _response(request, reading, story, form, facts, status=422)
    _tell(request, given)
    following = readings_of(request.user, reading.sample.round).filter(state=ReadingState.OPEN).first()
    if following is None:
        return redirect("submissions:second_readings", reading.sample.round.code)
    return redirect("submissions:second_reading", reading.sample.round.code, following.pk)


def _tell(request: HttpRequest, given: SecondReading) -> None:
    points = _("does not apply") if given.points is None else exact(given.points)
    words = {"code": given.code, "unit": given.participant.unit, "points": points}
    if given.differs:
        messages.warning(
            request,
            _("%(code)s of %(unit)s: your reading (%(points)s) differs from the decision; somebody else settles it.")
            % words,
        )
    else:
        messages.success(
            request, _("%(code)s of %(unit)s: your reading (%(points)s) agrees with the decision.") % words
        )


def _response(
    request: HttpRequest,
    reading: SecondReading,
    story: LeafStory,
    form: SecondReadingForm,
    facts: GateFacts,
    *,
    status: int = 200,
    stale: StaleWrite | None = None,
) -> HttpResponse:
    round_ = story.participant.round
    submission = Submission.objects.select_related("participant__unit").get(participant=story.participant)
    submission.participant.round = round_
    refusal = reading_refusal(facts=facts, submission=submission, reading=reading)
    context: dict[str, Any] = {
        "round": round_,
        "reading": reading,
        "is_open": reading.state == ReadingState.OPEN,
        "unsettled": is_unsettled(reading),
        "story": story,
        "form": form,
        "refusal": refusal,
        "stale": stale,
        "draft": draft_of(request.user, reading.participant, reading.code),
        "work": readings_waiting(request.user, round_),
        "explained": [asked for asked in requests_of(story.participant, reading.code) if asked.answer],
        "guidance": guidance_for(round_.edition, (story.leaf.code, story.criterion.code, story.domain.code)),
        "earlier": earlier_results(round_, reading.code, [story.participant.unit_id]).get(story.participant.unit_id),
        "illustrative": round_.illustrative,
    }
    return render(request, "submissions/appraisal/second_reading.html", context, status=status)
