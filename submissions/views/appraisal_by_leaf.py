"""One criterion over all units of an appraiser's part, side by side, to judge alike."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from criteria_pages.definition import Leaf
from criteria_pages.rules import get_rule
from submissions.domain.appraisal_gate import GateFacts
from submissions.domain.appraisal_queue import QueueFilters, difference, queue, rounds_for
from submissions.domain.earlier_results import earlier_results
from submissions.domain.leaf_story import inputs_in_words
from submissions.enums import RoundState
from submissions.models import Answer, AssessmentRound, EvidenceUse
from submissions.views.appraisal import choice_of

PER_PAGE = 25


@login_required
@require_safe
def by_leaf(request: HttpRequest, code: str, leaf: str) -> HttpResponse:
    """Show what all units say about one criterion, with evidence, last year's result and the decision."""
    round_ = rounds_for(request.user).filter(code=code).first()
    if round_ is None:
        raise Http404
    facts = GateFacts(request.user, round_)
    mine = facts.assignments.leaves_of(facts.agencies, person=request.user.pk)
    for leaves in facts.assignments.substituted_by(facts.agencies, person=request.user.pk).values():
        mine += [one for one in leaves if one not in mine]
    at = next((number for number, one in enumerate(mine) if one.code == leaf), None)
    if at is None:
        raise Http404
    rows = queue(user=request.user, round=round_, filters=QueueFilters(code=leaf), facts=facts)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("trang"))
    chosen = mine[at]
    context = {
        "round": round_,
        "leaf": chosen,
        "domain": facts.assignments.definition.path(chosen.code)[0],
        "rule_sentence": get_rule(chosen.rule, chosen.maximum).describe(),
        "page_obj": page,
        "lines": _lines(round_, chosen, list(page)),
        "waiting": rows.filter(decision_id__isnull=True).count(),
        "choice": choice_of(page),
        "previous": mine[at - 1] if at else None,
        "next": mine[at + 1] if at + 1 < len(mine) else None,
        "is_open": round_.state == RoundState.APPRAISAL,
        "illustrative": round_.illustrative,
    }
    return render(request, "submissions/appraisal/by_leaf.html", context)


def _lines(round_: AssessmentRound, leaf: Leaf, rows: list[Any]) -> list[dict[str, Any]]:
    people = [row.participant_id for row in rows]
    answers = {
        answer.submission.participant_id: answer
        for answer in Answer.objects.filter(submission__participant__in=people, code=leaf.code).select_related(
            "submission"
        )
    }
    evidence: dict[int, list[EvidenceUse]] = defaultdict(list)
    uses = EvidenceUse.objects.filter(answer__submission__participant__in=people, answer__code=leaf.code)
    for use in uses.select_related("evidence__file", "answer__submission").order_by("pk"):
        evidence[use.answer.submission.participant_id].append(use)
    earlier = earlier_results(round_, leaf.code, [row.participant.unit_id for row in rows])
    return [
        {
            "entry": row,
            "inputs": inputs_in_words(leaf, row.inputs),
            "explanation": answers[row.participant_id].explanation if row.participant_id in answers else "",
            "evidence": evidence[row.participant_id],
            "earlier": earlier.get(row.participant.unit_id),
            "difference": difference(row),
        }
        for row in rows
    ]
