"""Where a node of an appendix table belongs: the code that its number stands for, and the node above it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from criteria_pages.domain.appendix_cells import CRITERION, DOMAIN, LEAF, NUMBER
from criteria_pages.domain.appendix_filling import NodeFiller
from criteria_pages.domain.appendix_layout import Number
from criteria_pages.domain.appendix_nodes import GUESSED, WRONG, Node, pair


class NodePlacer(NodeFiller):
    """Gives each node its code and its place in the tree, with a note for what was assumed."""

    def _code(self, row: int, number: Number) -> tuple[str, str]:
        """Return the level and the whole code that a number stands for, saying what was assumed."""
        here = self.domains[-1].code if self.domains else ""
        if number.roman:
            code = str(number.parts[0])
            self.note(
                GUESSED, row, NUMBER, _("“%(number)s” was read as the domain %(code)s.") % pair(number, code), code
            )
            return DOMAIN, code
        if number.letter:
            return self._letter(row, number)
        if number.from_date:
            text = _("Excel had made a date of the number; it was read as %(code)s.")
            self.note(GUESSED, row, NUMBER, text % {"code": number.text}, number.text)
        code = f"{here}.{number.text}" if self.relative and here else number.text
        if code != number.text:
            self.note(GUESSED, row, NUMBER, _("“%(number)s” was read as %(code)s.") % pair(number, code), code)
        code = self._not_shortened(row, number, code)
        depth = code.count(".") + 1
        if depth > 3:
            text = _("%(code)s lies deeper than three levels; it was taken as a sub-criterion.")
            self.note(GUESSED, row, NUMBER, text % {"code": code}, code)
        return (DOMAIN, CRITERION, LEAF)[min(depth, 3) - 1], code

    def _letter(self, row: int, number: Number) -> tuple[str, str]:
        above = self.domains[-1].children[-1] if self.domains and self.domains[-1].children else None
        code = f"{above.code}.{len(above.children) + 1}" if above else number.text
        self.note(GUESSED, row, NUMBER, _("“%(number)s” was read as %(code)s.") % pair(number, code), code)
        return LEAF, code

    def _not_shortened(self, row: int, number: Number, code: str) -> str:
        """Return 1.10 where a number cell says 1.1 for the second time, after 1.9."""
        if not number.numeric or not self.seen[code] or self.last is None:
            return code
        head, _dot, tail = self.last.code.rpartition(".")
        if not tail.isdigit():
            return code
        following = f"{head}.{int(tail) + 1}"
        if following.rstrip("0") != code.rstrip("0") or following == code:
            return code
        text = _("The cell is a number and had lost its last 0: it was read as %(code)s.")
        self.note(GUESSED, row, NUMBER, text % {"code": following}, following)
        return following

    def _place(self, node: Node, level: str) -> None:
        if self.seen[node.code]:
            text = _("The code %(code)s stands twice. Both rows were taken; give one another code.")
            self.note(WRONG, node.row, NUMBER, text % {"code": node.code}, node.code)
        self.seen[node.code] += 1
        self.last = node
        if level == DOMAIN:
            node.kind = DOMAIN
            self.domains.append(node)
            return
        domain = self._domain_for(node)
        if level == CRITERION:
            domain.children.append(node)
            return
        node.kind = LEAF
        self._criterion_for(node, domain).children.append(node)

    def _domain_for(self, node: Node) -> Node:
        first = node.code.split(".")[0]
        if self.domains and (self.domains[-1].code == first or not first.isdigit()):
            return self.domains[-1]
        found = next((domain for domain in self.domains if domain.code == first), None)
        if found is not None:
            return found
        text = _("%(code)s stands before its domain %(domain)s. A domain without a name was made; write its row above.")
        self.note(WRONG, node.row, NUMBER, text % {"code": node.code, "domain": first}, node.code)
        made = Node(node.row, DOMAIN, first, {})
        self.seen[first] += 1
        self.domains.append(made)
        return made

    def _criterion_for(self, node: Node, domain: Node) -> Node:
        above = node.code.rpartition(".")[0]
        found = next((child for child in reversed(domain.children) if child.code == above), None)
        if found is None and domain.children and not above.count("."):
            found = domain.children[-1]
        if found is None:
            text = _("%(code)s stands before its criterion %(criterion)s. One without a name was made.")
            self.note(WRONG, node.row, NUMBER, text % {"code": node.code, "criterion": above or "?"}, node.code)
            found = Node(node.row, CRITERION, above or f"{domain.code}.{len(domain.children) + 1}", {})
            self.seen[found.code] += 1
            domain.children.append(found)
        return found

    def _next_code(self, level: str) -> str:
        if level == DOMAIN or not self.domains:
            return str(len(self.domains) + 1)
        domain = self.domains[-1]
        if level == CRITERION or not domain.children:
            return f"{domain.code}.{len(domain.children) + 1}"
        return f"{domain.children[-1].code}.{len(domain.children[-1].children) + 1}"
