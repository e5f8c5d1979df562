"""From the cells of a row to the data of its node, with a note per cell. `appendix_reading.py` finds the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cms.numbers import exact
from cms.spreadsheets import Grid, cell_name
from cms.text import fold
from criteria_pages.definition import RuleSpec, plain
from criteria_pages.domain.appendix_cells import (
    AGENCY,
    CRITERION,
    DOMAIN,
    EVIDENCE,
    LEAF,
    MAXIMUM,
    NAME,
    NOTE,
    NUMBER,
    RULE,
    SCORED,
    SCORER,
    complete,
)
from criteria_pages.domain.appendix_layout import (
    Areas,
    Layout,
    number_in_name,
    points_of,
)
from criteria_pages.domain.appendix_nodes import (
    GUESSED,
    OPEN,
    UNDERSTOOD,
    WRONG,
    CellNote,
    Node,
    declared,
    fits,
    is_group,
    unit_codes,
    without_blanks,
)
from criteria_pages.domain.appendix_rules import read_rule
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import get_rule

SAFE_FORMULA = re.compile(r"^=\s*(?:(?:SUM|ROUND|SUBTOTAL)\(|[-+*/(),;:.\s\d$]|[A-Z]{1,2}\$?\d{1,5})+$", re.I)
_TEXTS = {EVIDENCE: "evidence", NOTE: "note"}
_LONGEST = 1000


class NodeFiller:
    """What is known of a sheet while its nodes are filled."""

    def __init__(self, grid: Grid, areas: Areas, layout: Layout) -> None:
        self.grid, self.areas, self.layout = grid, areas, layout
        self.notes: list[CellNote] = []
        self.domains: list[Node] = []
        self.total: tuple[int, Decimal] | None = None
        self.head: Mapping[str, Any] | None = None
        self.units = unit_codes()
        self.last: Node | None = None
        self.relative = False
        self.seen: Counter[str] = Counter()

    def note(self, kind: str, row: int, name: str, text: str, code: str = "", *, fills: str = "") -> None:
        """Say what became of a row's cell in a column; `fills` is the column whose field it fills, where another."""
        column = self.layout.columns.get(name, self.layout.columns.get(NAME, 0))
        cell = cell_name(row, column)
        field = "code" if name == NUMBER else fills or name
        self.notes.append(CellNote(kind, cell, code, text, field if code else ""))

    def _say_formulas(self, row: int, code: str) -> None:
        for name, column in self.layout.columns.items():
            formula = self.grid.formulas.get((row, column))
            if formula is None:
                continue
            if not SAFE_FORMULA.match(formula):
                text = _("A formula that is not plain arithmetic is not read: %(formula)s. Type the value.")
                self.note(WRONG, row, name, text % {"formula": formula[:120]}, code)
            elif self.grid.cell(row, column) is None:
                text = _("The formula %(formula)s has no stored value. Open the file, compute and save it.")
                self.note(OPEN, row, name, text % {"formula": formula[:120]}, code)
            else:
                text = _("The value of the formula %(formula)s was taken.")
                self.note(GUESSED, row, name, text % {"formula": formula[:120]}, code)

    def _all(self) -> Iterable[Node]:
        for domain in self.domains:
            yield domain
            for criterion in domain.children:
                if criterion.kind != LEAF:
                    criterion.kind = CRITERION if criterion.children or is_group(criterion) else SCORED
                yield criterion
                yield from criterion.children

    def _fill(self, node: Node) -> None:
        """Make the node's data of its cells, or of what is hidden where the cells still say it."""
        if node.cells:
            self._say_formulas(node.row, node.code)
        base = dict(node.hidden) if node.hidden and fits(node) else {}
        if base and node.same >= set(node.cells) and not node.lines:
            node.data = complete(base)
            self.note(
                UNDERSTOOD, node.row, NUMBER, _("%(code)s: exactly as exported.") % {"code": node.code}, node.code
            )
            return
        own = dict(base.get("leaf", base))
        own["code"], own["name"] = node.code[:32], self._name(node, own)
        maximum = self._maximum(node, own)
        own["maximum"] = plain(maximum)
        for column, name in _TEXTS.items():
            if column not in node.same and node.cells:
                self._put_text(node, own, column, name)
        if node.kind in {SCORED, LEAF}:
            self._scoring(node, own, maximum)
        elif node.lines or (RULE not in node.same and str(node.cells.get(RULE) or "").strip()):
            self._keep_words(node, own, _("A node that is scored through its parts has no rule; the words are kept."))
        if node.kind != CRITERION:
            self._agency(node, own)
        node.data = without_blanks(own)
        if node.kind == SCORED:
            head: dict[str, Any] = {
                key: node.data[key] for key in ("code", "name", "name_en", "maximum") if key in node.data
            }
            node.data = {**head, "leaf": node.data}

    def _name(self, node: Node, own: Mapping[str, Any]) -> str:
        if NAME in node.same and own.get("name"):
            return str(own["name"])
        name = str(node.cells.get(NAME) or "").strip()
        if NUMBER not in self.layout.columns:
            name = number_in_name(name)[1]
        name = " ".join(name.split())
        if not name:
            self.note(OPEN, node.row, NAME, _("The name is missing."), node.code)
        elif len(name) > _LONGEST:
            self.note(GUESSED, node.row, NAME, _("The name is longer than 1,000 characters; it was cut."), node.code)
        elif node.cells:
            self.note(UNDERSTOOD, node.row, NAME, name[:200], node.code)
        return name[:_LONGEST]

    def _maximum(self, node: Node, own: Mapping[str, Any]) -> Decimal:
        if MAXIMUM in node.same and own.get("maximum"):
            return Decimal(own["maximum"])
        cell = node.cells.get(MAXIMUM)
        points = points_of(cell)
        if points is not None:
            self.note(UNDERSTOOD, node.row, MAXIMUM, _("%(points)s points") % {"points": exact(points)}, node.code)
            return points
        total = sum((declared(child) for child in node.children), Decimal(0))
        if total:
            text = _("No maximum is written; the sum of the parts was taken: %(points)s.")
            self.note(GUESSED, node.row, MAXIMUM, text % {"points": exact(total)}, node.code)
            return total
        shown = str(cell)[:60] if cell is not None else ""
        text = _("“%(text)s” is not a number of points.") if shown else _("The maximum points are missing.")
        self.note(OPEN, node.row, MAXIMUM, text % {"text": shown} if shown else text, node.code)
        return Decimal(0)

    def _put_text(self, node: Node, own: dict[str, Any], column: str, name: str) -> None:
        text = str(node.cells.get(column) or "").strip()
        if node.kind in {DOMAIN, CRITERION} and name == "evidence":
            if text:
                self._keep_words(node, own, _("Evidence belongs to scored criteria; the words are kept."), text)
            return
        own[name] = text
        if text:
            self.note(UNDERSTOOD, node.row, column, text[:200], node.code)

    def _scoring(self, node: Node, own: dict[str, Any], maximum: Decimal) -> None:
        own.setdefault("evidence_required", True)
        scorer = self._scorer(node, own)
        if RULE in node.same and "rule" in own and not node.lines:
            own["scorer"] = scorer or own.get("scorer", "self")
            self._check_rule(node, own, maximum)
            return
        text = "\n".join([str(node.cells.get(RULE) or "").strip(), *node.lines]).strip()
        found = read_rule(text or ("xã hội học" if scorer == "survey" else ""), maximum)
        own["rule"] = {"kind": "", "params": {}}
        own["scorer"] = scorer or "self"
        if found is None:
            if text:
                self._keep_words(
                    node, own, _("The scoring is left open: no rule was recognised; the words are kept."), text
                )
            else:
                self.note(OPEN, node.row, RULE, _("No scoring is written; choose the rule."), node.code)
            return
        own["rule"] = {"kind": found.spec.kind, "params": dict(found.spec.params)}
        own["scorer"] = found.scorer or (scorer if scorer not in {"survey", "central"} else "self") or "self"
        words = get_rule(found.spec, maximum)
        text = _("%(kind)s: %(rule)s") % {"kind": words.label, "rule": words.describe()}
        self.note(GUESSED if found.guesses or node.lines else UNDERSTOOD, node.row, RULE, text, node.code)
        for guess in found.guesses:
            self.note(GUESSED, node.row, RULE, guess, node.code)

    def _check_rule(self, node: Node, own: Mapping[str, Any], maximum: Decimal) -> None:
        if MAXIMUM in node.same:
            return
        try:
            problems = get_rule(RuleSpec(own["rule"]["kind"], own["rule"]["params"]), maximum).problems()
        except CriteriaError as error:
            problems = [error.message]
        text = _("The maximum was changed and the scoring was not: check the rule.")
        self.note(WRONG if problems else GUESSED, node.row, RULE, " ".join([text, *problems]), node.code)

    def _scorer(self, node: Node, own: Mapping[str, Any]) -> str:
        if SCORER in node.same:
            return str(own.get("scorer", ""))
        text = str(node.cells.get(SCORER) or "").strip()
        folded = fold(text)
        if not folded:
            return ""
        for words, scorer in (("xa hoi hoc", "survey"), ("xhh", "survey"), ("tap trung", "central"), ("tu ", "self")):
            if words in f"{folded} ":
                self.note(UNDERSTOOD, node.row, SCORER, text[:120], node.code)
                return scorer
        self.note(
            OPEN,
            node.row,
            SCORER,
            _("“%(text)s” is not a way of scoring that is known.") % {"text": text[:80]},
            node.code,
        )
        return ""

    def _agency(self, node: Node, own: dict[str, Any]) -> None:
        if AGENCY in node.same or not node.cells:
            return
        text = str(node.cells.get(AGENCY) or "").strip()
        own["agency"] = ""
        if not text:
            return
        codes = self.units.get(fold(text), set())
        if len(codes) == 1:
            (own["agency"],) = codes
            self.note(UNDERSTOOD, node.row, AGENCY, f"{text[:120]} ({own['agency']})", node.code)
            return
        why = _("No unit is called “%(text)s”.") if not codes else _("Several units are called “%(text)s”.")
        self._keep_words(node, own, why % {"text": text[:80]}, text, AGENCY)

    def _keep_words(self, node: Node, own: dict[str, Any], why: str, words: str = "", column: str = RULE) -> None:
        """Say what is left open, and keep the words in the node's note, so that nothing typed is lost."""
        text = words or "\n".join([str(node.cells.get(RULE) or "").strip(), *node.lines]).strip()
        kept = _("From the table: %(text)s") % {"text": text}
        own["note"] = "\n".join(part for part in (str(own.get("note", "")), kept) if part)
        self.note(OPEN, node.row, column, why, node.code)
