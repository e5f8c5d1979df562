"""A round and the rounds below it: what a superior round fixes, and what its children may add.

A child round (a district's, under its province's) has a council, a calendar and a publication of its own. It scores
by the superior round's criteria, unchanged, and may add local ones where the superior round allows that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.models import Unit, User
from cms.numbers import exact
from cms.permissions import require_role, units_where
from criteria_pages.definition import Applicability, Definition, Leaf
from criteria_pages.models import CriteriaEdition
from submissions.domain.definitions import definition_of
from submissions.enums import Phase, RoundState
from submissions.exceptions import SubmissionError
from submissions.models import AssessmentRound, Participant, PhaseDeadline

LEVELS = 3
SHOWN = 3


# --- who may stand under whom -----------------------------------------------------------------------------------------
def ancestors_of(unit: Unit) -> list[int]:
    """Return the ids of the units above the unit, nearest first."""
    found: list[int] = []
    above = unit.parent
    while above is not None and above.pk not in found:
        found.append(above.pk)
        above = above.parent
    return found


def superior_rounds_for(user: User) -> QuerySet[AssessmentRound]:
    """Return the rounds under which the user may set up a round: not finalised, of units above one of the user's."""
    above = {pk for unit in units_where(user, Role.SECRETARIAT).select_related("parent") for pk in ancestors_of(unit)}
    return AssessmentRound.objects.filter(owner__in=above).exclude(state=RoundState.FINALISED)


def check_superior(*, parent: AssessmentRound, owner: Unit, edition: CriteriaEdition, year: int) -> None:
    """Refuse a superior round that this round cannot stand under.

    Raises `SubmissionError`: `parent_not_above` where the owner is no unit below the superior round's owner,
    `parent_year`, `parent_finalised`, `parent_depth`, and `edition_deviates` as `check_edition`.
    """
    if parent.owner_id not in ancestors_of(owner):
        raise SubmissionError(
            _("%(owner)s is not a unit below %(above)s, which runs “%(parent)s”. Choose a round of a superior unit.")
            % {"owner": owner.name, "above": parent.owner.name, "parent": parent.name},
            code="parent_not_above",
        )
    if parent.year != year:
        raise SubmissionError(
            _("“%(parent)s” is the round of %(parent_year)s, this one would be of %(year)s. Both must be of one year.")
            % {"parent": parent.name, "parent_year": parent.year, "year": year},
            code="parent_year",
        )
    if parent.state == RoundState.FINALISED:
        raise SubmissionError(
            _("“%(parent)s” is finalised; no round can be set up under it any more.") % {"parent": parent.name},
            code="parent_finalised",
        )
    if _depth(parent) >= LEVELS:
        raise SubmissionError(
            _("“%(parent)s” stands on the lowest of %(levels)s levels; no round can be set up under it.")
            % {"parent": parent.name, "levels": LEVELS},
            code="parent_depth",
        )
    check_edition(parent=parent, edition=edition)


def _depth(round: AssessmentRound) -> int:
    return 1 if round.parent is None else 1 + _depth(round.parent)


def refuse_in_sibling(round: AssessmentRound, units: Iterable[Unit]) -> None:
    """Refuse units that another round under the same superior round scores already: a joint ranking has each once."""
    if round.parent_id is None:
        return
    rows = Participant.objects.filter(round__parent=round.parent_id, unit__in=list(units)).exclude(round=round)
    found = rows.select_related("unit", "round").first()
    if found is not None:
        raise SubmissionError(
            _("%(unit)s takes part in “%(round)s” under the same superior round already.")
            % {"unit": found.unit.name, "round": found.round.name},
            code="in_sibling",
        )


# --- the edition ------------------------------------------------------------------------------------------------------
def check_edition(*, parent: AssessmentRound, edition: CriteriaEdition) -> None:
    """Refuse an edition that does not hold the superior round's criteria unchanged, or adds where nothing may be added.

    Raises `SubmissionError` with the code `edition_deviates`, naming the first differences.
    """
    found = deviations(parent=parent, edition=edition)
    if not found:
        return
    raise SubmissionError(
        _("The edition “%(edition)s” is not that of the superior round “%(parent)s” (“%(pinned)s”): %(differences)s")
        % {
            "edition": edition,
            "parent": parent.name,
            "pinned": parent.edition,
            "differences": " ".join(found[:SHOWN]) + (" …" if len(found) > SHOWN else ""),
        },
        code="edition_deviates",
    )


def deviations(*, parent: AssessmentRound, edition: CriteriaEdition) -> list[str]:
    """Return sentences on how the edition departs from what the superior round fixes; none where it conforms."""
    if edition.sha256 == parent.edition.sha256:
        return []
    fixed, own = definition_of(parent.edition), definition_of(edition)
    found = list(_departures(fixed, own))
    added = local_codes(fixed, own)
    if added and not parent.local_criteria:
        found.append(
            _("Local criteria are not allowed, but it adds %(codes)s.") % {"codes": ", ".join(added[:10])},
        )
    return found


def local_codes(fixed: Definition, own: Definition) -> list[str]:
    """Return the codes of the leaves that a child's definition adds to the superior round's, in order."""
    return [leaf.code for leaf in own.leaves if not fixed.has_leaf(leaf.code)]


def allow_local_criteria(*, round: AssessmentRound, allowed: bool, user: User) -> None:
    """Say whether rounds below may add criteria of their own.

    Raises `PermissionRefused`; `SubmissionError` where it is forbidden although a round below has such criteria.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    with transaction.atomic():
        locked = AssessmentRound.objects.select_for_update(of=("self",)).select_related("edition").get(pk=round.pk)
        if locked.local_criteria == allowed:
            return
        children = () if allowed else locked.children.select_related("edition")
        fixed = definition_of(locked.edition)
        having = [child.name for child in children if local_codes(fixed, definition_of(child.edition))]
        if having:
            raise SubmissionError(
                _("These rounds below have local criteria already: %(rounds)s.") % {"rounds": ", ".join(having[:5])},
                code="local_criteria_exist",
            )
        locked.local_criteria = allowed
        locked.save(update_fields=["local_criteria"])
        audit.record(
            "submissions.local_criteria",
            locked,
            user=user,
            before={"allowed": not allowed},
            after={"allowed": allowed},
        )
    round.local_criteria = allowed


def _departures(fixed: Definition, own: Definition) -> Iterator[str]:
    mine = dict(_placed(own))
    for code, (leaf, place, conditions) in _placed(fixed):
        here = mine.get(code)
        if here is None:
            yield _("%(code)s is missing.") % {"code": code}
            continue
        other, other_place, other_conditions = here
        if other.maximum != leaf.maximum:
            yield _("%(code)s has %(own)s points instead of %(fixed)s.") % {
                "code": code,
                "own": exact(other.maximum),
                "fixed": exact(leaf.maximum),
            }
        if (other.rule.kind, dict(other.rule.params), other.scorer) != (
            leaf.rule.kind,
            dict(leaf.rule.params),
            leaf.scorer,
        ):
            yield _("%(code)s is scored by another rule.") % {"code": code}
        if other_place != place or other_conditions != conditions:
            yield _("%(code)s stands elsewhere or applies to other units.") % {"code": code}
    if (own.bonus_cap, own.penalty_cap) != (fixed.bonus_cap, fixed.penalty_cap):
        yield _("The caps of bonus and penalty points differ.")


Placed = tuple[Leaf, tuple[str, str], tuple[Applicability, Applicability, Applicability]]


def _placed(definition: Definition) -> Iterator[tuple[str, Placed]]:
    """Yield every leaf by code with the codes above it and all conditions on it."""
    for domain in definition.domains:
        for criterion in domain.criteria:
            for leaf in criterion.leaves:
                conditions = (domain.applicability, criterion.applicability, leaf.applicability)
                yield leaf.code, (leaf, (domain.code, criterion.code), conditions)


# --- deadlines --------------------------------------------------------------------------------------------------------
def check_deadline(round: AssessmentRound, *, phase: str, closes_at: dt.datetime) -> None:
    """Refuse an end of a phase that lies before a child's or after the superior round's end of the same phase.

    Raises `SubmissionError` with the code `before_child` or `after_parent`.
    """
    below = PhaseDeadline.objects.filter(
        Q(round__parent=round) | Q(round__parent__parent=round), phase=phase, closes_at__gt=closes_at
    )
    blocking = below.select_related("round").first()
    if blocking is not None:
        raise SubmissionError(
            _("“%(phase)s” would lock at %(time)s, before the round below it “%(child)s” (%(child_time)s).")
            % {
                "phase": Phase(phase).label,
                "time": _when(closes_at),
                "child": blocking.round.name,
                "child_time": _when(blocking.closes_at),
            },
            code="before_child",
        )
    check_not_after_superior(round, phase=phase, closes_at=closes_at)


def check_not_after_superior(round: AssessmentRound, *, phase: str, closes_at: dt.datetime) -> None:
    """Refuse an end of a phase, or an extension of it, after the superior round's end of the same phase."""
    if round.parent is None:
        return
    ids = [pk for pk in (round.parent_id, round.parent.parent_id) if pk is not None]
    above = PhaseDeadline.objects.filter(round__in=ids, phase=phase, closes_at__lt=closes_at)
    superior = above.select_related("round").order_by("closes_at").first()
    if superior is not None:
        raise SubmissionError(
            _("“%(phase)s” would lock at %(time)s, after the superior round “%(parent)s” (%(parent_time)s).")
            % {
                "phase": Phase(phase).label,
                "time": _when(closes_at),
                "parent": superior.round.name,
                "parent_time": _when(superior.closes_at),
            },
            code="after_parent",
        )


def _when(moment: dt.datetime) -> str:
    return timezone.localtime(moment).strftime("%d/%m/%Y %H:%M")
