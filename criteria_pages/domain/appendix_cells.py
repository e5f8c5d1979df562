"""What the appendix table of a criteria set shows, and the exact node that travels hidden beside each row.

One row per node, eight columns as offices print them. Behind them, hidden, stands the node as JSON with a mark
(a hash) of each visible cell as it was written: where a cell still bears its mark the exact value counts, else the
cell.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cms.text import normal
from criteria_pages.definition import Criterion, Definition, Domain, Leaf, plain
from criteria_pages.domain.authoring import body_from_definition, parse_body
from criteria_pages.domain.methodology import Names, read_names, rule_in_words
from criteria_pages.enums import Scorer
from criteria_pages.exceptions import CriteriaError

NUMBER, NAME, MAXIMUM, RULE, EVIDENCE, NOTE, SCORER, AGENCY = (
    "number",
    "name",
    "maximum",
    "rule",
    "evidence",
    "note",
    "scorer",
    "agency",
)
COLUMNS = (NUMBER, NAME, MAXIMUM, RULE, EVIDENCE, NOTE, SCORER, AGENCY)
#: The file is an official Vietnamese document, whatever the language of the interface.
LANGUAGE = "vi"
HEADERS = {
    NUMBER: "STT",
    NAME: "Lĩnh vực/tiêu chí/tiêu chí thành phần",
    MAXIMUM: "Điểm tối đa",
    RULE: "Thang điểm, cách chấm",
    EVIDENCE: "Tài liệu kiểm chứng",
    NOTE: "Ghi chú",
    SCORER: "Hình thức chấm",
    AGENCY: "Cơ quan thẩm định",
}
SCORERS = {Scorer.SELF: "Tự chấm và thẩm định", Scorer.SURVEY: "Điều tra xã hội học", Scorer.CENTRAL: "Chấm tập trung"}
TOTAL = "Tổng cộng"
TAG = "portal-appendix-1"
FIRST_HIDDEN = len(COLUMNS) + 1
CHUNK = 30_000
_MAX_CELL = 32_000
SET, DOMAIN, CRITERION, SCORED, LEAF = "set", "domain", "criterion", "scored", "leaf"
_BROKEN = (CriteriaError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError, IndexError)


@dataclass(frozen=True)
class Row:
    """A row of the table: what it shows, by column, and the node behind it."""

    kind: str
    cells: Mapping[str, str | Decimal] = field(default_factory=dict)
    node: Mapping[str, Any] = field(default_factory=dict)

    @property
    def payload(self) -> str:
        """The node and the marks of the visible cells, as ASCII JSON that no spreadsheet changes."""
        data = {
            "kind": self.kind,
            "node": self.node,
            "marks": {name: mark(value) for name, value in self.cells.items()},
        }
        return json.dumps(data, sort_keys=True, separators=(",", ":")).replace("_x", "\\u005fx")


def mark(value: object) -> str:
    """Return the mark of a cell: blanks and kinds of line ends do not count, numbers count by value."""
    text = plain(Decimal(value)) if isinstance(value, Decimal | int) else normal(str(value or ""))
    seen = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return hashlib.sha256(seen.encode(errors="replace")).hexdigest()[:16]


def rows_of(definition: Definition) -> Iterator[Row]:
    """Yield the row of the set (its title), then a row per node."""
    names = read_names(definition)
    data = definition.to_json()
    head = {key: value for key, value in data.items() if key != "domains"}
    yield Row(SET, {NAME: _short(definition.title), MAXIMUM: definition.total}, head)
    for domain, raw in zip(definition.domains, data["domains"], strict=True):
        yield Row(DOMAIN, _group_cells(domain, names), _without(raw, "criteria"))
        for criterion, inner in zip(domain.criteria, raw.get("criteria", ()), strict=True):
            if criterion.leaf:
                yield Row(SCORED, _leaf_cells(criterion.leaf, names), inner)
                continue
            yield Row(CRITERION, _group_cells(criterion, names), _without(inner, "children"))
            for leaf, own in zip(criterion.children, inner.get("children", ()), strict=True):
                yield Row(LEAF, _leaf_cells(leaf, names), own)


def is_sound(kind: str, node: Mapping[str, Any]) -> bool:
    """Whether hidden data say a node exactly as this software would write it."""
    try:
        return _rebuilt(kind, node) == node
    except _BROKEN:
        return False


def complete(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node's JSON with the texts that are left out where they are empty but are needed to read it."""
    whole = {"code": "", "name": "", "maximum": "0", **node}
    return {**whole, "leaf": complete(node["leaf"])} if "leaf" in node else whole


def _rebuilt(kind: str, node: Mapping[str, Any]) -> Any:
    wrapped: dict[str, Any] = {"title": "x", "total": "0", "domains": []}
    if kind == SET:
        return _without(Definition.from_json({"title": "", **node, "domains": []}).to_json(), "domains")
    node = complete(node)
    outer = {"code": "x", "name": "x", "maximum": "0"}
    if kind == DOMAIN:
        wrapped["domains"] = [node]
    elif kind in {CRITERION, SCORED}:
        wrapped["domains"] = [{**outer, "criteria": [node]}]
    else:
        wrapped["domains"] = [{**outer, "criteria": [{**outer, "children": [node]}]}]
    definition = Definition.from_json(wrapped)
    zero = Decimal(0)
    parsed = parse_body(
        body_from_definition(definition), title="x", title_en="", total=zero, bonus_cap=zero, penalty_cap=zero
    )
    domain = parsed.definition.to_json()["domains"][0]
    if kind == DOMAIN:
        return _without(domain, "criteria")
    criterion = domain["criteria"][0]
    return criterion["children"][0] if kind == LEAF else _without(criterion, "children")


def _group_cells(node: Domain | Criterion, names: Names) -> dict[str, str | Decimal]:
    agency = node.agency if isinstance(node, Domain) else ""
    return {
        NUMBER: _short(node.code),
        NAME: _short(node.name),
        MAXIMUM: node.maximum,
        RULE: "",
        EVIDENCE: "",
        NOTE: _short(node.note),
        SCORER: "",
        AGENCY: _short(names.units.get(agency, agency)),
    }


def _leaf_cells(leaf: Leaf, names: Names) -> dict[str, str | Decimal]:
    return {
        NUMBER: _short(leaf.code),
        NAME: _short(leaf.name),
        MAXIMUM: leaf.maximum,
        RULE: _short(rule_text(leaf)),
        EVIDENCE: _short(leaf.evidence),
        NOTE: _short(leaf.note),
        SCORER: SCORERS.get(Scorer(leaf.scorer), "") if leaf.scorer in Scorer.values else _short(leaf.scorer),
        AGENCY: _short(names.units.get(leaf.agency, leaf.agency)),
    }


def rule_text(leaf: Leaf) -> str:
    """Return the rule as the table shows it: levels and bands as lines of their own."""
    if not leaf.rule.kind:
        return ""
    _kind, sentence = rule_in_words(leaf)
    return sentence.replace("; ", "\n") if leaf.rule.kind in {"levels", "ratio", "deadline"} else sentence


def _short(text: str) -> str:
    return text[:_MAX_CELL]


def _without(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}
