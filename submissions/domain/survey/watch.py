"""Signs of interference by declared rules, reviewed by two officers.

Source: 7156/BNV-CCHC of 06/12/2023, section 2d: any interference is forbidden; where it is found, the whole survey
result of the unit is cancelled.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict

from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.models import User
from submissions.domain.survey.setup import require_officer
from submissions.domain.survey.tokens import unseal
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Survey, SurveyIncident, SurveySignal
from submissions.survey_enums import IncidentState, SignalKind, SurveyState

_IDENTICAL_FROM = 10


@transaction.atomic
def scan(*, survey: Survey) -> list[SurveyIncident]:
    """Flag units by the rules declared on the survey; a flag once raised keeps its review. Returns the new flags."""
    findings = {**_counted(survey), **_identical(survey)}
    known = set(survey.incidents.values_list("unit_id", "kind"))
    fresh = [
        SurveyIncident(survey=survey, unit_id=unit_id, kind=kind, finding=finding)
        for (unit_id, kind), finding in findings.items()
        if (unit_id, kind) not in known
    ]
    return SurveyIncident.objects.bulk_create(fresh)


def _counted(survey: Survey) -> dict[tuple[int, str], str]:
    findings: dict[tuple[int, str], str] = {}
    signals = SurveySignal.objects.filter(survey=survey)
    fast = signals.filter(kind=SignalKind.FAST).values_list("unit_id").annotate(total=Sum("count"))
    ranges = signals.filter(kind=SignalKind.RANGE).values_list("unit_id").annotate(most=Max("count"))
    inside = signals.filter(kind=SignalKind.INSIDE).values_list("unit_id").annotate(total=Sum("count"))
    for unit_id, total in fast:
        if total >= survey.minimum_group:
            findings[unit_id, SignalKind.FAST] = _("%(count)s answers were sent in under %(seconds)s seconds.") % {
                "count": total,
                "seconds": survey.fast_seconds,
            }
    for unit_id, most in ranges:
        if most >= survey.burst_size:
            findings[unit_id, SignalKind.RANGE] = _("%(count)s answers came from one address range within an hour.") % {
                "count": most
            }
    for unit_id, total in inside:
        if total >= survey.minimum_group:
            findings[unit_id, SignalKind.INSIDE] = _(
                "%(count)s answers came from inside the network of the rated unit."
            ) % {"count": total}
    return findings


def _identical(survey: Survey) -> dict[tuple[int, str], str]:
    """Compare answers, opening sealed ones in memory only."""
    forms: dict[int, Counter[str]] = defaultdict(Counter)
    for content in survey.sealed_answers.values_list("content", flat=True).iterator():
        item = unseal(content)
        forms[item["unit"]][json.dumps([item["edition"], item["answers"]], sort_keys=True)] += 1
    for unit_id, edition_id, answers in survey.responses.values_list("unit_id", "edition_id", "answers").iterator():
        forms[unit_id][json.dumps([edition_id, answers], sort_keys=True)] += 1
    findings: dict[tuple[int, str], str] = {}
    for unit_id, counter in forms.items():
        total, most = sum(counter.values()), max(counter.values())
        if total >= _IDENTICAL_FROM and most * 100 >= survey.identical_share * total:
            findings[unit_id, SignalKind.IDENTICAL] = _(
                "%(most)s of %(total)s answers are the same in every question."
            ) % {
                "most": most,
                "total": total,
            }
    return findings


@transaction.atomic
def review(*, user: User, incident: SurveyIncident, cancel: bool, reason: str) -> SurveyIncident:
    """Review a flag: the first officer proposes, another one confirms; either may dismiss with a reason.

    Raises SubmissionError without a reason or where the same officer would confirm, WrongState where it is decided or
    the results are in the index already.
    """
    locked = SurveyIncident.objects.select_for_update().select_related("survey__round__owner").get(pk=incident.pk)
    require_officer(user, locked.survey.round)
    if not reason.strip():
        raise SubmissionError(_("Give the reason."), code="reason_missing")
    if locked.state in {IncidentState.DISMISSED, IncidentState.CANCELLED}:
        raise WrongState(_("This incident is decided."))
    if locked.survey.state == SurveyState.RESULTS:
        raise WrongState(_("The results are in the index already. Correct the release instead."))
    before = locked.state
    if not cancel:
        locked.state, locked.decided_at = IncidentState.DISMISSED, clock.now()
        locked.first_officer = locked.first_officer or user
    elif before == IncidentState.FLAGGED:
        locked.state, locked.first_officer = IncidentState.PROPOSED, user
    else:
        if locked.first_officer_id == user.pk:
            raise SubmissionError(_("The second review is another officer's."), code="same_officer")
        locked.state, locked.second_officer, locked.decided_at = IncidentState.CANCELLED, user, clock.now()
    locked.reason = f"{locked.reason}\n{reason.strip()}".strip()
    locked.save()
    audit.record(
        "submissions.survey_incident",
        locked,
        user=user,
        before={"state": before},
        after={"state": locked.state, "reason": reason.strip()},
    )
    return locked


def cancelled_units(survey: Survey) -> dict[int, str]:
    """Return the units whose survey results are cancelled, with the reason."""
    return dict(survey.incidents.filter(state=IncidentState.CANCELLED).values_list("unit_id", "reason"))
