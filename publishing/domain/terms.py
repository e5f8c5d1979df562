"""What a superior round fixes for the rounds below it: local criteria, and how their results are ranked and classed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import Role
from cms.models import User
from cms.permissions import require_role
from publishing.enums import TieRule
from publishing.exceptions import PublishingError
from publishing.models import PublicationTerms
from publishing.ranking import read_bands
from submissions.domain.relatives import allow_local_criteria
from submissions.models import AssessmentRound


def terms_for(round: AssessmentRound) -> PublicationTerms | None:
    """Return the terms that bind the round's releases: those of the nearest superior round that has any."""
    above = round.parent
    while above is not None:
        found = PublicationTerms.objects.filter(round=above).first()
        if found is not None:
            found.round = above
            return found
        above = above.parent
    return None


@transaction.atomic
def set_terms(
    *,
    round: AssessmentRound,
    user: User,
    local_criteria: bool,
    tie_rule: str,
    classes: Sequence[Mapping[str, Any]] | None,
) -> PublicationTerms:
    """Fix what the rounds below may change. `tie_rule` "" and `classes` None leave the choice to them.

    Results that were released before stay as they are. Raises `PermissionRefused` for anybody but the secretariat of
    the round's owner, `SubmissionError` where local criteria are forbidden that a round below has.
    """
    require_role(user, Role.SECRETARIAT, unit=round.owner)
    allow_local_criteria(round=round, allowed=local_criteria, user=user)
    terms, _made = PublicationTerms.objects.get_or_create(round=round)
    before = _content(terms)
    terms.tie_rule, terms.fixes_classes = tie_rule, classes is not None
    terms.classes = [dict(one) for one in classes or ()]
    terms.save()
    if _content(terms) != before:
        audit.record("publishing.terms", round, user=user, before=before, after=_content(terms))
    return terms


def _content(terms: PublicationTerms) -> dict[str, Any]:
    return {"tie_rule": terms.tie_rule, "classes": terms.classes if terms.fixes_classes else None}


def check_terms(round: AssessmentRound, *, tie_rule: str, classes: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a tie rule or classes other than the superior round fixes. Raises `PublishingError`."""
    terms = terms_for(round)
    if terms is None:
        return
    if terms.tie_rule and tie_rule != terms.tie_rule:
        raise PublishingError(
            _("The superior round “%(parent)s” fixes how equal results are ranked: %(rule)s.")
            % {"parent": terms.round.name, "rule": TieRule(terms.tie_rule).label},
            code="tie_rule_fixed",
        )
    if terms.fixes_classes and read_bands(classes) != read_bands(terms.classes):
        raise PublishingError(
            _("The superior round “%(parent)s” fixes the classes: %(classes)s.")
            % {"parent": terms.round.name, "classes": _in_words(terms.classes)},
            code="classes_fixed",
        )


def _in_words(classes: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{one['name']} ≥ {one['from']} %" for one in classes) or _("none")
