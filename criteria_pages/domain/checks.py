"""What must hold before a criteria set is published: all problems at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.translation import gettext as _

from cms.numbers import exact
from criteria_pages.definition import Applicability, Criterion, Definition, Domain, Leaf
from criteria_pages.domain.authoring import PATH_SIGN
from criteria_pages.domain.problems import Problem
from criteria_pages.domain.vocabulary import Vocabulary, read_vocabulary
from criteria_pages.enums import Scorer
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule

CODE = re.compile(r"[A-Za-z0-9]+([.-][A-Za-z0-9]+)*", re.ASCII)
CODE_LENGTH = 32
MAX_NODES = 3000
MAX_DECIMALS = 6
FEW = 20
Node = Domain | Criterion | Leaf
Found = tuple[str, str]


def check_definition(definition: Definition, *, vocabulary: Vocabulary | None = None) -> list[Problem]:
    """Return every problem of the set in the order of its nodes; empty where it may be published.

    `vocabulary` is what tiers, groups, attributes, units and legal documents exist (read from the database if absent).
    """
    words = vocabulary or read_vocabulary()
    places = list(_places(definition))
    if len(places) > MAX_NODES:
        return [
            Problem(
                "",
                _("The set has %(count)s nodes; at most %(limit)s are allowed.")
                % {
                    "count": len(places),
                    "limit": MAX_NODES,
                },
            )
        ]
    problems = list(_check_whole(definition))
    problems += _check_codes(places)
    for place in places:
        problems += place.check(words)
    tiers = sorted({tier for place in places for tier in place.node.applicability.tiers})
    problems += _check_sums(definition, places, tiers)
    return sorted(problems, key=lambda problem: problem.position)


class _Place:
    """A node with its place."""

    def __init__(self, node: Node, position: tuple[int, ...], above: tuple[str, ...]) -> None:
        self.node = node
        self.position = position
        self.codes = (*above, node.code or f"({position[-1] + 1})")

    def problem(self, field: str, message: str) -> Problem:
        return Problem(self.node.code, message, PATH_SIGN.join(self.codes), self.position, field)

    def check(self, words: Vocabulary) -> Iterator[Problem]:
        """Yield what is wrong with the node by itself."""
        for field, message in _check_node(self.node, words):
            yield self.problem(field, message)


def _places(definition: Definition) -> Iterator[_Place]:
    for d, domain in enumerate(definition.domains):
        yield (outer := _Place(domain, (d,), ()))
        for c, criterion in enumerate(domain.criteria):
            yield (middle := _Place(criterion, (d, c), outer.codes))
            for s, leaf in enumerate(criterion.children):
                yield _Place(leaf, (d, c, s), middle.codes)


def _check_whole(definition: Definition) -> Iterator[Problem]:
    if not definition.title:
        yield Problem("", _("The set has no title."), field="title")
    if not definition.domains:
        yield Problem("", _("The set has no domains."), field="body")
    if definition.total <= 0:
        yield Problem("", _("The declared total is not above 0."), field="declared_total")
    if definition.bonus_cap < 0 or definition.penalty_cap < 0:
        yield Problem("", _("The caps of bonus and penalty points are numbers from 0."), field="bonus_cap")


def _check_codes(places: Iterable[_Place]) -> Iterator[Problem]:
    seen: dict[str, _Place] = {}
    for place in places:
        code = place.node.code
        if not code:
            yield place.problem("code", _("The code is missing."))
        elif len(code) > CODE_LENGTH or not CODE.fullmatch(code):
            yield place.problem(
                "code",
                _("The code “%(code)s” is not well formed: letters and digits parted by points, for instance 1.2.3.")
                % {"code": code},
            )
        elif code in seen:
            yield place.problem(
                "code",
                _("The code “%(code)s” is used twice, also at %(path)s.")
                % {"code": code, "path": PATH_SIGN.join(seen[code].codes)},
            )
        else:
            seen[code] = place


def _check_node(node: Node, words: Vocabulary) -> Iterator[Found]:
    """Yield (field, sentence) of what is wrong with a node by itself."""
    yield from _check_head(node)
    yield from _check_applicability(node.applicability, words)
    match node:
        case Domain():
            if not node.criteria:
                yield "criteria", _("The domain has no criteria.")
            if node.agency and node.agency not in words.units:
                yield "agency", _unknown(_("agency"), [node.agency])
        case Criterion(leaf=None):
            if not node.children:
                yield "children", _("The criterion has neither a rule nor sub-criteria.")
        case Criterion(leaf=Leaf() as leaf):
            yield from _check_leaf(leaf, words)
            yield from _check_applicability(leaf.applicability, words)
        case Leaf() as leaf:
            yield from _check_leaf(leaf, words)


def _check_head(node: Node) -> Iterator[Found]:
    if not node.name:
        yield "name", _("The name is missing.")
    if node.maximum <= 0:
        yield "maximum", _("The maximum points are not above 0.")
    elif -int(node.maximum.as_tuple().exponent) > MAX_DECIMALS:
        yield "maximum", _("The maximum points have more than %(count)s decimals.") % {"count": MAX_DECIMALS}


def _check_leaf(leaf: Leaf, words: Vocabulary) -> Iterator[Found]:
    yield from _check_rule(leaf)
    if leaf.agency and leaf.agency not in words.units:
        yield "agency", _unknown(_("agency"), [leaf.agency])
    if missing := [number for number in leaf.legal_basis if number not in words.legal_documents]:
        yield "legal_basis", _unknown(_("legal document"), missing)


def _check_rule(leaf: Leaf) -> Iterator[Found]:
    if not leaf.rule.kind:
        yield "rule", _("There is no scoring rule.")
        return
    try:
        for message in get_rule(leaf.rule, leaf.maximum).problems():
            yield "rule", message
    except CriteriaError as error:
        yield "rule", error.message
    if leaf.scorer not in Scorer.values:
        yield "scorer", _("“%(scorer)s” is not one of those who score.") % {"scorer": leaf.scorer}
    elif (leaf.scorer == Scorer.SURVEY) != (leaf.rule.kind == "survey"):
        yield "scorer", _("The source of points “Sociological survey” needs the rule “Sociological survey”.")
    elif leaf.rule.kind == "central" and leaf.scorer != Scorer.CENTRAL:
        yield "scorer", _("The rule “Entered centrally” needs the source of points “Entered centrally”.")


def _check_applicability(conditions: Applicability, words: Vocabulary) -> Iterator[Found]:
    for name, given, known in (
        (_("tier"), conditions.tiers, words.tiers),
        (_("group"), conditions.groups, words.groups),
        (_("unit"), conditions.units, words.units),
        (_("attribute"), (*conditions.attributes, *conditions.without_attributes), words.attributes),
    ):
        if unknown := [code for code in given if code not in known]:
            yield "applicability", _unknown(name, unknown, known)
    if both := set(conditions.attributes) & set(conditions.without_attributes):
        yield (
            "applicability",
            _("“%(names)s” is asked for and excluded at once, so no unit is asked.")
            % {"names": ", ".join(sorted(both))},
        )


def _unknown(what: str, codes: Iterable[str], known: Iterable[str] = ()) -> str:
    """Say what is unknown and, where there are few enough to be read, what may be written instead."""
    values = {"what": what, "codes": ", ".join(codes)}
    choices = sorted(known)
    if 0 < len(choices) <= FEW:
        values["choices"] = ", ".join(choices)
        return _("Unknown %(what)s: %(codes)s. Use one of: %(choices)s.") % values
    return _("Unknown %(what)s: %(codes)s. Choose it by its name, or ask an administrator to enter it.") % values


# --- sums -------------------------------------------------------------------------------------------------------------
def _check_sums(definition: Definition, places: Iterable[_Place], tiers: list[str]) -> Iterator[Problem]:
    """The declared maximum of a node is the sum of its parts: of all of them, or of those of each tier that is named.

    A set that holds parts for several tiers side by side may so declare what each single tier can reach.
    """
    for place in places:
        match place.node:
            case Domain(criteria=parts) | Criterion(leaf=None, children=parts) if parts:
                found = _sum_problem(place.node.maximum, parts, tiers)
                if found:
                    yield place.problem("maximum", found)
    if definition.domains and (found := _sum_problem(definition.total, definition.domains, tiers)):
        yield Problem("", _("Total: %(problem)s") % {"problem": found}, field="declared_total")


def _sum_problem(declared: Decimal, parts: Iterable[Node], tiers: list[str]) -> str:
    total = _sum(parts, None)
    if total == declared:
        return ""
    per_tier = {value for tier in tiers if (value := _sum(parts, tier))}
    if per_tier == {declared}:
        return ""
    return _("%(declared)s points are declared, but the parts add up to %(sum)s.") % {
        "declared": exact(declared),
        "sum": exact(total),
    }


def _sum(parts: Iterable[Node], tier: str | None) -> Decimal:
    """Return the sum of the parts asked of a tier (None: of all), looking through to the scored leaves for a tier."""
    total = Decimal(0)
    for part in parts:
        if tier is not None and part.applicability.tiers and tier not in part.applicability.tiers:
            continue
        total += part.maximum if tier is None or isinstance(part, Leaf) else _inner(part, tier)
    return total


def _inner(part: Domain | Criterion, tier: str) -> Decimal:
    if isinstance(part, Domain):
        return _sum(part.criteria, tier)
    return _sum(part.leaves, tier)
