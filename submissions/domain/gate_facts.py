"""What the gate reads before it judges a write: the form, its writer, sending and extensions, the times of a phase."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet

from cms import clock
from cms.compiled import Compiled
from cms.enums import Role
from cms.models import Membership, User
from submissions.domain.definitions import definition_for
from submissions.enums import ExtensionScope, Phase, RoundState, WriteAction
from submissions.models import Extension, Participant, PhaseDeadline, Receipt, Submission

WRITERS: dict[str, tuple[str, ...]] = {
    WriteAction.ANSWER: (Role.CONTRIBUTOR, Role.LEADER),
    WriteAction.EVIDENCE: (Role.CONTRIBUTOR, Role.LEADER),
    WriteAction.REPORT: (Role.CONTRIBUTOR, Role.LEADER),
    WriteAction.SIGN_OFF: (Role.LEADER,),
    WriteAction.TAKE_BACK: (Role.LEADER,),
    WriteAction.SEND: (Role.CONTRIBUTOR, Role.LEADER),
    WriteAction.SCAN: (Role.CONTRIBUTOR, Role.LEADER),
    WriteAction.EXPLAIN: (Role.CONTRIBUTOR, Role.LEADER),
}


def phase_of(action: str) -> str:
    """Return the phase that an action belongs to."""
    return Phase.EXPLANATION if action == WriteAction.EXPLAIN else Phase.SELF_ASSESSMENT


def with_places(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """Select unit, round and edition with the form, without the JSON of the edition."""
    return rows.select_related("participant__unit", "participant__round__edition").defer(
        "participant__round__edition__definition_json", "participant__round__edition__lineage_json"
    )


@dataclass(frozen=True)
class Times:
    """What bears on the deadline of one participant in one phase, read once for any number of leaves."""

    participant: Participant
    phase: str
    receipt: Receipt | None
    base: PhaseDeadline | None
    extensions: tuple[Extension, ...]

    def after(self, receipt: Receipt | None) -> Times:
        """The same once the form was sent: only what reopens that sending counts."""
        if receipt is None:
            return self
        reopening = tuple(e for e in self.extensions if e.reopens_id == receipt.pk)
        return replace(self, receipt=receipt, extensions=reopening)

    def until(self, code: str | None) -> dt.datetime | None:
        """When the leaf (None: the whole form) locks; None where nothing is open or no deadline is set."""
        reaches = [e.until for e in self.extensions if _covers(e, participant=self.participant, code=code)]
        if self.base is not None and self._base_counts():
            reaches.append(self.base.closes_at)
        return max(reaches, default=None)

    def _base_counts(self) -> bool:
        """Once the form was sent, or others are appraised, only extensions count."""
        if self.phase == Phase.EXPLANATION:
            return True
        return self.receipt is None and self.participant.round.state != RoundState.APPRAISAL


def times_of(participant: Participant, phase: str, receipt: Receipt | None) -> Times:
    """Return what bears on the deadline of the participant, in two queries."""
    extensions = Extension.objects.filter(participant=participant, phase=phase)
    base = PhaseDeadline.objects.filter(round_id=participant.round_id, phase=phase).first()
    return Times(participant, phase, None, base, tuple(extensions)).after(receipt)


def last_receipt(submission: Submission) -> Receipt | None:
    """Return the newest receipt, None where the form was never sent."""
    return submission.receipts.order_by("-sent_at", "-pk").first()


@dataclass(frozen=True)
class Facts:
    """What the gate asks of the database beside the form itself."""

    is_writer: bool
    receipt: Receipt | None
    times: Times


def _form_with_facts(action: str) -> Compiled[Submission]:
    """Read the form with all that the gate asks beside it, in one query: writer, sending, extensions, deadline."""

    def build(pk: Any, user: Any, day: Any) -> QuerySet[Submission]:
        writers = Membership.objects.in_force(day).filter(user_id=user, role__in=WRITERS[action])
        extensions = Extension.objects.filter(phase=phase_of(action))
        of_phase = Q(participant__round__deadlines__phase=phase_of(action))
        return with_places(Submission.objects.filter(pk=pk)).annotate(
            base=FilteredRelation("participant__round__deadlines", condition=of_phase),
            gate_writer=Exists(writers.filter(unit_id=OuterRef("participant__unit_id"))),
            gate_sent=Exists(Receipt.objects.filter(submission_id=OuterRef("pk"))),
            gate_extended=Exists(extensions.filter(participant_id=OuterRef("participant_id"))),
            gate_deadline=F("base__pk"),
            gate_opens_at=F("base__opens_at"),
            gate_closes_at=F("base__closes_at"),
        )

    return Compiled(build, int, int, dt.date)


_forms = {action: _form_with_facts(action) for action in WRITERS}


def read_facts(*, user: User, pk: int, action: str) -> tuple[Submission, Facts]:
    """Return the form as it is now and the facts; receipts and extensions, which few have, by one more query each.

    Raises `Submission.DoesNotExist`.
    """
    writer = user.pk if user.is_authenticated and user.is_active else 0
    found: Any = _forms[action].first(pk, writer, clock.today())
    if found is None:
        raise Submission.DoesNotExist
    participant, phase = found.participant, phase_of(action)
    base = None
    if found.gate_deadline is not None:
        base = PhaseDeadline(
            pk=found.gate_deadline,
            round_id=participant.round_id,
            phase=phase,
            opens_at=found.gate_opens_at,
            closes_at=found.gate_closes_at,
        )
    extended = found.gate_extended
    extensions = tuple(Extension.objects.filter(participant=participant, phase=phase)) if extended else ()
    times = Times(participant, phase, None, base, extensions)
    receipt = last_receipt(found) if found.gate_sent and action != WriteAction.EXPLAIN else None
    return found, Facts(is_writer=found.gate_writer, receipt=receipt, times=times.after(receipt))


def _covers(extension: Extension, *, participant: Participant, code: str | None) -> bool:
    """Whether an extension reaches the leaf; what concerns the whole form (sign-off, sending) needs any extension."""
    if code is None or extension.scope == ExtensionScope.ALL:
        return True
    if extension.scope == ExtensionScope.LEAF:
        return extension.code == code
    definition = definition_for(participant)
    return definition.has_leaf(code) and definition.path(code)[0].code == extension.code
