"""Who may see and run a round."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.permissions import Person, has_role, may_read_all, may_read_all_or, units_where
from submissions.models import AssessmentRound

RUNNERS = (Role.SECRETARIAT,)
#: Who may read a unit's points before they are published. Whoever runs the survey enters its share and reads no more.
SCORE_READERS = (Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.AUDITOR)
# Who of a superior round's owner looks into the rounds below it; the superior council does not (results are rolled up).
SUPERIOR_READERS = (Role.SECRETARIAT, Role.APPROVER, Role.AUDITOR)
OWNERS_READERS = (Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.SURVEY_OFFICER, Role.AUDITOR)


def may_run(user: Person, round: AssessmentRound) -> bool:
    """Whether the user is of the secretariat that runs the round."""
    return any(has_role(user, role, round.owner) for role in RUNNERS)


def may_see(user: Person, round: AssessmentRound) -> bool:
    """Whether the user may see the round's desk: people of its owner, and those who may read everything."""
    return rounds_seen_by(user).filter(pk=round.pk).exists()


def rounds_seen_by(user: Person) -> QuerySet[AssessmentRound]:
    """Return the rounds whose desk the user may see, newest first.

    The secretariat and the approver of a superior round see those below it, over all levels; a council sees its own.
    """
    rows = AssessmentRound.objects.select_related("owner", "edition", "parent").defer("edition__definition_json")
    if may_read_all(user):
        return rows
    owners = units_where(user, *OWNERS_READERS)
    above = units_where(user, *SUPERIOR_READERS)
    return rows.filter(Q(owner__in=owners) | Q(parent__owner__in=above) | Q(parent__parent__owner__in=above))


def may_read_scores(user: Person, round: AssessmentRound) -> bool:
    """Whether the user may read the points of the round before they are published."""
    return may_read_all_or(user, _score_readers(round))


def _score_readers(round: AssessmentRound) -> Iterator[tuple[str, int]]:
    for role in SCORE_READERS:
        yield role, round.owner_id
    for owner in _owners_above(round):
        for role in SUPERIOR_READERS:
            yield role, owner


def _owners_above(round: AssessmentRound) -> list[int]:
    return [] if round.parent is None else [round.parent.owner_id, *_owners_above(round.parent)]


def require_scores(user: Person, round: AssessmentRound) -> None:
    """Raise `PermissionRefused` unless the user may read the points of the round before they are published."""
    if not may_read_scores(user, round):
        raise PermissionRefused(
            _(
                "Before they are published, points of this round are read by the secretariat, the council, the "
                "approver and the auditor."
            ),
            code="scores_closed",
        )
