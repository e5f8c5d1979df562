"""Which colleagues of a unit have the form open now. Kept in the cache for two minutes and nowhere else."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache

from cms import clock
from cms.models import User
from submissions.domain.people import members_of
from submissions.models import Submission

SEEN_FOR = dt.timedelta(minutes=2)
# A sign of life is written again only after this time, so that quick typing costs one read of the cache per save.
_FRESH_FOR = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the unit who has a domain of the form open."""

    user: User
    domain: str
    seen_at: dt.datetime


def beat(*, user: User, submission: Submission, domain: str) -> None:
    """Note that the user has the domain of the form open now; at most one entry of the cache is written."""
    key, now = _key(submission.pk, user.pk), clock.now()
    known = cache.get(key)
    if known is not None and known[0] == domain and now - known[1] < _FRESH_FOR:
        return
    cache.set(key, (domain, now), SEEN_FOR.total_seconds())


def at_work(submissions: Iterable[Submission], *, besides: User) -> dict[int, list[Colleague]]:
    """Return who else of the units has which form open, by the form's primary key; by name.

    One query for any number of forms, and one look into the cache.
    """
    rows = list(submissions)
    people = members_of(row.participant.unit_id for row in rows)
    keys = {
        _key(row.pk, person.pk): (row.pk, person)
        for row in rows
        for person in people.get(row.participant.unit_id, [])
        if person.pk != besides.pk
    }
    now = clock.now()
    found: dict[int, list[Colleague]] = defaultdict(list)
    for key, (domain, seen_at) in cache.get_many(keys).items():
        pk, person = keys[key]
        if now - seen_at <= SEEN_FOR:
            found[pk].append(Colleague(user=person, domain=domain, seen_at=seen_at))
    for colleagues in found.values():
        colleagues.sort(key=lambda colleague: str(colleague.user))
    return found


def _key(submission_id: int, user_id: int) -> str:
    return f"at-work:{submission_id}:{user_id}"
