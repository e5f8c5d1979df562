"""Who may see and run a round."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from cms.enums import Role
from cms.permissions import Person, has_role, may_read_all, units_where
from submissions.models import AssessmentRound

RUNNERS = (Role.SECRETARIAT,)
OWNERS_READERS = (Role.SECRETARIAT, Role.COUNCIL_MEMBER, Role.APPROVER, Role.SURVEY_OFFICER, Role.AUDITOR)


def may_run(user: Person, round: AssessmentRound) -> bool:
    """Whether the user is of the secretariat that runs the round."""
    return any(has_role(user, role, round.owner) for role in RUNNERS)


def may_see(user: Person, round: AssessmentRound) -> bool:
    """Whether the user may see the round's desk: people of its owner, and those who may read everything."""
    return rounds_seen_by(user).filter(pk=round.pk).exists()


def rounds_seen_by(user: Person) -> QuerySet[AssessmentRound]:
    """Return the rounds whose desk the user may see, newest first; a superior round's owner sees those below."""
    rows = AssessmentRound.objects.select_related("owner", "edition", "parent").defer("edition__definition_json")
    if may_read_all(user):
        return rows
    owners = units_where(user, *OWNERS_READERS)
    return rows.filter(Q(owner__in=owners) | Q(parent__owner__in=owners))
