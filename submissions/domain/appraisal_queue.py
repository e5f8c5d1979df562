"""What waits for an appraiser: the leaves of sent submissions of the user's agencies, filtered and counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from cms.models import Unit, User
from cms.text import fold
from criteria_pages.definition import Definition, Leaf
from submissions.domain.appraisal_gate import APPRAISABLE, GateFacts
from submissions.domain.assignment import AssignmentMap, agencies_of
from submissions.domain.second_reading_state import blind_to, is_unsettled, unjudged
from submissions.enums import Basis, ParticipantStatus, RoundState, Stage
from submissions.models import AssessmentRound, EvidenceUse, Participant, ScoreEntry, SecondReading

WAITING, ACCEPTED, CHANGED, DISPUTED = "waiting", "accepted", "changed", "disputed"
DECISIONS = (Stage.APPRAISAL_1, Stage.APPRAISAL_2)
CLAIMS = (Stage.SELF, Stage.EXPLANATION)
#: The order of units in the queue; that of the leaves within a unit is the criteria set's.
IN_ORDER = ("participant__unit__order", "participant__unit__name", "participant_id")


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What the address of the queue may ask: a domain, a leaf, a unit, a status, leaves without evidence, a word."""

    domain: str = ""
    code: str = ""
    unit: int | None = None
    status: str = ""
    without_evidence: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """How much of a round is decided: for one agency, one domain, one unit or the whole."""

    done: int
    total: int

    @property
    def waiting(self) -> int:
        """What is still to decide."""
        return self.total - self.done


def queue(
    *,
    user: User,
    round: AssessmentRound,
    filters: QueueFilters | None = None,
    facts: GateFacts | None = None,
    bare: bool = False,
) -> QuerySet[Any]:
    """Return the units' newest claims that the user may appraise, in the order of units.

    `submissions.domain.appraisal_pages` puts them in the order of the criteria set as well. Each row is annotated with
    `decision_id`, `decision_points`, `decision_basis` (None while undecided) and `has_evidence`. Own units and declared
    conflicts are left out; substitutes see the agency's own submission. `bare` leaves the annotations out where the
    filters do not need them: for whoever counts, or wants the keys only.
    """
    known = facts or GateFacts(user, round)
    definition = known.assignments.definition
    wanted = filters or QueueFilters()
    is_bare = bare and wanted.status in ("", WAITING) and not wanted.without_evidence
    rows: QuerySet[Any] = (newest_claims(round) if is_bare else claims(round)).filter(territory(known))
    rows = _filtered(rows, wanted, definition)
    if wanted.status == DISPUTED:
        same_leaf = unjudged(round).filter(participant=OuterRef("participant"), code=OuterRef("code"))
        rows = rows.filter(Exists(same_leaf))
    return rows.order_by(*IN_ORDER)


def count_disputed(facts: GateFacts) -> int:
    """Return how many decisions in the person's queue a second reader sees otherwise; a query only where any does."""
    if not any(is_unsettled(reading) for reading in facts.readings.values()):
        return 0
    return queue(user=facts.user, round=facts.round, filters=QueueFilters(status=DISPUTED), facts=facts).count()


def claims(round: AssessmentRound) -> QuerySet[Any]:
    """Return the newest claim of each leaf of every sent submission in the round, annotated with its decision."""
    decision = _decisions().order_by("-pk")
    evidence = EvidenceUse.objects.filter(
        answer__submission__participant=OuterRef("participant"), answer__code=OuterRef("code")
    )
    return (
        newest_claims(round)
        .annotate(
            decision_id=Subquery(decision.values("pk")[:1]),
            decision_points=Subquery(decision.values("points")[:1]),
            decision_basis=Subquery(decision.values("basis")[:1]),
            has_evidence=Exists(evidence),
        )
        .select_related("participant__unit")
    )


def newest_claims(round: AssessmentRound) -> QuerySet[ScoreEntry]:
    """Return the newest claim of each leaf of every sent submission in the round, and nothing about decisions."""
    newer = _same_leaf().filter(stage__in=CLAIMS, pk__gt=OuterRef("pk"))
    return (
        ScoreEntry.objects.filter(
            participant__round=round, participant__submission__state__in=APPRAISABLE, stage__in=CLAIMS
        )
        .exclude(participant__status=ParticipantStatus.NOT_ASSESSED)
        .filter(~Exists(newer))
    )


def is_decided() -> Exists:
    """Return the condition on claims that an agency has decided on them; costs less than asking for the decision."""
    return Exists(_decisions())


def _same_leaf() -> QuerySet[ScoreEntry]:
    return ScoreEntry.objects.filter(participant=OuterRef("participant"), code=OuterRef("code"))


def _decisions() -> QuerySet[ScoreEntry]:
    return _same_leaf().filter(stage__in=DECISIONS, pk__gt=OuterRef("pk"))


def territory(facts: GateFacts) -> Q:
    """Return the condition on ledger entries of the round that the person's agencies appraise."""
    known, agencies, person = facts.assignments, facts.agencies, facts.user.pk
    own_agencies = Q(participant__unit__in=agencies)
    mine = Q(code__in=[leaf.code for leaf in known.leaves_of(agencies, person=person)]) & ~own_agencies
    for unit_id, leaves in known.substituted_by(agencies, person=person).items():
        mine |= Q(participant__unit=unit_id, code__in=[leaf.code for leaf in leaves])
    if facts.reads_blind():
        # Until the second reading is given the agency's decision is hidden, and with it all that could tell of it.
        mine &= ~Q(Exists(blind_to(facts.user).filter(participant=OuterRef("participant"), code=OuterRef("code"))))
    return mine & ~Q(participant__unit__in=facts.conflicts.unit_ids())


def is_in_territory(facts: GateFacts, participant: Participant, code: str) -> bool:
    """Whether the person's agencies appraise the leaf of the unit, as `territory` has it; asks the database nothing."""
    known, unit_id = facts.assignments, participant.unit_id
    if unit_id in facts.conflicts.unit_ids():
        return False
    if any(row.participant_id == participant.pk and row.code == code for row in facts.reads_blind()):
        return False
    substituted = known.substituted_by(facts.agencies, person=facts.user.pk).get(unit_id, ())
    mine = () if unit_id in facts.agencies else known.leaves_of(facts.agencies, person=facts.user.pk)
    return any(leaf.code == code for leaf in (*mine, *substituted))


def rounds_for(user: User) -> QuerySet[AssessmentRound]:
    """Return the rounds in appraisal or later in which the user or an agency of the user appraises, newest first."""
    agencies = agencies_of(user)
    return (
        AssessmentRound.objects.filter(
            Q(assignments__agency__in=agencies)
            | Q(substitutes__substitute__in=agencies)
            | Q(second_samples__readings__in=SecondReading.objects.filter(reader=user, agency__in=agencies))
        )
        .exclude(state__in=(RoundState.DRAFT, RoundState.OPEN))
        .select_related("edition", "owner")
        .distinct()
    )


def workload(*, user: User, round: AssessmentRound, facts: GateFacts | None = None) -> Workload:
    """Return how much of the user's part of the round is decided, in one query beside the facts."""
    rows = newest_claims(round).filter(territory(facts or GateFacts(user, round)))
    counts = rows.aggregate(total=Count("pk"), done=Count("pk", filter=is_decided()))
    return Workload(done=counts["done"], total=counts["total"])


def count_without_evidence(entries: Iterable[ScoreEntry]) -> int:
    """Return for how many of the entries (of any stage) the unit named no evidence, in one query."""
    keys = [(entry.participant_id, entry.code) for entry in entries]
    shown = set(
        EvidenceUse.objects.filter(
            answer__submission__participant__in={participant for participant, _code in keys},
            answer__code__in={code for _participant, code in keys},
        ).values_list("answer__submission__participant_id", "answer__code")
    )
    return sum(key not in shown for key in keys)


def workload_by(round: AssessmentRound, *, key: str) -> dict[Any, Workload]:
    """Return how much is decided by `code` or `participant_id`, in one query, for the secretariat."""
    rows = (
        newest_claims(round)
        .order_by()
        .values(key)
        .annotate(total=Count("pk"), done=Count("pk", filter=is_decided()))
        .values_list(key, "done", "total")
    )
    return {value: Workload(done=done, total=total) for value, done, total in rows}


def workload_by_agency(round: AssessmentRound) -> list[tuple[Unit, Workload]]:
    """Return the workload of every agency of the round, by name; own submissions count for substitutes."""
    return [(load.agency, load.work) for load in agency_loads(round)]


@dataclass(frozen=True, slots=True)
class AgencyLoad:
    """How much of an agency's part is decided, and of it how much is whose (None: the whole agency's)."""

    agency: Unit
    work: Workload
    people: tuple[tuple[User | None, Workload], ...]


def agency_loads(round: AssessmentRound) -> list[AgencyLoad]:
    """Return the workload of every agency of the round and of its appraisers, by name, in one query and the map's."""
    assignments = AssignmentMap(round)
    sums: dict[int, dict[int | None, list[int]]] = {}
    agencies: dict[int, Unit] = {}
    people: dict[int | None, User | None] = {None: None}
    rows = newest_claims(round).order_by().values("code", "participant__unit_id", "participant__unit__code")
    grouped = rows.annotate(total=Count("pk"), done=Count("pk", filter=is_decided()))
    for row in grouped:
        agency = assignments.agency_for(row["code"], unit_id=row["participant__unit_id"])
        if agency is None:
            continue
        person = assignments.person_for(row["code"], agency.pk)
        key = person.pk if person else None
        agencies[agency.pk], people[key] = agency, person
        part = sums.setdefault(agency.pk, {}).setdefault(key, [0, 0])
        part[0] += row["done"]
        part[1] += row["total"]
    found = [
        AgencyLoad(
            agency=agencies[pk],
            work=Workload(done=sum(done for done, _all in parts.values()), total=sum(n for _d, n in parts.values())),
            people=tuple((people[key], Workload(done=done, total=total)) for key, (done, total) in parts.items()),
        )
        for pk, parts in sums.items()
    ]
    return sorted(found, key=lambda load: load.agency.name)


def difference(row: ScoreEntry) -> Decimal | None:
    """Return decided minus claimed points of a queue row; None while undecided or where one does not apply."""
    decided = getattr(row, "decision_points", None)
    return None if decided is None or row.points is None else decided - row.points


def _filtered(rows: QuerySet[Any], filters: QueueFilters, definition: Definition) -> QuerySet[Any]:
    if filters.domain:
        rows = rows.filter(code__in=[leaf.code for leaf in _leaves_of_domain(definition, filters.domain)])
    if filters.code:
        rows = rows.filter(code=filters.code)
    if filters.unit:
        rows = rows.filter(participant__unit_id=filters.unit)
    if filters.without_evidence:
        rows = rows.filter(has_evidence=False)
    if filters.text:
        rows = rows.filter(_matching(filters.text, definition))
    return _with_status(rows, filters.status)


def _with_status(rows: QuerySet[Any], status: str) -> QuerySet[Any]:
    if status == WAITING:
        return rows.filter(~is_decided())
    if status == ACCEPTED:
        return rows.filter(decision_id__isnull=False).filter(
            Q(decision_points=F("points")) | Q(decision_points__isnull=True, points__isnull=True)
        )
    if status == CHANGED:
        return (
            rows.filter(decision_id__isnull=False)
            .exclude(decision_basis=Basis.ACCEPTED)
            .exclude(Q(decision_points=F("points")) | Q(decision_points__isnull=True, points__isnull=True))
        )
    return rows


def _matching(text: str, definition: Definition) -> Q:
    folded = fold(text)
    codes = [leaf.code for leaf in definition.leaves if folded in fold(leaf.name) or leaf.code == text.strip()]
    return Q(participant__unit__name_folded__contains=folded) | Q(code__in=codes)


def _leaves_of_domain(definition: Definition, code: str) -> Iterable[Leaf]:
    return [leaf for domain in definition.domains if domain.code == code for leaf in domain.leaves]
