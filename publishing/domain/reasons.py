"""Why a leaf has its points: the sentence of its rule, computed anew from the inputs that the release keeps."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from cms.numbers import exact
from criteria_pages.definition import Leaf
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule
from criteria_pages.scoring import score_leaf
from publishing.models import ReleaseScore
from submissions.enums import Stage


def why(leaf: Leaf, score: ReleaseScore) -> str:
    """Return the sentence of the trace: the rule on the stored inputs, and who set another figure where one did."""
    if not score.maximum:
        return _("Does not apply to this unit; it counts neither in the points nor in the maximum.")
    sentence = ""
    if score.inputs:
        try:
            outcome = score_leaf(leaf, score.inputs)
        except CriteriaError:
            return _set_by(score)
        if outcome.points == score.points:
            return outcome.sentence
        sentence = outcome.sentence
    if score.stage in {Stage.SURVEY, Stage.CENTRAL}:
        return sentence or _("%(points)s points from: %(stage)s.") % _values(score)
    # What the rule gives on the figures is not what counts: said so, lest the two be read as one computation.
    by_rule = _("By the rule: %(sentence)s") % {"sentence": sentence} if sentence else ""
    return " ".join(part for part in (by_rule, _set_by(score)) if part)


def _set_by(score: ReleaseScore) -> str:
    return _("%(stage)s set %(points)s points.") % _values(score)


def _values(score: ReleaseScore) -> dict[str, str]:
    label = Stage(score.stage).label if score.stage in Stage.values else score.stage
    return {"points": exact(score.points or Decimal(0)), "stage": str(label)}


def rule_sentence(leaf: Leaf) -> str:
    """Return the leaf's rule in words."""
    return get_rule(leaf.rule, leaf.maximum).describe()
