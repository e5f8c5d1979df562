"""Finalising a round: everything has its score, or the gaps are listed and confirmed; then it freezes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit, clock
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from criteria_pages.enums import Scorer
from submissions.council_enums import ItemState, SessionState
from submissions.domain.appraisal_gate import when
from submissions.domain.appraisal_queue import CLAIMS
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import ledger_head
from submissions.domain.rounds import advance_round, open_phases
from submissions.domain.second_reading_state import reading_blockers
from submissions.enums import STAGE_ORDER, ParticipantStatus, RequestState, RoundState, Stage, SubmissionState
from submissions.exceptions import Unfinished
from submissions.models import (
    AgendaItem,
    AppraisalDraft,
    AssessmentRound,
    ExplanationRequest,
    Participant,
    RoundSeal,
    ScoreEntry,
    Submission,
)

NOT_SENT = "not_sent"
NOT_APPRAISED = "not_appraised"
NO_POINTS = "no_points"
SENT_STATES = (SubmissionState.SENT, SubmissionState.EXPLAINING, SubmissionState.APPRAISED, SubmissionState.FINALISED)


@dataclass(frozen=True, slots=True)
class Gap:
    """A leaf of a participant without a final score. `kind`: not_sent, not_appraised (self-score only), no_points."""

    participant: Participant
    code: str
    kind: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands against finalising. `blockers` must be mended; `gaps` may be confirmed by giving `digest` back."""

    gaps: tuple[Gap, ...]
    blockers: tuple[str, ...]

    @property
    def digest(self) -> str:
        """What a confirmation must name: exactly these gaps, and no others that came later."""
        text = "\n".join(f"{gap.participant.pk}:{gap.code}:{gap.kind}" for gap in self.gaps)
        return hashlib.sha256(text.encode()).hexdigest() if self.gaps else ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.gaps and not self.blockers


def readiness(round: AssessmentRound) -> Readiness:
    """Return what is missing for finalising the round, in two queries beside the definitions."""
    participants = list(
        round.participants.exclude(status=ParticipantStatus.NOT_ASSESSED)
        .select_related("unit", "submission", "round__edition")
        .order_by("unit__order", "unit__name")
    )
    stages = _newest_stages(round)
    gaps: list[Gap] = []
    for participant in participants:
        gaps += _gaps_of(participant, stages.get(participant.pk, {}))
    return Readiness(gaps=tuple(gaps), blockers=tuple(_blockers(round)))


def _newest_stages(round: AssessmentRound) -> dict[int, dict[str, tuple[str, bool]]]:
    """Return participant -> code -> (latest stage, whether an appraisal came after the unit's newest claim)."""
    found: dict[int, dict[str, tuple[str, bool]]] = {}
    rows = ScoreEntry.objects.filter(participant__round=round).order_by("pk")
    for pk, code, stage in rows.values_list("participant_id", "code", "stage").iterator(5000):
        leaves = found.setdefault(pk, {})
        known, _current = leaves.get(code, (stage, True))
        latest = stage if STAGE_ORDER[stage] >= STAGE_ORDER[known] else known
        leaves[code] = (latest, stage not in CLAIMS)
    return found


def _gaps_of(participant: Participant, stages: dict[str, tuple[str, bool]]) -> Iterable[Gap]:
    submission = getattr(participant, "submission", None)
    sent = submission is not None and submission.state in SENT_STATES
    for leaf in definition_for(participant).leaves:
        stage, is_current = stages.get(leaf.code, ("", False))
        if leaf.scorer != Scorer.SELF:
            if not stage:
                yield Gap(participant, leaf.code, NO_POINTS)
        elif not sent:
            yield Gap(participant, leaf.code, NOT_SENT)
        elif not stage:
            yield Gap(participant, leaf.code, NO_POINTS)
        elif STAGE_ORDER[stage] < STAGE_ORDER[Stage.APPRAISAL_1] or not is_current:
            yield Gap(participant, leaf.code, NOT_APPRAISED)


def _blockers(round: AssessmentRound) -> Iterable[str]:
    standing = ExplanationRequest.objects.filter(
        participant__round=round, state__in=(RequestState.OPEN, RequestState.ANSWERED)
    ).count()
    if standing:
        yield _("%(count)s requests for explanation are still open.") % {"count": standing}
    yield from reading_blockers(round, to=RoundState.FINALISED)
    for phase in open_phases(round):
        words = {"phase": phase.get_phase_display(), "time": when(phase.closes_at)}
        yield (
            _("“%(phase)s” has not ended: it locks at %(time)s.") % words
            + " "
            + _("Wait until then, or end it earlier on the page of deadlines.")
        )
    planned = round.council_sessions.filter(state__in=(SessionState.PLANNED, SessionState.SITTING)).count()
    if planned:
        yield _("%(count)s sessions of the council are neither closed nor cancelled.") % {"count": planned}
    postponed = _postponed(round)
    if postponed:
        yield _("The council put off %(count)s items and has not decided them since, for instance %(item)s.") % {
            "count": len(postponed),
            "item": f"{postponed[0].participant.unit.name} {postponed[0].code}".strip(),
        }
    open_children = round.children.exclude(state=RoundState.FINALISED).count()
    if open_children:
        yield _("%(count)s rounds below this one are not finalised yet.") % {"count": open_children}


def _postponed(round: AssessmentRound) -> list[AgendaItem]:
    """Return the postponed items whose matter no later item of an agenda has settled or taken off."""
    newest: dict[tuple[int, str, str], AgendaItem] = {}
    for item in AgendaItem.objects.filter(session__round=round).select_related("participant__unit").order_by("pk"):
        newest[item.participant_id, item.code, item.subject] = item
    return [item for item in newest.values() if item.state == ItemState.POSTPONED]


def finalise_round(*, round: AssessmentRound, user: User, confirmed: str = "") -> RoundSeal:
    """Freeze the round and return its seal: no score changes any more, a release may be built.

    `confirmed` is the digest of the gaps that the user has seen and accepts: a leaf that was not appraised keeps the
    unit's own score, a leaf without points stays missing. Raises `PermissionRefused`, `WrongState`, and `Unfinished`
    with the readiness where something is missing that was not confirmed.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    with transaction.atomic():
        advance_round(round=round, to=RoundState.FINALISED, user=user)
        state = readiness(round)
        if state.blockers or state.digest != confirmed:
            raise Unfinished(
                " ".join(state.blockers)
                or _("%(count)s scores are missing. See the list and confirm it, or have them completed.")
                % {"count": len(state.gaps)},
                readiness=state,
            )
        head = ledger_head(round)
        seal = RoundSeal.objects.create(
            round=round,
            last_entry_id=head.last_id or None,
            entries=head.entries,
            ledger_sha256=head.sha256,
            missing=[{"unit": gap.participant.unit.code, "code": gap.code, "kind": gap.kind} for gap in state.gaps],
            sealed_by=user,
            sealed_at=clock.now(),
        )
        Submission.objects.filter(participant__round=round, state__in=SENT_STATES).update(
            state=SubmissionState.FINALISED
        )
        # What was never decided is nobody's any more.
        AppraisalDraft.objects.filter(participant__round=round).delete()
        audit.record(
            "submissions.finalise",
            round,
            user=user,
            after={"ledger_sha256": head.sha256, "entries": head.entries, "missing": len(state.gaps)},
        )
    return seal
