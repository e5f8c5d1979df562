"""Signs of interference by declared rules, reviewed by two officers.

Source: 7156/BNV-CCHC of 06/12/2023, section 2d: any interference is forbidden; where it is found, the whole survey
result of the unit is cancelled.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict

from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.models import User
from submissions.domain.survey.setup import require_officer
from submissions.domain.survey.tallying import OpenedAnswer, Questionnaires
from submissions.exceptions import SubmissionError, WrongState
from submissions.models import Survey, SurveyIncident, SurveySignal
from submissions.survey_enums import IncidentState, SignalKind, SurveyState

_IDENTICAL_FROM = 10


class Alike:
    """Finds what many chose alike about a unit, without keeping the answers: in two looks at them.

    The first look keeps, by unit, as few candidates as can reach the declared share (Misra and Gries: of n answers, a
    candidate that more than n/(k+1) gave is among the k that are left); the second counts these exactly.
    """

    def __init__(self, survey: Survey) -> None:
        self._share = survey.identical_share
        self._room = 100 // max(self._share, 1)
        self._forms = Questionnaires()
        self._left: dict[int, Counter[bytes]] = defaultdict(Counter)
        self._exact: dict[int, Counter[bytes]] = defaultdict(Counter)
        self._total: Counter[int] = Counter()

    def look(self, item: OpenedAnswer) -> None:
        """Take an answer in the first look."""
        left, key = self._left[item.unit], self._key(item)
        if key in left or len(left) < self._room:
            left[key] += 1
            return
        left.subtract(list(left))
        self._left[item.unit] = +left

    def count(self, item: OpenedAnswer) -> None:
        """Count an answer in the second look."""
        self._total[item.unit] += 1
        key = self._key(item)
        if key in self._left[item.unit]:
            self._exact[item.unit][key] += 1

    def _key(self, item: OpenedAnswer) -> bytes:
        # Free texts are left out, or one word would hide that all the rest is the same.
        chosen = json.dumps([item.edition, self._forms.closed(item.edition, item.answers)], sort_keys=True)
        return hashlib.blake2b(chosen.encode(), digest_size=16).digest()

    def findings(self) -> dict[tuple[int, str], str]:
        """Return what the second look found: {(unit, kind): sentence}."""
        found: dict[tuple[int, str], str] = {}
        for unit_id, counter in self._exact.items():
            total, most = self._total[unit_id], max(counter.values())
            if total >= _IDENTICAL_FROM and most * 100 >= self._share * total:
                found[unit_id, SignalKind.IDENTICAL] = _(
                    "%(most)s of %(total)s answers are the same in every question."
                ) % {"most": most, "total": total}
        return found


@transaction.atomic
def scan(*, survey: Survey, alike: Alike | None = None) -> list[SurveyIncident]:
    """Flag units by the rules declared on the survey; a flag once raised keeps its review. Returns the new flags.

    `alike`: both looks at the answers, where they are in hand (`mixing`); without it only the counters are looked at.
    """
    findings = {**_counted(survey), **(alike.findings() if alike else {})}
    known = set(survey.incidents.values_list("unit_id", "kind"))
    fresh = {key: finding for key, finding in findings.items() if key not in known}
    # Two may look at once; the flag that is there first stays.
    SurveyIncident.objects.bulk_create(
        [SurveyIncident(survey=survey, unit_id=unit, kind=kind, finding=text) for (unit, kind), text in fresh.items()],
        ignore_conflicts=True,
    )
    return [incident for incident in survey.incidents.all() if (incident.unit_id, incident.kind) in fresh]


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
