"""The rounds below a superior round: how far each is, and the joint ranking of their units on the common criteria.

A round below may have local criteria; the joint ranking counts what the superior round's edition asks, and nothing
else, so that all units are measured alike. Only finalised rounds that conform to the edition are in it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import IO

from django.core.cache import cache
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from cms import clock
from cms.models import User
from cms.permissions import may_read_all_or
from cms.spreadsheets import Sheet, write_xlsx
from publishing.domain.computation import ComputedEntry, compute_entries, place, subjects_of_round
from publishing.enums import EntryStatus, RankScope, TieRule
from publishing.models import IndexRelease, PublicationTerms, ReleaseEntry
from publishing.ranking import read_bands
from submissions.domain.definitions import definition_of
from submissions.domain.relatives import deviations, local_codes
from submissions.domain.round_access import SUPERIOR_READERS
from submissions.enums import Phase, RoundState, SubmissionState
from submissions.models import Adjustment, AssessmentRound, Participant, ScoreEntry

Progress = Callable[[int, int, str], None]
DAY = 86_400
NOT_SENT = (SubmissionState.DRAFT, SubmissionState.SIGNED)


def may_roll_up(user: User, round: AssessmentRound) -> bool:
    """Whether the user may read the roll-up: secretariat, approver and auditor of the owner; not its council."""
    return may_read_all_or(user, ((role, round.owner_id) for role in SUPERIOR_READERS))


@dataclass(frozen=True, slots=True)
class ChildLine:
    """A round below: how far it is, whether it keeps to the superior round's criteria, what it published."""

    round: AssessmentRound
    units: int
    sent: int
    self_assessment_until: dt.datetime | None
    local: tuple[str, ...]
    departures: tuple[str, ...]
    release: IndexRelease | None

    @property
    def is_counted(self) -> bool:
        """Whether its units are in the joint ranking."""
        return self.round.state == RoundState.FINALISED and not self.departures


def child_lines(round: AssessmentRound) -> list[ChildLine]:
    """Return the rounds below, over all levels, by the order of their owners; a fixed number of queries."""
    children = list(
        AssessmentRound.objects.filter(Q(parent=round) | Q(parent__parent=round))
        .select_related("owner", "edition")
        .prefetch_related("deadlines")
        .order_by("owner__order", "owner__name", "pk")
    )
    sent, units = _progress(children)
    current = IndexRelease.objects.current(clock.now()).filter(round__in=children).order_by("pk")
    releases = {release.round_id: release for release in current}
    fixed = definition_of(round.edition)
    return [
        ChildLine(
            round=child,
            units=units[child.pk],
            sent=sent[child.pk],
            self_assessment_until=next(
                (row.closes_at for row in child.deadlines.all() if row.phase == Phase.SELF_ASSESSMENT), None
            ),
            local=tuple(local_codes(fixed, definition_of(child.edition))),
            departures=tuple(deviations(parent=round, edition=child.edition)),
            release=releases.get(child.pk),
        )
        for child in children
    ]


def _progress(children: list[AssessmentRound]) -> tuple[Counter[int], Counter[int]]:
    sent: Counter[int] = Counter()
    units: Counter[int] = Counter()
    rows = Participant.objects.filter(round__in=children).order_by()
    for pk, state, number in rows.values_list("round", "submission__state").annotate(number=Count("pk")):
        units[pk] += number
        if state is not None and state not in NOT_SENT:
            sent[pk] += number
    return sent, units


@dataclass(frozen=True, slots=True)
class JointRow:
    """A unit in the joint ranking. `home`: the name of its own round; `own_rank`, `own_index`: what that published."""

    entry: ComputedEntry
    home: str
    own_rank: int | None
    own_index: Decimal | None


def joint_ranking(
    round: AssessmentRound, lines: list[ChildLine], *, progress: Progress | None = None
) -> list[JointRow]:
    """Return the units of all rounds below that are finalised, ranked together on the common criteria.

    Ranks and classes follow the terms that the superior round fixed; where it fixed none, equal results share a rank
    and there are no classes. What was computed is kept under the position of the ledgers.
    """
    counted = [line for line in lines if line.is_counted]
    terms = PublicationTerms.objects.filter(round=round).first()
    key = _key(round, counted, terms)
    entries: list[ComputedEntry] | None = cache.get(key)
    if entries is None:
        entries = _compute(round, counted, terms, progress)
        cache.set(key, entries, DAY)
    participants = Participant.objects.filter(round__in=[line.round for line in counted])
    homes = dict(participants.values_list("pk", "round__owner__name"))
    results = ReleaseEntry.objects.filter(release__in=[line.release for line in counted if line.release])
    published = {unit: (rank, index) for unit, rank, index in results.values_list("unit_id", "rank", "index")}
    return [
        JointRow(
            entry,
            homes.get(entry.subject.participant_id, ""),
            *published.get(entry.subject.unit_id, (None, None)),
        )
        for entry in entries
    ]


def _compute(
    round: AssessmentRound, counted: list[ChildLine], terms: PublicationTerms | None, progress: Progress | None
) -> list[ComputedEntry]:
    found: list[ComputedEntry] = []
    for number, line in enumerate(counted, start=1):
        subjects = subjects_of_round(line.round)
        computed = compute_entries(round=line.round, edition=round.edition, subjects=subjects)
        found += [replace(entry, scores=()) for entry in computed]
        if progress is not None:
            progress(number, len(counted), line.round.name)
    return place(
        found,
        bands=read_bands(terms.classes) if terms else (),
        tie_rule=(terms.tie_rule if terms else "") or TieRule.COMPETITION,
        rank_scope=RankScope.TIER,
    )


def _key(round: AssessmentRound, counted: list[ChildLine], terms: PublicationTerms | None) -> str:
    """Return a key that changes with everything that the ranking is computed from."""
    ids = [line.round.pk for line in counted]
    heads = {
        name: dict(
            rows.filter(participant__round__in=ids).order_by().values_list("participant__round").annotate(Max("pk"))
        )
        for name, rows in (("scores", ScoreEntry.objects.all()), ("adjustments", Adjustment.objects.all()))
    }
    states = Participant.objects.filter(round__in=ids).order_by("pk").values_list("pk", "status", "reason", "unit_name")
    content = repr((round.edition.sha256, ids, heads, list(states), (terms.tie_rule, terms.classes) if terms else None))
    return f"joint-ranking-{round.pk}-{hashlib.sha256(content.encode()).hexdigest()}"


def export_joint_ranking(round: AssessmentRound, target: str | IO[bytes], *, progress: Progress | None = None) -> None:
    """Write the joint ranking as a workbook; its notes say which rounds are not in it and why."""
    lines = child_lines(round)
    rows = joint_ranking(round, lines, progress=progress)
    notes = [round.name, _("Joint ranking on the common criteria: %(edition)s") % {"edition": round.edition}]
    notes += [f"{line.round.name}: {reason}" for line in lines if (reason := why_not_counted(line))]
    if round.illustrative:
        notes.append(_("Illustrative figures: invented for demonstration, not results of any body."))
    headers = [
        _("Tier"),
        _("Rank"),
        _("Unit code"),
        _("Unit"),
        _("Scored by"),
        _("Index (%)"),
        _("Points"),
        _("Maximum"),
    ]
    headers += [_("Class"), _("Rank in the own round"), _("Index in the own round (%)"), _("Note")]
    write_xlsx(
        target,
        sheets=[
            Sheet(
                name=_("Joint ranking"),
                headers=headers,
                rows=[_cells(row) for row in rows],
                notes=notes,
                widths=[16, 8, 18, 36, 30, 14, 12, 12, 10, 12, 14, 36],
                text_columns=frozenset({2}),
            )
        ],
    )


def _cells(row: JointRow) -> tuple[object, ...]:
    entry = row.entry
    return (
        entry.subject.tier_name,
        entry.rank,
        entry.subject.unit_code,
        entry.subject.unit_name,
        row.home,
        entry.stored_index,
        entry.points,
        entry.maximum,
        entry.class_code,
        row.own_rank,
        row.own_index,
        f"{EntryStatus(entry.subject.status).label}: {entry.subject.reason}" if entry.subject.reason else "",
    )


def why_not_counted(line: ChildLine) -> str:
    """Return why a round below is not in the joint ranking; "" where it is."""
    if line.departures:
        return _("not comparable, its criteria depart from those of this round")
    if line.round.state != RoundState.FINALISED:
        return _("not finalised yet")
    return ""
