"""Deadlines of many forms at once, for lists, reminders and the secretariat's view."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from submissions.enums import Phase, RoundState
from submissions.models import Extension, PhaseDeadline, Submission


def deadlines_of(
    submissions: Iterable[Submission], phase: str = Phase.SELF_ASSESSMENT
) -> dict[int, dt.datetime | None]:
    """Return the latest moment at which something of the form can still be written, by primary key, in two queries.

    The base deadline counts until the round has moved on; extensions count always. Give submissions with
    `participant__round` selected.
    """
    rows = list(submissions)
    base = dict(
        PhaseDeadline.objects.filter(round__in={row.participant.round_id for row in rows}, phase=phase).values_list(
            "round_id", "closes_at"
        )
    )
    extended: dict[int, list[dt.datetime]] = defaultdict(list)
    for participant_id, until in Extension.objects.filter(
        participant__in=[row.participant_id for row in rows], phase=phase
    ).values_list("participant_id", "until"):
        extended[participant_id].append(until)
    found: dict[int, dt.datetime | None] = {}
    for row in rows:
        reaches = list(extended[row.participant_id])
        closes = base.get(row.participant.round_id)
        if closes is not None and (row.participant.round.state == RoundState.OPEN or not reaches):
            reaches.append(closes)
        found[row.pk] = max(reaches, default=None)
    return found
