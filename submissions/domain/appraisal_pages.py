"""The appraiser's queue page by page: counted once per unit, so that a page reads the rows of its own units only.

Asking the database for the n-th page of a sorted queue makes it look up the decisions of the whole queue, and sort it
by the place of each leaf in the criteria set, for fifty rows of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, overload

from django.db.models import Count, QuerySet

from cms.models import Unit
from submissions.domain.appraisal_gate import GateFacts
from submissions.domain.appraisal_queue import (
    IN_ORDER,
    WAITING,
    QueueFilters,
    Workload,
    is_decided,
    newest_claims,
    queue,
    territory,
)

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class UnitWork:
    """How much of one unit's form is decided, of what the person appraises."""

    participant_id: int
    unit_id: int
    work: Workload


def work_by_unit(facts: GateFacts) -> list[UnitWork]:
    """Return the person's part of the round by unit, in the order of the queue, in one query."""
    rows = (
        newest_claims(facts.round)
        .filter(territory(facts))
        .values("participant_id", "participant__unit_id")
        .annotate(total=Count("pk"), done=Count("pk", filter=is_decided()))
        .order_by(*IN_ORDER)
        .values_list("participant_id", "participant__unit_id", "done", "total")
    )
    return [UnitWork(pk, unit, Workload(done=done, total=total)) for pk, unit, done, total in rows]


def total_of(works: Sequence[UnitWork]) -> Workload:
    """Return the sum over the units."""
    return Workload(done=sum(one.work.done for one in works), total=sum(one.work.total for one in works))


def units_of(works: Sequence[UnitWork]) -> list[Unit]:
    """Return the units in the order of the queue, in one query."""
    found = Unit.objects.in_bulk([one.unit_id for one in works])
    return [found[one.unit_id] for one in works]


class QueuePages(Sequence[Any]):
    """The rows of a queue by their place in it; `Paginator` slices it. What is counted is counted once."""

    def __init__(self, facts: GateFacts, filters: QueueFilters, works: Sequence[UnitWork] | None = None) -> None:
        self._facts, self._filters = facts, filters
        self._counts = _from_works(filters, works) if works is not None else None
        self._place = {leaf.code: place for place, leaf in enumerate(facts.assignments.definition.leaves)}

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, wanted: int) -> Any: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[Any]: ...
    def __getitem__(self, wanted: int | slice) -> Any:
        if not isinstance(wanted, slice):
            return self[wanted : wanted + 1][0]
        start, stop, _step = wanted.indices(len(self))
        touched = [pk for at, pk in enumerate(self._order) if self._starts[at] < stop and self._starts[at + 1] > start]
        if not touched:
            return []
        found = self._queue(bare=False).filter(participant_id__in=touched).order_by()
        rows = sorted(found, key=lambda row: self._sort_key((row.participant_id, row.code)))
        skipped = self._starts[self._at[touched[0]]]
        return rows[start - skipped : stop - skipped]

    def around(self, here: Key) -> tuple[Key | None, Key | None, int]:
        """Return what comes before and after a leaf of a unit, and its place from 1; (None, None, 0) where it is not
        in the queue."""
        at = self._at.get(here[0])
        if at is None:
            return None, None, 0
        near = self._order[max(0, at - 1) : at + 2]
        keys = self._keys_of_one_unit or sorted(self._keys().filter(participant_id__in=near), key=self._sort_key)
        if here not in keys:
            return None, None, 0
        index = keys.index(here)
        before = keys[index - 1] if index else None
        after = keys[index + 1] if index + 1 < len(keys) else None
        return before, after, self._starts[self._at[near[0]]] + index + 1

    def _queue(self, *, bare: bool) -> QuerySet[Any]:
        return queue(
            user=self._facts.user, round=self._facts.round, filters=self._filters, facts=self._facts, bare=bare
        )

    def _keys(self) -> QuerySet[Any, Key]:
        return self._queue(bare=True).order_by().values_list("participant_id", "code")

    def _sort_key(self, key: Key) -> tuple[int, int]:
        return self._at[key[0]], self._place[key[1]]

    @cached_property
    def _matching(self) -> list[tuple[int, int]]:
        if self._counts is not None:
            return self._counts
        if keys := self._keys_of_one_unit:
            return [(keys[0][0], len(keys))]
        counted = self._queue(bare=True).values("participant_id").annotate(number=Count("pk")).order_by(*IN_ORDER)
        return list(counted.values_list("participant_id", "number"))

    @cached_property
    def _keys_of_one_unit(self) -> list[Key]:
        """All keys of a queue that is one unit's, so that they need not be counted before; none for other queues."""
        if not self._filters.unit:
            return []
        return sorted(self._keys(), key=lambda key: self._place[key[1]])

    @cached_property
    def _order(self) -> list[int]:
        return [pk for pk, _number in self._matching]

    @cached_property
    def _at(self) -> dict[int, int]:
        return {pk: at for at, pk in enumerate(self._order)}

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((number for _pk, number in self._matching), initial=0))


def _from_works(filters: QueueFilters, works: Sequence[UnitWork]) -> list[tuple[int, int]] | None:
    """The counts of a queue that is filtered by nothing or by what waits; None where the database has to count."""
    if filters == QueueFilters():
        return [(one.participant_id, one.work.total) for one in works]
    if filters == QueueFilters(status=WAITING):
        return [(one.participant_id, one.work.waiting) for one in works if one.work.waiting]
    return None
