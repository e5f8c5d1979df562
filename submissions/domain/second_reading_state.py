"""How second readings stand: who must not see a decision yet, what differs and is not settled, what still blocks.

Pure reads, and the one update that takes a settled difference out of the queue; below the gates, which ask here.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cms.compiled import Compiled
from cms.models import User
from submissions.council_enums import DiscrepancyKind, DiscrepancyState
from submissions.enums import ParticipantStatus, ReadingState, RoundState, Stage
from submissions.models import AssessmentRound, Discrepancy, ScoreEntry, SecondReading

#: A later entry of these stages settles a difference: the agency decided again, or the council.
SETTLING = (Stage.APPRAISAL_1, Stage.APPRAISAL_2, Stage.COUNCIL)


def readings(round: AssessmentRound) -> QuerySet[SecondReading]:
    """Return the round's second readings, each annotated with `is_redecided` (after it was read) and `is_settled`
    (that, or judged by the secretariat with a reason, or decided by the council)."""
    return with_outcome(SecondReading.objects.filter(sample__round=round))


def with_outcome(rows: QuerySet[SecondReading]) -> QuerySet[SecondReading]:
    """Return the readings, annotated as by `readings`."""
    return rows.annotate(
        is_redecided=Exists(_later()),
        is_settled=Exists(_later()) | Exists(_judged(DiscrepancyState.CLEARED, DiscrepancyState.DECIDED)),
    )


def _later() -> QuerySet[ScoreEntry]:
    """The decisions on a reading's leaf after it was read."""
    return ScoreEntry.objects.filter(
        participant=OuterRef("participant"), code=OuterRef("code"), stage__in=SETTLING, pk__gt=OuterRef("compared")
    )


def _judged(*states: str) -> QuerySet[Discrepancy]:
    """The difference of a reading in the queue, in one of the states."""
    return Discrepancy.objects.filter(
        participant=OuterRef("participant"),
        code=OuterRef("code"),
        kind=DiscrepancyKind.SECOND_READER,
        state__in=states,
    )


_for_gate: Compiled[SecondReading] = Compiled(
    lambda round_id, user_id: with_outcome(SecondReading.objects.filter(sample__round_id=round_id)).filter(
        Q(reader_id=user_id, state__in=(ReadingState.OPEN, ReadingState.READ))
        | Q(state=ReadingState.READ, differs=True, is_settled=False)
    ),
    int,
    int,
)


def readings_for_gate(user: User, round: AssessmentRound) -> list[SecondReading]:
    """Return what the appraisers' gate must know: the person's own readings, and differences that are not settled."""
    return _for_gate.all(round.pk, user.pk)


def is_blind(reading: SecondReading, user: User) -> bool:
    """Whether the person has to read it still, so that the decision is hidden."""
    return reading.reader_id == user.pk and reading.state == ReadingState.OPEN


def is_unsettled(reading: SecondReading) -> bool:
    """Whether it differs and nobody has settled that; of a row of `readings`."""
    return reading.state == ReadingState.READ and reading.differs and not getattr(reading, "is_settled", False)


def judgement_on(reading: SecondReading) -> Discrepancy | None:
    """Return the difference in the queue as the secretariat has cleared it with a reason, None where it has not."""
    return Discrepancy.objects.filter(
        participant=reading.participant_id,
        code=reading.code,
        kind=DiscrepancyKind.SECOND_READER,
        state=DiscrepancyState.CLEARED,
    ).first()


def blind_to(user: User) -> QuerySet[SecondReading]:
    """Return the readings of all rounds that the person has not given yet."""
    return SecondReading.objects.filter(reader=user, state=ReadingState.OPEN)


def unsettled(round: AssessmentRound) -> QuerySet[SecondReading]:
    """Return the readings of assessed units that differ and were not decided anew since."""
    return (
        SecondReading.objects.filter(sample__round=round, state=ReadingState.READ, differs=True)
        .exclude(participant__status=ParticipantStatus.NOT_ASSESSED)
        .filter(~Exists(_later()))
        .select_related("participant__unit")
    )


def unjudged(round: AssessmentRound, *, to: str = RoundState.COUNCIL) -> QuerySet[SecondReading]:
    """Return the unsettled readings that the secretariat has not judged either, before the round goes to `to`.

    A difference on an agenda may wait for the council, but not beyond it.
    """
    enough = [DiscrepancyState.CLEARED, DiscrepancyState.DECIDED]
    if to != RoundState.FINALISED:
        enough.append(DiscrepancyState.AGENDA)
    return unsettled(round).filter(~Exists(_judged(*enough)))


def close_difference(reading: SecondReading | None) -> None:
    """Take the difference that a new decision has settled out of the queue; what is on an agenda stays there."""
    if reading is not None:
        Discrepancy.objects.filter(
            participant=reading.participant_id,
            code=reading.code,
            kind=DiscrepancyKind.SECOND_READER,
            state=DiscrepancyState.OPEN,
        ).update(state=DiscrepancyState.GONE)


def close_differences(round: AssessmentRound) -> None:
    """Take every difference that a later decision has settled out of the round's queue."""
    later = ScoreEntry.objects.filter(
        participant=OuterRef("participant"), code=OuterRef("code"), stage__in=SETTLING, pk__gt=OuterRef("entry")
    )
    Discrepancy.objects.filter(
        Exists(later),
        participant__round=round,
        kind=DiscrepancyKind.SECOND_READER,
        state=DiscrepancyState.OPEN,
    ).update(state=DiscrepancyState.GONE)


def reading_blockers(round: AssessmentRound, *, to: str) -> Iterator[str]:
    """Yield sentences on what must be done about second readings before the round goes to `to`."""
    waiting = (
        SecondReading.objects.filter(sample__round=round, state=ReadingState.OPEN)
        .exclude(participant__status=ParticipantStatus.NOT_ASSESSED)
        .select_related("participant__unit", "reader")
    )
    number = waiting.count()
    if number:
        first = waiting[0]
        yield ngettext(
            "%(number)d second reading is not given yet: %(code)s of %(unit)s by %(reader)s.",
            "%(number)d second readings are not given yet, for instance %(code)s of %(unit)s by %(reader)s.",
            number,
        ) % {"number": number, "code": first.code, "unit": first.participant.unit.name, "reader": first.reader}
    left = list(unjudged(round, to=to))
    if left:
        yield (
            ngettext(
                "%(number)d difference between two readers is not settled: %(code)s of %(unit)s.",
                "%(number)d differences between two readers are not settled, for instance %(code)s of %(unit)s.",
                len(left),
            )
            % {"number": len(left), "code": left[0].code, "unit": left[0].participant.unit.name}
            + " "
            + _("The agency decides again with a reason, or the secretariat judges it under “Discrepancies”.")
        )
