"""What differs between two definitions, in the words of the domain, and how heavy it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from wagtail.admin.compare import diff_text

from cms.numbers import exact
from criteria_pages.definition import Applicability, Criterion, Definition, Domain, Leaf, RuleSpec
from criteria_pages.enums import ChangeKind, Scorer
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule, rule_class
from criteria_pages.rules.parameters import Parameter, read_parameters

WEIGHT = {kind: weight for weight, kind in enumerate(ChangeKind.values)}
Node = Domain | Criterion | Leaf


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `code` is the node's code ("" for the whole set); `what` names the thing that changed.

    `before` and `after` are for people; an empty `before` means added, an empty `after` removed.
    """

    kind: str
    code: str
    name: str
    what: str
    before: str = ""
    after: str = ""

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """What stayed ("equal"), went ("deletion") and came ("addition"), in order; where both are there."""
        return tuple(diff_text(self.before, self.after).changes) if self.before and self.after else ()

    def __str__(self) -> str:
        place = f"{self.code} {self.name}".strip()
        if self.before and self.after:
            change = f"{self.what}: {self.before} → {self.after}"
        elif self.after:
            change = _("%(what)s added: %(value)s") % {"what": self.what, "value": self.after}
        elif self.before:
            change = _("%(what)s removed: %(value)s") % {"what": self.what, "value": self.before}
        else:
            change = self.what
        return f"{place}: {change}" if place else change


@dataclass(frozen=True, slots=True)
class EditionDiff:
    """All differences, and the heaviest kind among them."""

    kind: str
    changes: tuple[Change, ...]

    def of_kind(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)


def compare_definitions(old: Definition, new: Definition) -> EditionDiff:
    """Return what differs, nodes matched by code. The kind is the heaviest of the changes (NONE without any)."""
    changes = [*_whole(old, new), *_nodes(old, new)]
    kind = max((change.kind for change in changes), key=WEIGHT.__getitem__, default=ChangeKind.NONE.value)
    return EditionDiff(kind=str(kind), changes=tuple(changes))


def compare_nodes(old: Node, new: Node) -> tuple[Change, ...]:
    """Return what differs between two nodes themselves, whatever their codes, not between what lies below them."""
    return tuple(_node(old, new))


def _whole(old: Definition, new: Definition) -> Iterator[Change]:
    yield from _field(ChangeKind.WORDING, "", "", _("Name"), old.title, new.title)
    yield from _field(ChangeKind.WORDING, "", "", _("Title in English"), old.title_en, new.title_en)
    for what, before, after in (
        (_("Declared total"), old.total, new.total),
        (_("Cap of bonus points"), old.bonus_cap, new.bonus_cap),
        (_("Cap of penalty points"), old.penalty_cap, new.penalty_cap),
    ):
        yield from _field(ChangeKind.SCORING, "", "", what, exact(before), exact(after))


def _nodes(old: Definition, new: Definition) -> Iterator[Change]:
    before, after = dict(_flat(old)), dict(_flat(new))
    for code, (node, parent) in after.items():
        if code not in before:
            yield Change(ChangeKind.SCORING, code, node.name, _level(node), after=_points(node))
            continue
        former, former_parent = before[code]
        if parent != former_parent:
            yield Change(ChangeKind.SCORING, code, node.name, _("Place"), former_parent or "—", parent or "—")
        yield from _node(former, node)
    for code, (node, _parent) in before.items():
        if code not in after:
            yield Change(ChangeKind.SCORING, code, node.name, _level(node), before=_points(node))
    if list(before) != list(after) and set(before) == set(after):
        yield Change(ChangeKind.WORDING, "", "", _("The order of the criteria changed."))


def _flat(definition: Definition) -> Iterator[tuple[str, tuple[Node, str]]]:
    """Yield every node by code with its parent's code; a criterion that is scored itself is its leaf."""
    for domain in definition.domains:
        yield domain.code, (domain, "")
        for criterion in domain.criteria:
            yield criterion.code, (criterion, domain.code)
            for leaf in criterion.children:
                yield leaf.code, (leaf, criterion.code)


def _node(old: Node, new: Node) -> Iterator[Change]:
    code, name = new.code, new.name
    yield from _field(ChangeKind.WORDING, code, "", _("Name"), old.name, new.name)
    yield from _field(ChangeKind.WORDING, code, name, _("Name in English"), old.name_en, new.name_en)
    yield from _field(ChangeKind.SCORING, code, name, _("Points"), exact(old.maximum), exact(new.maximum))
    yield from _field(ChangeKind.WORDING, code, name, _("Note"), old.note, new.note)
    yield from _applicability(code, name, _conditions(old), _conditions(new))
    if isinstance(old, Domain) and isinstance(new, Domain):
        yield from _field(ChangeKind.WORDING, code, name, _("Appraising agency"), old.agency, new.agency)
    own_old, own_new = _own_leaf(old), _own_leaf(new)
    if own_old and own_new:
        yield from _leaf(own_old, own_new)
        if isinstance(old, Criterion) and isinstance(new, Criterion):
            yield from _field(ChangeKind.WORDING, code, name, _("Note"), own_old.note, own_new.note)
    elif bool(own_old) != bool(own_new):
        yield Change(ChangeKind.SCORING, code, name, _("Kind of node"), _level(old), _level(new))


def _conditions(node: Node) -> Applicability:
    """Return to whom the node applies; for a criterion that is scored itself the leaf's word counts first."""
    leaf = node.leaf if isinstance(node, Criterion) else None
    return leaf.applicability if leaf and not leaf.applicability.is_everybody else node.applicability


def _own_leaf(node: Node) -> Leaf | None:
    if isinstance(node, Leaf):
        return node
    return node.leaf if isinstance(node, Criterion) else None


def _leaf(old: Leaf, new: Leaf) -> Iterator[Change]:
    code, name = new.code, new.name
    yield from _rule(old, new)
    yield from _field(ChangeKind.SCORING, code, name, _("Source of points"), _scorer(old), _scorer(new))
    yield from _field(ChangeKind.WORDING, code, name, _("Appraising agency"), old.agency, new.agency)
    yield from _field(ChangeKind.EVIDENCE, code, name, _("Evidence asked for"), old.evidence, new.evidence)
    if old.evidence_required != new.evidence_required:
        what = _("Evidence or an explanation is a must")
        yield Change(ChangeKind.EVIDENCE, code, name, what, _yes(old.evidence_required), _yes(new.evidence_required))
    basis_old, basis_new = ", ".join(old.legal_basis), ", ".join(new.legal_basis)
    yield from _field(ChangeKind.WORDING, code, name, _("Legal basis"), basis_old, basis_new)


def _applicability(code: str, name: str, old: Applicability, new: Applicability) -> Iterator[Change]:
    if old != new:
        yield Change(
            ChangeKind.APPLICABILITY,
            code,
            name,
            _("Applies to"),
            describe_applicability(old),
            describe_applicability(new),
        )


def describe_applicability(conditions: Applicability) -> str:
    """Return the conditions as a sentence of codes."""
    parts = [
        f"{label}: {', '.join(codes)}"
        for label, codes in (
            (_("tiers"), conditions.tiers),
            (_("groups"), conditions.groups),
            (_("units"), conditions.units),
            (_("units that have"), conditions.attributes),
            (_("units that do not have"), conditions.without_attributes),
        )
        if codes
    ]
    return "; ".join(parts) or _("every unit")


# --- rules ------------------------------------------------------------------------------------------------------------
def _rule(old: Leaf, new: Leaf) -> Iterator[Change]:
    code, name, what = new.code, new.name, _("Scoring rule")
    if old.rule.kind != new.rule.kind:
        yield Change(ChangeKind.SCORING, code, name, what, _rule_text(old), _rule_text(new))
        return
    try:
        declared = rule_class(new.rule.kind).parameters
    except CriteriaError:
        if dict(old.rule.params) != dict(new.rule.params):
            yield Change(ChangeKind.SCORING, code, name, what)
        return
    yield from _parameters(declared, old.rule, new.rule, new)


def _parameters(declared: Iterable[Parameter], old: RuleSpec, new: RuleSpec, leaf: Leaf) -> Iterator[Change]:
    before, _problems = read_parameters(declared, old.params)
    after, _problems = read_parameters(declared, new.params)
    for parameter in declared:
        if parameter.kind == "list":
            yield from _rows(parameter, before[parameter.name], after[parameter.name], leaf)
        else:
            yield from _parameter(parameter, before[parameter.name], after[parameter.name], leaf, "")


def _parameter(parameter: Parameter, before: Any, after: Any, leaf: Leaf, prefix: str) -> Iterator[Change]:
    if before != after:
        yield Change(
            _weight(parameter),
            leaf.code,
            leaf.name,
            f"{prefix}{parameter.label}",
            parameter.in_words(before) or "—",
            parameter.in_words(after) or "—",
        )


def _rows(
    parameter: Parameter, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], leaf: Leaf
) -> Iterator[Change]:
    """Compare the rows of a list, matched by their first field (a band's start, a level's mark, a variable's name).

    A row whose first field alone tells it apart from the one in its place is the same row changed (80 % became 70 %).
    """
    key = parameter.items[0].name
    old_rows, new_rows = {row[key]: row for row in before}, {row[key]: row for row in after}
    moved = {
        new[key]: old
        for old, new in zip(before, after, strict=False)
        if new[key] not in old_rows and old[key] not in new_rows
    }
    what = str(parameter.label)
    for mark, row in new_rows.items():
        if mark not in old_rows:
            was = _row(parameter, moved[mark]) if mark in moved else ""
            yield Change(ChangeKind.SCORING, leaf.code, leaf.name, what, was, _row(parameter, row))
            continue
        prefix = f"{what} “{parameter.items[0].in_words(mark)}”, "
        for item in parameter.items[1:]:
            yield from _parameter(item, old_rows[mark][item.name], row[item.name], leaf, prefix)
    followed = {row[key] for row in moved.values()}
    for mark, row in old_rows.items():
        if mark not in new_rows and mark not in followed:
            yield Change(ChangeKind.SCORING, leaf.code, leaf.name, what, before=_row(parameter, row))


def _row(parameter: Parameter, row: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{item.label} {item.in_words(row[item.name])}" for item in parameter.items if row[item.name] not in (None, "")
    )


def _weight(parameter: Parameter) -> str:
    return ChangeKind.WORDING if parameter.is_wording else ChangeKind.SCORING


def _rule_text(leaf: Leaf) -> str:
    try:
        return f"{rule_class(leaf.rule.kind).label} ({get_rule(leaf.rule, leaf.maximum).describe()})"
    except CriteriaError:
        return leaf.rule.kind or "—"


# --- words ------------------------------------------------------------------------------------------------------------
def _field(kind: str, code: str, name: str, what: str, before: str, after: str) -> Iterator[Change]:
    if before != after:
        yield Change(kind, code, name, what, before or "—", after or "—")


def _points(node: Node) -> str:
    return _("%(name)s (%(points)s points)") % {"name": node.name, "points": exact(node.maximum)}


def _level(node: Node) -> str:
    if isinstance(node, Domain):
        return _("Domain")
    if isinstance(node, Leaf):
        return _("Sub-criterion")
    return _("Criterion scored itself") if node.leaf else _("Criterion")


def _scorer(leaf: Leaf) -> str:
    return str(Scorer(leaf.scorer).label) if leaf.scorer in Scorer.values else leaf.scorer


def _yes(value: bool) -> str:
    return _("Yes") if value else _("No")
