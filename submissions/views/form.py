"""The form: one domain per screen, saved leaf by leaf; autosave answers in JSON. All writes go through the domain."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wagtail.models import ModelLogEntry

from cms import clock
from cms.exceptions import PermissionRefused, PortalError
from cms.models import User
from cms.numbers import format_points
from criteria_pages.definition import Definition, Domain
from criteria_pages.domain.queries import guidance_for
from criteria_pages.exceptions import InputError
from criteria_pages.rules.inputs import InputErrors
from submissions.domain.answers import write_answer
from submissions.domain.definitions import definition_for
from submissions.domain.earlier import copy_earlier_answer, earlier_answer
from submissions.domain.evidence_warnings import warnings_for
from submissions.domain.notes import notes_by_code
from submissions.domain.presence import at_work, beat
from submissions.domain.progress import Progress, lack_kinds, submission_progress
from submissions.enums import SubmissionState
from submissions.exceptions import StaleWrite, SubmissionError
from submissions.forms import LeafForm, build_form
from submissions.models import Answer, Submission
from submissions.views.cards import (
    LeafCard,
    anchor,
    answers_of,
    leaf_card,
    leaf_url,
    sentence_of,
    shown_inputs,
)
from submissions.views.pages import FormPlace, form_screen, json_screen, place_of

MAX_OWN_WRITES = 20


@form_screen
@require_safe
def domain_page(request: HttpRequest, place: FormPlace, domain: str) -> HttpResponse:
    """Show one domain of the form; `?tieu-chi=1.2.3` fills the side with the guidance and history of that leaf."""
    return _domain_screen(request, place, _domain(place, domain))


@form_screen
@require_http_methods(["GET", "HEAD", "POST"])
def save_answer(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Save one leaf by a normal post. What was refused comes back as it was typed, with the reason at its input.

    Who saved after the session had ended comes back here from the sign-in by a GET, and goes on to the leaf, where the
    page restores what was typed.
    """
    if not place.definition.has_leaf(code):
        raise Http404
    if request.method != "POST":
        return HttpResponseRedirect(leaf_url(place.submission, place.definition, code))
    domain, _criterion, leaf = place.definition.path(code)
    form = build_form(leaf, data=request.POST)
    card = _card(place, code, form=form)
    try:
        answer = _write(place.user, place.submission, form, code)
    except StaleWrite as refusal:
        card.stale = _stale_view(place, code, refusal)
        card.problem = refusal.message
        card.form = build_form(leaf, data=_with_version(request, form, refusal))
    except (InputError, InputErrors) as refusal:
        form.refuse(_errors(refusal))
    except PermissionRefused:
        raise
    except SubmissionError as refusal:
        card.problem = refusal.message
        card.form = form
    else:
        messages.success(request, _("Criterion %(code)s was saved.") % {"code": answer.code})
        follow = request.POST.get("next")
        if follow == "next":
            return HttpResponseRedirect(
                _next_missing(place, submission_progress(place.submission), after=code) or card.url
            )
        return HttpResponseRedirect(card.url)
    return _domain_screen(request, place, domain, replaced=card, status=409 if card.stale else 422)


@form_screen
@require_POST
def copy_earlier(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Copy the unit's answer of the earlier round into an unanswered leaf; through the same gate as typing it."""
    if not place.definition.has_leaf(code):
        raise Http404
    domain = place.definition.path(code)[0]
    target = f"{reverse('submissions:domain', args=[place.submission.pk, domain.code])}#{anchor(code)}"
    try:
        copy_earlier_answer(user=place.user, submission=place.submission, code=code)
    except PermissionRefused:
        raise
    except PortalError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The earlier answer was copied. Check every figure."))
    return HttpResponseRedirect(target)


@json_screen
@require_POST
def autosave(request: HttpRequest, submission: Submission, code: str) -> HttpResponse:
    """Save one leaf in the background. Repeating a request does no harm; the same gate as for the form.

    The most frequent write of all: it reads what the gate and the answer need, and nothing that only screens show.
    """
    definition = definition_for(submission.participant)
    if not definition.has_leaf(code):
        raise Http404
    form = build_form(definition.leaf(code), data=request.POST)
    try:
        answer = _write(request.user, submission, form, code)
    except StaleWrite as refusal:
        place = place_of(request.user, submission.pk)
        card = _card(place, code)
        card.stale = _stale_view(place, code, refusal)
        html = render_to_string("submissions/workspace/stale.html", {"card": card, "stale": card.stale}, request)
        return JsonResponse(
            {"state": "stale", "message": refusal.message, "current": dict(refusal.current), "html": html}, status=409
        )
    except (InputError, InputErrors) as refusal:
        return JsonResponse(
            {"state": "invalid", "message": str(refusal.message), "errors": _errors(refusal)}, status=422
        )
    beat(user=request.user, submission=submission, domain=definition.path(code)[0].code)
    return JsonResponse(_saved(submission, definition, answer))


@form_screen
@require_safe
def leaf_side(request: HttpRequest, place: FormPlace, code: str) -> HttpResponse:
    """Return the side of one leaf (guidance, legal basis, history) as a fragment."""
    if not place.definition.has_leaf(code):
        raise Http404
    return render(request, "submissions/workspace/leaf_side.html", place.context(side=_side(place, code)))


def _write(user: User, submission: Submission, form: LeafForm, code: str) -> Answer:
    return write_answer(
        user=user,
        submission=submission,
        code=code,
        expected_version=form.seen_version(),
        inputs=form.typed_inputs(),
        explanation=form.typed_explanation(),
        write_id=next(iter(uuids([form.data.get("write_id", "")])), None),
        own_writes=uuids(form.data.get("own_writes", "").split(",")[:MAX_OWN_WRITES]),
    )


def uuids(texts: list[str]) -> list[uuid.UUID]:
    """Return the numbers of writes among the texts; what is none is left out."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _saved(submission: Submission, definition: Definition, answer: Answer) -> dict[str, Any]:
    """What the page needs after a save: version, points with their sentence, what is missing, progress.

    `submission` is as it was read before the save, so that it tells whether a sign-off was voided by it.
    """
    progress = submission_progress(submission)
    domain, criterion, leaf = definition.path(answer.code)
    lack = lack_kinds(progress).get(answer.code)
    card = LeafCard(
        leaf=leaf,
        criterion=criterion,
        domain=domain,
        submission=submission,
        answer=answer,
        form=None,
        rule="",
        open=True,
        lack=lack,
    )
    return {
        "state": "saved",
        "version": answer.version,
        "points": _points_text(answer),
        "sentence": sentence_of(leaf, answer),
        "lack": lack or "",
        "lack_label": card.lack_label,
        "saved_at": timezone.localtime(clock.now()).strftime("%H:%M:%S"),
        "done": progress.done,
        "total": progress.total,
        "domains": {d.code: [d.done, d.total] for d in progress.domains},
        "finding": _finding(progress, domain),
        "was_signed": submission.state == SubmissionState.SIGNED,
    }


def _finding(progress: Progress, domain: Domain) -> str:
    """Say how far a domain is; empty where the unit fills nothing of it."""
    found = next((d for d in progress.domains if d.code == domain.code), None)
    if found is None:
        return ""
    words: dict[str, object] = {"done": found.done, "total": found.total}
    if not found.maximum:
        return _("%(done)s of %(total)s criteria are done.") % words
    words |= {"points": format_points(found.points), "maximum": format_points(found.maximum)}
    return (
        _("%(done)s of %(total)s criteria are done; self-score %(points)s out of %(maximum)s answered so far.") % words
    )


def _points_text(answer: Answer) -> str:
    if not answer.self_applicable:
        return _("does not apply")
    return format_points(answer.self_points)


def _errors(refusal: InputError | InputErrors) -> dict[str, str]:
    errors = refusal.errors if isinstance(refusal, InputErrors) else [refusal]
    return {error.field: error.beside for error in errors}


def _with_version(request: HttpRequest, form: LeafForm, refusal: StaleWrite) -> dict[str, str]:
    """The typed text again, now over the version that is stored: saving once more chooses it knowingly."""
    data = request.POST.dict()
    data[form.add_prefix("version")] = str(refusal.current.get("version", 0))
    return data


def _stale_view(place: FormPlace, code: str, refusal: StaleWrite) -> dict[str, Any]:
    leaf = place.definition.leaf(code)
    current = refusal.current
    return {
        "message": refusal.message,
        "inputs": shown_inputs(leaf, current["inputs"]),  # type: ignore[arg-type]
        "explanation": current["explanation"],
        "by": current["updated_by"],
        "at": current["updated_at"],
        "version": current["version"],
    }


def _domain(place: FormPlace, code: str) -> Domain:
    for domain in place.definition.domains:
        if domain.code == code:
            return domain
    raise Http404


def _card(place: FormPlace, code: str, form: LeafForm | None = None) -> LeafCard:
    return leaf_card(
        submission=place.submission,
        definition=place.definition,
        code=code,
        answer=answers_of(place.submission, [code]).get(code),
        progress=place.progress,
        is_open=place.is_writable and code in place.open_codes,
        form=form,
    )


def _domain_screen(
    request: HttpRequest, place: FormPlace, domain: Domain, *, replaced: LeafCard | None = None, status: int = 200
) -> HttpResponse:
    codes = [leaf.code for leaf in domain.leaves]
    answers = answers_of(place.submission, codes)
    cards = [
        replaced
        if replaced is not None and replaced.code == code
        else leaf_card(
            submission=place.submission,
            definition=place.definition,
            code=code,
            answer=answers.get(code),
            progress=place.progress,
            is_open=place.is_writable and code in place.open_codes,
        )
        for code in codes
    ]
    found = warnings_for(
        [use.evidence for card in cards for use in card.uses], round=place.submission.participant.round
    )
    for card in cards:
        card.warnings = [text for use in card.uses for text in found.get(use.evidence_id, [])]
    notes = notes_by_code(user=place.user, submission=place.submission, codes=codes)
    for card in cards:
        card.notes = notes[card.code]
    if place.is_member:
        beat(user=place.user, submission=place.submission, domain=domain.code)
    number = place.definition.domains.index(domain)
    wanted = request.GET.get("tieu-chi", "")
    side = _side(place, wanted if wanted in codes else (replaced.code if replaced else codes[0]))
    return render(
        request,
        "submissions/workspace/domain.html",
        place.context(
            domain=domain,
            finding=_finding(place.progress, domain),
            groups=_grouped(cards),
            tree=_tree(place, domain, place.progress),
            previous=place.definition.domains[number - 1] if number else None,
            following=place.definition.domains[number + 1] if number + 1 < len(place.definition.domains) else None,
            next_missing=_next_missing(place, place.progress, after=codes[-1], stay_in=codes),
            side=side,
            replaced=replaced,
            colleagues=at_work([place.submission], besides=place.user)[place.submission.pk] if place.is_member else [],
        ),
        status=status,
    )


def _grouped(cards: list[LeafCard]) -> list[dict[str, Any]]:
    """Cards under their criteria; a criterion that is scored itself has no heading of its own."""
    groups: list[dict[str, Any]] = []
    for card in cards:
        if not groups or groups[-1]["criterion"].code != card.criterion.code:
            groups.append({"criterion": card.criterion, "cards": []})
        groups[-1]["cards"].append(card)
    return groups


def _tree(place: FormPlace, current: Domain, progress: Progress) -> list[dict[str, Any]]:
    """The domains with their rings, and the leaves of the current one with their marks."""
    by_code = {d.code: d for d in progress.domains}
    lacks = lack_kinds(progress)
    rows = []
    for domain in place.definition.domains:
        leaves = []
        if domain.code == current.code:
            for leaf in domain.leaves:
                mark = "" if leaf.scorer != "self" else ("missing" if leaf.code in lacks else "done")
                leaves.append({"code": leaf.code, "name": leaf.name, "mark": mark, "anchor": anchor(leaf.code)})
        rows.append(
            {
                "domain": domain,
                "progress": by_code.get(domain.code),
                "current": domain.code == current.code,
                "leaves": leaves,
                "url": reverse("submissions:domain", args=[place.submission.pk, domain.code]),
            }
        )
    return rows


def _next_missing(place: FormPlace, progress: Progress, *, after: str, stay_in: list[str] | None = None) -> str:
    """The address of the next missing leaf: in this screen first, then after it, then from the start."""
    missing = [code for code in progress.missing if code in place.open_codes]
    if not missing:
        return ""
    order = [leaf.code for leaf in place.definition.leaves]
    here = [code for code in missing if stay_in and code in stay_in]
    later = [code for code in missing if order.index(code) > order.index(after)]
    code = (here or later or missing)[0]
    domain = place.definition.path(code)[0]
    return f"{reverse('submissions:domain', args=[place.submission.pk, domain.code])}#{anchor(code)}"


def _side(place: FormPlace, code: str) -> dict[str, Any]:
    """Guidance, legal basis, evidence asked for and history of one leaf."""
    domain, criterion, leaf = place.definition.path(code)
    answer = Answer.objects.filter(submission=place.submission, code=code).first()
    history = []
    if answer is not None:
        entries = ModelLogEntry.objects.for_instance(answer).select_related("user").order_by("-timestamp", "-pk")[:10]
        history = [{"entry": entry, "after": entry.data.get("after") or {}} for entry in entries]
    guidance = guidance_for(place.submission.participant.round.edition, (leaf.code, criterion.code, domain.code))
    earlier = earlier_answer(place.submission, code)
    return {
        "leaf": leaf,
        "criterion": criterion,
        "domain": domain,
        "answer": answer,
        "history": history,
        "guidance": guidance,
        "earlier": earlier,
        "earlier_shown": shown_inputs(earlier.leaf, earlier.answer.inputs) if earlier else [],
    }
