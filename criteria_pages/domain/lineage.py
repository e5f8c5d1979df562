"""What became of each node of the set before: computed, overridden by the editor with a reason, frozen with an edition.

Nodes are matched by the predecessor's code that stands on them (`NodeLink`), inside one set by their own code. A leaf
is the same where nothing that bears on its points differs; changed where points, bands or applicability differ; not
comparable where another kind of rule or another scorer brings the points, or where more of a number now means less. A
group, and the whole set, is as comparable as the points below it: the same where all of it is, not comparable where
less than half of its points, then or now, rest on comparable leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from criteria_pages.definition import Criterion, Definition, Domain, Leaf, RuleSpec
from criteria_pages.domain.authoring import NodeLink, definition_from_page, links_of_body
from criteria_pages.domain.comparison import Change, compare_nodes
from criteria_pages.domain.problems import Problem
from criteria_pages.enums import ChangeKind, LineageStatus
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule

if TYPE_CHECKING:
    from criteria_pages.models import CriteriaEdition, CriteriaSetPage

SCHEMA_VERSION = 1
WHOLE = ""
COMPARABLE = frozenset({LineageStatus.SAME, LineageStatus.CHANGED})
ENOUGH = Decimal("0.5")
_WEIGHT = {LineageStatus.SAME: 0, LineageStatus.CHANGED: 1, LineageStatus.NOT_COMPARABLE: 2}
_BEARING = frozenset({ChangeKind.SCORING, ChangeKind.APPLICABILITY})
Node = Domain | Criterion | Leaf


@dataclass(frozen=True, slots=True)
class LineageRow:
    """One node: its code ("" where it was dropped), its predecessor's ("" where it is new), how the two compare.

    `computed` is what the software says, `status` what counts: the editor's word, with its `reason`, where there is
    one.
    """

    code: str
    predecessor: str
    status: str
    computed: str
    reason: str = ""

    @property
    def status_label(self) -> str:
        """The status in words."""
        return str(LineageStatus(self.status).label)

    @property
    def computed_label(self) -> str:
        """What the software says, in words."""
        return str(LineageStatus(self.computed).label)

    @property
    def is_overridden(self) -> bool:
        """Whether the editor said otherwise than the software."""
        return self.status != self.computed

    @property
    def is_comparable(self) -> bool:
        """Whether figures of the two may be set beside each other."""
        return self.status in COMPARABLE


@dataclass(frozen=True)
class Lineage:
    """The whole comparison of a set with the one before."""

    whole: LineageRow
    rows: tuple[LineageRow, ...] = ()
    _by_code: dict[str, LineageRow] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._by_code.update((row.code, row) for row in self.rows if row.code)

    def of(self, code: str) -> LineageRow | None:
        """Return the row of a node of the newer set; None where it has no such node."""
        return self._by_code.get(code)

    def after(self, predecessor: str) -> LineageRow | None:
        """Return the row of the node that follows a node of the older set; None where it was dropped."""
        return next((row for row in self.rows if row.code and row.predecessor == predecessor), None)

    def count(self, status: str) -> int:
        """Return how many nodes have the status."""
        return sum(row.status == status for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return the lineage as JSON data, as it is frozen with an edition."""
        return {
            "schema": SCHEMA_VERSION,
            "whole": _row_json(self.whole),
            "nodes": [_row_json(row) for row in self.rows],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Lineage:
        """Read what `to_json` wrote."""
        return cls(whole=_row_from_json(data["whole"]), rows=tuple(map(_row_from_json, data["nodes"])))


@dataclass(frozen=True, slots=True)
class LineageLine:
    """A row with what people need to judge it: both nodes, what differs, and where the newer one stands."""

    row: LineageRow
    old: Node | None
    new: Node | None
    changes: tuple[Change, ...] = ()
    position: tuple[int, ...] = ()


def compute_lineage(
    old: Definition,
    new: Definition,
    *,
    links: Iterable[NodeLink] | None = None,
    whole_status: str = "",
    whole_reason: str = "",
) -> Lineage:
    """Return how `new` compares with `old`. Without `links` nodes are matched by their own code, as inside one set."""
    given = list(links) if links is not None else [NodeLink(code, code) for code in new.nodes]
    said = {link.code: link for link in given}
    origin = _claims(given, old)
    computed: dict[str, LineageRow] = {}
    for leaf in new.leaves:
        before = old.nodes.get(origin.get(leaf.code, ""))
        status = _leaf_status(before, leaf) if before is not None else LineageStatus.NEW
        computed[leaf.code] = _row(leaf.code, origin, status, said)
    for code, node in new.nodes.items():
        if code not in computed:
            before = old.nodes.get(origin.get(code, ""))
            status = _group_status(before, node, computed) if before is not None else LineageStatus.NEW
            computed[code] = _row(code, origin, status, said)
    rows = [computed[code] for code in new.nodes if code]
    kept = set(origin.values())
    rows += [
        LineageRow("", code, LineageStatus.DROPPED, LineageStatus.DROPPED) for code in old.nodes if code not in kept
    ]
    status = _points_status(old.leaves, new.leaves, computed)
    whole = LineageRow(WHOLE, WHOLE, whole_status or status, status, whole_reason)
    return Lineage(whole=whole, rows=tuple(rows))


def lineage_of_page(page: CriteriaSetPage) -> Lineage | None:
    """Return how the page as it is (draft or live) compares with the edition it was started from; None without one."""
    if page.predecessor is None:
        return None
    return compute_lineage(
        page.predecessor.definition,
        definition_from_page(page),
        links=links_of_body(page.body.get_prep_value()),
        whole_status=page.comparison_status,
        whole_reason=page.comparison_reason,
    )


def frozen_lineage(edition: CriteriaEdition) -> Lineage | None:
    """Return the lineage that was frozen with the edition; None where it follows no other set."""
    return Lineage.from_json(edition.lineage_json) if edition.lineage_json else None


def lineage_between(older: CriteriaEdition, newer: CriteriaEdition) -> Lineage | None:
    """Return how the nodes of `newer` compare with those of `older`, over all sets in between.

    None where the two are not of one line. Steps are joined: a node is as comparable as the weakest step.
    """
    seen: set[int] = set()
    current, joined = newer, None
    while current.pk not in seen:
        seen.add(current.pk)
        if current.page_id == older.page_id:
            return _join(_inside(older, current), joined)
        step = frozen_lineage(current)
        if current.predecessor is None or step is None:
            return None
        joined = _join(step, joined)
        current = current.predecessor
    return None


def lineage_lines(lineage: Lineage, old: Definition, new: Definition, links: Iterable[NodeLink]) -> list[LineageLine]:
    """Return the rows with both nodes and what differs between them, in words."""
    places = {link.code: link.position for link in links}
    lines = []
    for row in lineage.rows:
        before, after = old.nodes.get(row.predecessor), new.nodes.get(row.code)
        changes = compare_nodes(_moved(before, after), after) if before is not None and after is not None else ()
        lines.append(LineageLine(row, before, after, changes, places.get(row.code, ())))
    return lines


def lineage_problems(page: CriteriaSetPage, links: Iterable[NodeLink]) -> Iterator[Problem]:
    """Yield what is wrong with the past of nodes: predecessors unknown or claimed twice, words without a reason."""
    if page.predecessor is None:
        return
    if page.comparison_status and not page.comparison_reason.strip():
        yield Problem("", _("Comparison of the whole set: give the reason."), field="comparison_reason")
    known = page.predecessor.definition.nodes
    claimed: dict[str, str] = {}
    for link in links:
        if link.status and not link.reason:
            yield _problem(link, _("Comparison with the set before: give the reason."))
        if link.predecessor in claimed:
            yield _problem(
                link,
                _("“%(code)s” of the set before is already continued by %(other)s; one node follows one.")
                % {"code": link.predecessor, "other": claimed[link.predecessor]},
            )
        elif link.predecessor and link.predecessor not in known:
            yield _problem(link, _("The set before has no node with the code “%(code)s”.") % {"code": link.predecessor})
        elif link.predecessor:
            claimed[link.predecessor] = link.code
        elif link.status:
            yield _problem(link, _("Comparison with the set before: name the code there, or leave it empty."))


# --- computing --------------------------------------------------------------------------------------------------------
def _claims(links: Iterable[NodeLink], old: Definition) -> dict[str, str]:
    """Return predecessors by code; where several name one, the node of the same code has it, else the first."""
    claims = [link for link in links if link.predecessor in old.nodes]
    origin: dict[str, str] = {}
    taken: set[str] = set()
    for link in sorted(claims, key=lambda link: link.code != link.predecessor):
        if link.predecessor not in taken and link.code not in origin:
            taken.add(link.predecessor)
            origin[link.code] = link.predecessor
    return origin


def _row(code: str, origin: Mapping[str, str], status: str, said: Mapping[str, NodeLink]) -> LineageRow:
    link = said.get(code)
    word = link.status if link is not None and code in origin else ""
    return LineageRow(
        code=code,
        predecessor=origin.get(code, ""),
        status=str(word or status),
        computed=str(status),
        reason=link.reason if link is not None and word else "",
    )


def _leaf_status(before: Node, leaf: Leaf) -> str:
    old = _scored(before)
    if old is None or old.rule.kind != leaf.rule.kind or old.scorer != leaf.scorer:
        return LineageStatus.NOT_COMPARABLE
    if _direction(old) != _direction(leaf):
        return LineageStatus.NOT_COMPARABLE
    changes = compare_nodes(_moved(old, leaf), leaf)
    return LineageStatus.CHANGED if any(change.kind in _BEARING for change in changes) else LineageStatus.SAME


def _group_status(before: Node, node: Node, computed: Mapping[str, LineageRow]) -> str:
    if _scored(before) is not None or not isinstance(node, Domain | Criterion):
        return LineageStatus.NOT_COMPARABLE
    status = _points_status(tuple(before.leaves), tuple(node.leaves), computed)  # type: ignore[union-attr]
    if status == LineageStatus.SAME and before.applicability != node.applicability:
        return LineageStatus.CHANGED
    return status


def _points_status(old: Iterable[Leaf], new: Iterable[Leaf], computed: Mapping[str, LineageRow]) -> str:
    """Return how comparable the points of two groups of leaves are as a whole."""
    before = {leaf.code: leaf.maximum for leaf in old}
    after = {leaf.code: leaf.maximum for leaf in new}
    kept = {code: computed[code] for code in after if computed[code].predecessor in before}
    comparable = {code: row for code, row in kept.items() if row.is_comparable}
    now = sum((after[code] for code in comparable), Decimal(0))
    then = sum((before[row.predecessor] for row in comparable.values()), Decimal(0))
    if now < ENOUGH * sum(after.values(), Decimal(0)) or then < ENOUGH * sum(before.values(), Decimal(0)):
        return LineageStatus.NOT_COMPARABLE
    whole = len(kept) == len(after) == len(before)
    if whole and all(row.status == LineageStatus.SAME for row in kept.values()):
        return LineageStatus.SAME
    return LineageStatus.CHANGED


def _scored(node: Node) -> Leaf | None:
    if isinstance(node, Leaf):
        return node
    return node.leaf if isinstance(node, Criterion) else None


def _direction(leaf: Leaf) -> Mapping[str, int]:
    try:
        return get_rule(leaf.rule, leaf.maximum).direction()
    except CriteriaError:
        return {}


def _moved(old: Node, new: Node) -> Node:
    """Return the older node with its due date in the newer one's year, where it is the same day of another year."""
    then, now = _scored(old), _scored(new)
    if then is None or now is None or then.rule.kind != "deadline" or now.rule.kind != "deadline":
        return old
    due_now = str(now.rule.params.get("due", ""))
    if _day_of_year(str(then.rule.params.get("due", ""))) != _day_of_year(due_now):
        return old
    rule = RuleSpec("deadline", {**then.rule.params, "due": due_now})
    moved = replace(then, rule=rule)
    return replace(old, leaf=moved) if isinstance(old, Criterion) else moved


def _day_of_year(due: str) -> str:
    """Return month and day; the last of February is one day in every year."""
    return due[4:].replace("-02-29", "-02-28")


# --- joining ----------------------------------------------------------------------------------------------------------
def _inside(older: CriteriaEdition, newer: CriteriaEdition) -> Lineage:
    """Return the lineage of two editions of one set."""
    return _by_code(_Frozen(older), _Frozen(newer))


class _Frozen:
    """An edition as a key: its definition never changes, its hash tells it apart."""

    def __init__(self, edition: CriteriaEdition) -> None:
        self.edition = edition

    def __hash__(self) -> int:
        return hash(self.edition.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen) and other.edition.sha256 == self.edition.sha256


@lru_cache(maxsize=64)
def _by_code(older: _Frozen, newer: _Frozen) -> Lineage:
    return compute_lineage(older.edition.definition, newer.edition.definition)


def _join(first: Lineage, second: Lineage | None) -> Lineage:
    """Return the lineage over two steps, the older one first."""
    if second is None:
        return first
    rows = []
    kept = set()
    for row in second.rows:
        if not row.code:
            continue
        before = first.of(row.predecessor) if row.predecessor else None
        if before is None or not before.predecessor:
            rows.append(LineageRow(row.code, "", LineageStatus.NEW, LineageStatus.NEW))
            continue
        kept.add(before.predecessor)
        rows.append(_weaker(before, row, row.code, before.predecessor))
    gone = [row.predecessor for row in first.rows if row.predecessor and row.predecessor not in kept]
    rows += [LineageRow("", code, LineageStatus.DROPPED, LineageStatus.DROPPED) for code in gone]
    return Lineage(whole=_weaker(first.whole, second.whole, WHOLE, WHOLE), rows=tuple(rows))


def _weaker(first: LineageRow, second: LineageRow, code: str, predecessor: str) -> LineageRow:
    weaker = max(first, second, key=lambda row: _WEIGHT.get(LineageStatus(row.status), 0))
    reason = weaker.reason or first.reason or second.reason
    return LineageRow(code, predecessor, weaker.status, weaker.computed, reason)


def _row_json(row: LineageRow) -> dict[str, str]:
    data = {"code": row.code, "from": row.predecessor, "status": row.status, "computed": row.computed}
    return {**data, "reason": row.reason} if row.reason else data


def _row_from_json(data: Mapping[str, str]) -> LineageRow:
    return LineageRow(data["code"], data["from"], data["status"], data["computed"], data.get("reason", ""))


def _problem(link: NodeLink, message: str) -> Problem:
    return Problem(link.code, message, link.code, link.position, "lineage")
