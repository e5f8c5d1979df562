"""From inputs to points, from points to the index. Pure: Decimals and dataclasses in, dataclasses out.

Exactness: rules and the index are computed in `CONTEXT` (50 significant digits). A leaf's points are put on the grain
of the ledger (`GRAIN`, six decimals, half up) once, in `score_leaf`; from there on sums of points are exact. The index
is a quotient in 50 digits. Nothing is rounded for display here (that is `cms.numbers`). See docs/scoring.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow, localcontext

from django.utils.translation import gettext as _

from criteria_pages.definition import Criterion, Definition, Domain, Leaf
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import Outcome, get_rule

CONTEXT = Context(prec=50, rounding=ROUND_HALF_EVEN, Emin=-999, Emax=999, traps=[InvalidOperation, Overflow])
GRAIN = Decimal("0.000001")
ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class LeafPoints:
    """The points a leaf has at some stage. `points` None: not scored yet. `applicable` False: leaves the maximum."""

    points: Decimal | None
    applicable: bool = True
    stage: str = ""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """Points and maximum of a leaf, criterion, domain or the whole. `missing`: codes of leaves not scored yet.

    A missing leaf adds nothing to `points` but keeps its place in `maximum`; whoever shows the figure says so.
    """

    points: Decimal
    maximum: Decimal
    missing: tuple[str, ...] = ()

    @property
    def index(self) -> Decimal | None:
        """Points in per cent of the maximum, unrounded; None where nothing applies."""
        return CONTEXT.divide(CONTEXT.multiply(self.points, HUNDRED), self.maximum) if self.maximum else None


@dataclass(frozen=True, slots=True)
class IndexResult:
    """The index of one unit with its parts.

    `nodes` has every domain, criterion and leaf of the unit's definition by code. `points` includes bonus and penalty
    and is held within 0 and `maximum`; the nodes do not. `unknown`: codes that were given points but are not asked of
    the unit; they count nowhere.
    """

    points: Decimal
    maximum: Decimal
    index: Decimal | None
    nodes: Mapping[str, NodeResult]
    missing: tuple[str, ...]
    bonus: Decimal = ZERO
    penalty: Decimal = ZERO
    unknown: tuple[str, ...] = ()


def to_grain(points: Decimal) -> Decimal:
    """Return points on the grain of the ledger: six decimals, half up."""
    return points.quantize(GRAIN, rounding=ROUND_HALF_UP, context=CONTEXT)


def score_leaf(leaf: Leaf, inputs: Mapping[str, str]) -> Outcome:
    """Return points, trace sentence and applicability of a leaf for canonical inputs, points on the ledger's grain.

    Raises InputError (sentence and field) where the inputs cannot be scored.
    """
    with localcontext(CONTEXT):
        outcome = get_rule(leaf.rule, leaf.maximum).score(inputs)
        points = to_grain(outcome.points)
    if not ZERO <= points <= leaf.maximum:
        raise CriteriaError(
            _("The rule of criterion %(code)s gives points outside 0 and its maximum.") % {"code": leaf.code},
            code="points_out_of_bounds",
        )
    return replace(outcome, points=points)


def compute_index(
    definition: Definition,
    leaf_points: Mapping[str, LeafPoints],
    *,
    bonus: Decimal | int = 0,
    penalty: Decimal | int = 0,
) -> IndexResult:
    """Return the index of a unit by its own maximum.

    `definition` is the part that applies to the unit (`Definition.for_unit`). A leaf with `applicable` False leaves
    the maximum; a leaf without points is missing. Bonus and penalty (not negative) are cut at the definition's caps.
    The index is None where the maximum is 0. Raises CriteriaError where points lie outside 0 and a leaf's maximum.
    """
    with localcontext(CONTEXT):
        nodes: dict[str, NodeResult] = {}
        domains = [_domain_result(domain, leaf_points, nodes) for domain in definition.domains]
        whole = _sum(domains)
        given_bonus = _capped(Decimal(bonus), definition.bonus_cap)
        given_penalty = _capped(Decimal(penalty), definition.penalty_cap)
        points = max(ZERO, min(whole.points + given_bonus - given_penalty, whole.maximum))
        total = NodeResult(points, whole.maximum, whole.missing)
        return IndexResult(
            points=points,
            maximum=whole.maximum,
            index=total.index,
            nodes=nodes,
            missing=whole.missing,
            bonus=given_bonus,
            penalty=given_penalty,
            unknown=tuple(sorted(code for code in leaf_points if not definition.has_leaf(code))),
        )


def _domain_result(domain: Domain, leaf_points: Mapping[str, LeafPoints], nodes: dict[str, NodeResult]) -> NodeResult:
    parts = [_criterion_result(criterion, leaf_points, nodes) for criterion in domain.criteria]
    result = nodes[domain.code] = _sum(parts)
    return result


def _criterion_result(
    criterion: Criterion, leaf_points: Mapping[str, LeafPoints], nodes: dict[str, NodeResult]
) -> NodeResult:
    parts = []
    for leaf in criterion.leaves:
        nodes[leaf.code] = part = _leaf_result(leaf, leaf_points.get(leaf.code))
        parts.append(part)
    result = nodes[criterion.code] = _sum(parts)
    return result


def _leaf_result(leaf: Leaf, given: LeafPoints | None) -> NodeResult:
    if given is None or (given.applicable and given.points is None):
        return NodeResult(ZERO, leaf.maximum, (leaf.code,))
    if not given.applicable:
        return NodeResult(ZERO, ZERO)
    points = given.points or ZERO
    if not ZERO <= points <= leaf.maximum:
        raise CriteriaError(
            _("Criterion %(code)s has %(points)s points, outside 0 and its maximum of %(maximum)s.")
            % {"code": leaf.code, "points": points, "maximum": leaf.maximum},
            code="points_out_of_bounds",
        )
    return NodeResult(points, leaf.maximum)


def _sum(parts: Iterable[NodeResult]) -> NodeResult:
    points = maximum = ZERO
    missing: tuple[str, ...] = ()
    for part in parts:
        points += part.points
        maximum += part.maximum
        missing += part.missing
    return NodeResult(points, maximum, missing)


def _capped(value: Decimal, cap: Decimal) -> Decimal:
    if value < 0:
        raise CriteriaError(_("Bonus and penalty points are given as numbers from 0."), code="negative_bonus")
    return min(value, cap)
