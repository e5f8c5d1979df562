"""Who is asked: duplicates resolved by the priority of groups, samples drawn."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import ROUND_CEILING, Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.models import User
from submissions.domain.survey.setup import require_officer
from submissions.exceptions import WrongState
from submissions.models import Respondent, Survey
from submissions.survey_enums import GroupRule, ListState, RespondentState, SurveyState


def sample_size(population: int, error: Decimal) -> int:
    """Return n = N / (1 + N × e²), rounded up and never above N (method of the satisfaction survey, e = 5 %)."""
    exact = Decimal(population) / (1 + Decimal(population) * error * error)
    return min(population, int(exact.to_integral_value(rounding=ROUND_CEILING)))


@transaction.atomic
def select_respondents(*, user: User, survey: Survey, seed: int) -> dict[str, int]:
    """Decide who of the accepted lists is asked; may be repeated until invitations are made.

    A person found on several lists (same mail, or same folded name and organisation) is asked once, in the group with
    the smallest priority number, then on the list entered first; the others are left out with the reason. Samples are
    drawn with the seed, which is kept in the audit log, so that the draw can be repeated. Returns counts by state.
    """
    require_officer(user, survey.round)
    if survey.state != SurveyState.LISTS:
        raise WrongState(_("Respondents are selected before invitations go out."))
    people = list(
        Respondent.objects.filter(list__survey=survey, list__state=ListState.ACCEPTED)
        .select_related("group", "list__participant__unit")
        .order_by("group__priority", "pk")
    )
    before = [(person.state, person.state_reason) for person in people]
    _mark_duplicates(people)
    _draw_samples(people, seed)
    changed = [p for p, old in zip(people, before, strict=True) if (p.state, p.state_reason) != old]
    Respondent.objects.bulk_update(changed, ["state", "state_reason"], batch_size=500)
    Survey.objects.filter(pk=survey.pk).update(selected=True)
    counts = {state: sum(1 for p in people if p.state == state) for state in RespondentState.values}
    audit.record("submissions.survey_selection", survey, user=user, after=counts, seed=seed)
    return counts


def _mark_duplicates(people: list[Respondent]) -> None:
    """Keep the first of each set of rows that share a key; people come in the order of priority."""
    owner: dict[str, Respondent] = {}
    for person in people:
        keys = [f"p:{person.person_key}"] + ([f"m:{person.mail_key}"] if person.mail_key else [])
        kept = next((owner[key] for key in keys if key in owner), None)
        if kept is None:
            person.state, person.state_reason = RespondentState.ASKED, ""
        else:
            person.state = RespondentState.DUPLICATE
            person.state_reason = (
                _("Asked as “%(group)s” on the list of %(unit)s.")
                % {"group": kept.group.name, "unit": kept.list.participant.unit.name}
            )[:500]
        for key in keys:
            owner.setdefault(key, kept or person)


def _draw_samples(people: list[Respondent], seed: int) -> None:
    pools: dict[tuple[int, int], list[Respondent]] = defaultdict(list)
    for person in people:
        if person.group.rule == GroupRule.SAMPLE and person.state == RespondentState.ASKED:
            pools[person.group_id, person.rated_unit_id].append(person)
    for (group_id, unit_id), pool in sorted(pools.items()):
        margin = pool[0].group.error_margin or Decimal("0.05")
        size = sample_size(len(pool), margin)
        # Not a secret: the draw must be repeatable from the seed in the audit log.
        drawn = set(random.Random(f"{seed}:{group_id}:{unit_id}").sample([p.pk for p in pool], size))  # noqa: S311
        for person in pool:
            if person.pk not in drawn:
                person.state = RespondentState.NOT_DRAWN
                person.state_reason = _("Not among the %(size)s drawn of %(count)s.") % {
                    "size": size,
                    "count": len(pool),
                }
