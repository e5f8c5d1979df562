"""What in a round's ledger deserves a second look: pure reads, which may run again at any time.

Self against appraised, first against second appraisal, second readers, what was upheld, outliers against the unit's
other years and against the group, and evidence that proves something elsewhere too.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from criteria_pages.definition import Leaf
from submissions.council_enums import DiscrepancyKind
from submissions.domain.definitions import definition_for, definition_of
from submissions.domain.ledger import final_points
from submissions.domain.second_reading_state import unsettled
from submissions.enums import STAGE_ORDER, ParticipantStatus, RequestState, RoundState, Stage
from submissions.models import AssessmentRound, EvidenceUse, ExplanationRequest, Participant, ScoreEntry

#: A share of the maximum that lies this far from what is usual is worth a look.
FAR = Decimal("0.4")
#: Fewer units than this are no group to compare with.
LEAST_GROUP = 5
MOST_YEARS = 4
CLAIMS = (Stage.SELF, Stage.EXPLANATION)

Key = tuple[int, str]


@dataclass(slots=True)
class LeafState:
    """What the ledger says of one leaf of one unit: the newest entry of each stage and the one that counts."""

    newest: dict[str, tuple[int, Decimal | None]] = field(default_factory=dict)
    current: int = 0
    stage: str = ""

    def note(self, pk: int, stage: str, points: Decimal | None) -> None:
        """Take in the next entry, in the order of the ledger."""
        self.newest[stage] = (pk, points)
        if not self.stage or STAGE_ORDER[stage] >= STAGE_ORDER[self.stage]:
            self.current, self.stage = pk, stage

    @property
    def points(self) -> Decimal | None:
        """The points that count."""
        return self.newest[self.stage][1]

    @property
    def claim(self) -> Decimal | None:
        """What the unit claims."""
        for stage in (Stage.EXPLANATION, Stage.SELF):
            if stage in self.newest:
                return self.newest[stage][1]
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """One discrepancy of a search."""

    participant: int
    code: str
    kind: str
    entry: int
    size: Decimal = Decimal(0)
    facts: Mapping[str, Any] = field(default_factory=dict)


class Search:
    """One pass over the ledger of a round."""

    def __init__(self, round: AssessmentRound) -> None:
        self.round = round
        self.participants = {
            row.pk: row
            for row in round.participants.exclude(status=ParticipantStatus.NOT_ASSESSED).select_related("unit")
        }
        for row in self.participants.values():
            row.round = round
        self.last_entry = 0
        self.states: dict[Key, LeafState] = {}
        rows = ScoreEntry.objects.filter(participant__round=round).order_by("pk")
        for pk, participant, code, stage, points in rows.values_list(
            "pk", "participant_id", "code", "stage", "points"
        ).iterator(5000):
            self.last_entry = pk
            if participant in self.participants:
                self.states.setdefault((participant, code), LeafState()).note(pk, stage, points)

    def found(self) -> Iterator[Found]:
        """Yield what is worth a look; a leaf that the council decided is settled."""
        open_states = {key: state for key, state in self.states.items() if state.stage != Stage.COUNCIL}
        yield from _between_stages(open_states)
        yield from self._second_readers(open_states)
        yield from self._upheld(open_states)
        yield from self._own_years(open_states)
        yield from self._group(open_states)
        yield from self._same_evidence(open_states)

    def settled(self) -> set[Key]:
        """Return the leaves that the council decided."""
        return {key for key, state in self.states.items() if state.stage == Stage.COUNCIL}

    def _leaf(self, key: Key) -> Leaf | None:
        definition = definition_for(self.participants[key[0]])
        return definition.leaf(key[1]) if definition.has_leaf(key[1]) else None

    def _share(self, key: Key, points: Decimal | None) -> Decimal | None:
        leaf = self._leaf(key)
        return None if points is None or leaf is None or not leaf.maximum else points / leaf.maximum

    def _second_readers(self, states: Mapping[Key, LeafState]) -> Iterator[Found]:
        for row in unsettled(self.round):
            state = states.get((row.participant_id, row.code))
            if state is not None:
                key = (row.participant_id, row.code)
                size = _size(state.points, row.points)
                yield _found(key, DiscrepancyKind.SECOND_READER, state, size, first=state.points, second=row.points)

    def _upheld(self, states: Mapping[Key, LeafState]) -> Iterator[Found]:
        rows = ExplanationRequest.objects.filter(participant__round=self.round).order_by("pk")
        newest = {(r.participant_id, r.code): r for r in rows}
        for key, request in newest.items():
            state = states.get(key)
            if state is not None and request.state == RequestState.UPHELD:
                yield _found(key, DiscrepancyKind.UPHELD, state, _size(state.claim, state.points), claim=state.claim)

    def _own_years(self, states: Mapping[Key, LeafState]) -> Iterator[Found]:
        earlier = _earlier_shares(self.round, self.participants.values())
        for key, state in states.items():
            leaf, share = self._leaf(key), self._share(key, state.points)
            known = earlier.get(key, [])
            shares = [then for then, rule, maximum in known if leaf and (rule, maximum) == (leaf.rule, leaf.maximum)]
            if leaf is None or share is None or not shares:
                continue
            usual = statistics.median(shares)
            if abs(share - usual) >= FAR:
                yield _found(
                    key,
                    DiscrepancyKind.OWN_YEARS,
                    state,
                    abs(share - usual) * leaf.maximum,
                    usual=usual * leaf.maximum,
                    years=len(shares),
                )

    def _group(self, states: Mapping[Key, LeafState]) -> Iterator[Found]:
        """Tukey's fences within the units of one tier, and far enough from the median to matter."""
        groups: dict[tuple[str, str], list[tuple[Key, Decimal]]] = defaultdict(list)
        for key, state in self.states.items():
            share = self._share(key, state.points)
            if share is not None:
                tier = self.participants[key[0]].facts.get("tier") or self.participants[key[0]].unit.tier_id
                groups[str(tier), key[1]].append((key, share))
        for members in groups.values():
            if len(members) < LEAST_GROUP:
                continue
            shares = [share for _key, share in members]
            low, middle, high = statistics.quantiles(shares, n=4, method="inclusive")
            reach = (high - low) * Decimal("1.5")
            for key, share in members:
                outside = share < low - reach or share > high + reach
                if key in states and outside and abs(share - middle) >= FAR:
                    leaf = self._leaf(key)
                    maximum = leaf.maximum if leaf else Decimal(0)
                    yield _found(
                        key,
                        DiscrepancyKind.GROUP,
                        states[key],
                        abs(share - middle) * maximum,
                        median=middle * maximum,
                        units=len(members),
                    )

    def _same_evidence(self, states: Mapping[Key, LeafState]) -> Iterator[Found]:
        """The same bytes prove something for another unit, or proved the same leaf in an earlier round."""
        rows = EvidenceUse.objects.filter(answer__submission__participant__round=self.round)
        values = rows.values_list("answer__submission__participant_id", "answer__code", "evidence__file__sha256")
        uses = [use for use in values.iterator(5000) if use[0] in self.participants]
        by_file: dict[str, set[int]] = defaultdict(set)
        for participant, _code, sha256 in uses:
            by_file[sha256].add(participant)
        old = self._evidence_of_earlier_rounds()
        flagged: dict[Key, dict[str, set[str]]] = {}
        for participant, code, sha256 in uses:
            others = {self.participants[pk].unit.name for pk in by_file[sha256] if pk != participant}
            years = old.get((self.participants[participant].unit_id, code, sha256), set())
            if others or years:
                found = flagged.setdefault((participant, code), {"units": set(), "years": set()})
                found["units"] |= others
                found["years"] |= years
        for key, what in flagged.items():
            if key in states:
                facts = {name: sorted(values) for name, values in what.items()}
                yield _found(key, DiscrepancyKind.SAME_EVIDENCE, states[key], Decimal(0), **facts)

    def _evidence_of_earlier_rounds(self) -> dict[tuple[int, str, str], set[str]]:
        rows = EvidenceUse.objects.filter(
            answer__submission__participant__unit__in=self.round.participants.values("unit"),
            answer__submission__participant__round__year__lt=self.round.year,
            answer__submission__participant__round__edition__page=self.round.edition.page_id,
        ).values_list(
            "answer__submission__participant__unit_id",
            "answer__code",
            "evidence__file__sha256",
            "answer__submission__participant__round__year",
        )
        found: dict[tuple[int, str, str], set[str]] = defaultdict(set)
        for unit, code, sha256, year in rows.iterator(5000):
            found[unit, code, sha256].add(str(year))
        return found


def _between_stages(states: Mapping[Key, LeafState]) -> Iterator[Found]:
    for key, state in states.items():
        first, second = state.newest.get(Stage.APPRAISAL_1), state.newest.get(Stage.APPRAISAL_2)
        decided = max((entry for entry in (first, second) if entry), default=None, key=lambda entry: entry[0])
        claimed = [state.newest[stage] for stage in CLAIMS if stage in state.newest]
        if decided is not None and claimed and decided[1] != state.claim:
            size = _size(state.claim, decided[1])
            yield _found(key, DiscrepancyKind.SELF_APPRAISED, state, size, claim=state.claim, appraised=decided[1])
        if first is not None and second is not None and first[1] != second[1]:
            size = _size(first[1], second[1])
            yield _found(key, DiscrepancyKind.FIRST_SECOND, state, size, first=first[1], second=second[1])


def _size(one: Decimal | None, other: Decimal | None) -> Decimal:
    return abs((one or Decimal(0)) - (other or Decimal(0)))


def _found(key: Key, kind: str, state: LeafState, size: Decimal, **facts: object) -> Found:
    texts = {name: str(value) if isinstance(value, Decimal) else value for name, value in facts.items()}
    return Found(key[0], key[1], kind, state.current, size=size, facts=texts)


def _earlier_shares(
    round: AssessmentRound, participants: Iterable[Participant]
) -> dict[Key, list[tuple[Decimal, object, Decimal]]]:
    """Return (participant, code) -> (share, rule, maximum) in the unit's earlier rounds of the same criteria set."""
    by_unit = {row.unit_id: row.pk for row in participants}
    rounds = (
        AssessmentRound.objects.filter(
            edition__page=round.edition.page_id, year__lt=round.year, state=RoundState.FINALISED
        )
        .select_related("edition")
        .order_by("-year", "-pk")[:MOST_YEARS]
    )
    found: dict[Key, list[tuple[Decimal, object, Decimal]]] = defaultdict(list)
    for earlier in rounds:
        definition_of(earlier.edition)
        then = {
            row.pk: row
            for row in earlier.participants.filter(unit__in=round.participants.values("unit")).select_related(
                "unit__tier"
            )
        }
        for pk, points in final_points(earlier, only=list(then)).items():
            if then[pk].unit_id not in by_unit:
                continue
            then[pk].round = earlier
            definition = definition_for(then[pk])
            for code, leaf_points in points.items():
                if leaf_points.points is not None and definition.has_leaf(code) and definition.leaf(code).maximum:
                    leaf = definition.leaf(code)
                    key = (by_unit[then[pk].unit_id], code)
                    found[key].append((leaf_points.points / leaf.maximum, leaf.rule, leaf.maximum))
    return found
