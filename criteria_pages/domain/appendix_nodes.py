"""What reading an appendix table works with: the notes on cells, and nodes while they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cms import clock
from cms.models import Unit
from cms.text import fold
from criteria_pages.definition import Definition
from criteria_pages.domain.appendix_cells import CRITERION, DOMAIN, LEAF, MAXIMUM, NUMBER, SCORED, complete
from criteria_pages.domain.appendix_layout import Number, points_of

UNDERSTOOD, GUESSED, OPEN, WRONG = "understood", "guessed", "open", "wrong"


@dataclass(frozen=True, slots=True)
class CellNote:
    """What became of one cell (or of a whole row or sheet, where `cell` says so). `kind`: see the constants above.

    `field` is the node's field that the cell fills ("" where there is no single one).
    """

    kind: str
    cell: str
    code: str
    text: str
    field: str = ""


@dataclass
class Appendix:
    """What was read: the definition and the notes; `sheet` is the sheet that was taken."""

    definition: Definition
    notes: list[CellNote] = field(default_factory=list)
    sheet: str = ""

    def count(self, kind: str) -> int:
        """Return how many notes are of a kind."""
        return sum(note.kind == kind for note in self.notes)


@dataclass
class Node:
    """A node while it is read: where it stands, what its cells say, and the node hidden beside it."""

    row: int
    kind: str
    code: str
    cells: dict[str, Any]
    hidden: Mapping[str, Any] | None = None
    same: frozenset[str] = frozenset()
    lines: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def declared(node: Node) -> Decimal:
    """Return the points that a node's cell says, or else those of its parts together."""
    points = points_of(node.cells.get(MAXIMUM))
    return points if points is not None else sum(map(declared, node.children), Decimal(0))


def is_group(node: Node) -> bool:
    return node.hidden is not None and "leaf" not in node.hidden and node.kind == CRITERION and NUMBER in node.same


def fits(node: Node) -> bool:
    """Whether what is hidden is of the kind that the node is in this table."""
    assert node.hidden is not None  # noqa: S101 -- the caller has looked
    kind = {True: SCORED}.get("leaf" in node.hidden, LEAF if "rule" in node.hidden else "group")
    return (kind == "group") == (node.kind in {DOMAIN, CRITERION}) and (kind == SCORED) == (node.kind == SCORED)


def by_tier(node: Node) -> bool:
    """Whether parts for several tiers stand side by side, so that the sum of all of them says nothing."""
    inner = [child.data.get("leaf", child.data) for child in node.children]
    return any("tiers" in data.get("applicability", {}) for data in inner) or any(map(by_tier, node.children))


def without_blanks(data: Mapping[str, Any]) -> dict[str, Any]:
    return complete({key: value for key, value in data.items() if value not in ("", [], {}, ())})


def pair(number: Number, code: str) -> dict[str, str]:
    return {"number": number.text, "code": code}


def unit_codes() -> dict[str, set[str]]:
    """Return the codes of today's units by folded code, name and short name."""
    found: dict[str, set[str]] = {}
    for code, name, short in Unit.objects.valid_on(clock.today()).values_list("code", "name", "short_name"):
        for text in {fold(code), fold(name), fold(short)} - {""}:
            found.setdefault(text, set()).add(code)
    return found
