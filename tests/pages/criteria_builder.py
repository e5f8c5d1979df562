"""Building a criteria set by hand in the editor: plus buttons, fields, rules; nothing is put in by another way."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import override

from playwright.sync_api import Locator, Page, expect

from criteria_pages.blocks.applicability import ApplicabilityBlock
from criteria_pages.blocks.tree import CriteriaBlock
from criteria_pages.definition import Definition, Leaf
from criteria_pages.rules import RULES

LANGUAGE = "vi"
PATIENCE = 30_000


class CriteriaBuilder:
    """The editor of one set in a Vietnamese browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def start(self, parent: int, definition: Definition) -> None:
        """Open an empty set below the page and type title and total."""
        self.page.goto(f"/admin/pages/add/criteria_pages/criteriasetpage/{parent}/")
        self.page.wait_for_selector("[data-criteria-tools][data-ready]")
        self.page.fill("[name=title]", definition.title)
        self._type("declared_total", str(definition.total))

    def build(self, definition: Definition) -> None:
        """Add every domain, criterion, sub-criterion and rule of the definition."""
        for d, domain in enumerate(definition.domains):
            place = self._add("body", d)
            self._head(place, domain)
            for c, criterion in enumerate(domain.criteria):
                if criterion.leaf is not None:
                    self._leaf(self._add(f"{place}-criteria", c, "scored_criterion"), criterion.leaf)
                    continue
                middle = self._add(f"{place}-criteria", c, "criterion")
                self._head(middle, criterion)
                for s, leaf in enumerate(criterion.children):
                    self._leaf(self._add(f"{middle}-children", s), leaf)

    def find(self, code: str) -> None:
        """Open the node by the search above the tree."""
        self.page.fill("[data-criteria-search]", code)
        self.page.click("[data-criteria-find]")

    def saved(self) -> int:
        """Save the draft by its button; return the page's number."""
        self.page.locator("button.action-save").first.click()
        expect(self.page.locator(".messages .success").first).to_be_visible(timeout=PATIENCE)
        self.page.wait_for_selector("[data-criteria-tools][data-ready]")
        return int(self.page.url.split("/pages/")[1].split("/")[0])

    def field(self, name: str) -> Locator:
        """Return the field of that name."""
        return self.page.locator(f"[name='{name}']")

    def more_fields(self, place: str) -> None:
        """Unfold what most items leave as it is."""
        toggle = self.page.locator(f"#block_group-block_group-{place}-more-section [data-panel-toggle]").first
        if toggle.get_attribute("aria-expanded") == "false":
            toggle.click()

    def _head(self, place: str, node: Any) -> None:
        expect(self.field(f"{place}-code")).to_have_value(node.code, timeout=PATIENCE)  # the editor proposes it
        self._type(f"{place}-name", node.name)
        self._type(f"{place}-maximum", str(node.maximum))

    def _leaf(self, place: str, leaf: Leaf) -> None:
        self._head(place, leaf)
        rule = self._add(f"{place}-rule", 0, leaf.rule.kind)
        for name, value in leaf.rule.params.items():
            self._parameter(f"{rule}-{name}", value)
        expect(self.field(f"{place}-scorer")).to_have_value(leaf.scorer, timeout=PATIENCE)  # follows the rule
        if not leaf.evidence_required:
            self.field(f"{place}-evidence_required").uncheck()
        if not leaf.applicability.is_everybody:
            self.more_fields(place)
        for name, codes in leaf.applicability.to_json().items():
            listed = self._add(f"{place}-applicability", 0, name)
            for number, code in enumerate(codes):
                if not self.field(f"{listed}-{number}-value").count():
                    self._add(listed, number)
                self._type(f"{listed}-{number}-value", code)

    def _parameter(self, name: str, value: Any) -> None:
        if isinstance(value, list):
            for number, item in enumerate(value):
                place = self._add(name, number)
                for part, given in item.items():
                    self._type(f"{place}-{part}", given)
        else:
            self._type(name, value)

    def _type(self, name: str, value: Any) -> None:
        field = self.field(name)
        if isinstance(value, bool):
            field.set_checked(value)
        elif field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            number = field.get_attribute("inputmode") == "decimal"
            field.fill(str(value).replace(".", ",") if number else str(value))

    def _add(self, prefix: str, number: int, kind: str = "") -> str:
        """Press the plus sign at the end of a list, choose a kind where there are several; return the new prefix."""
        self.field(f"{prefix}-count").locator("xpath=..").locator("button.c-sf-add-button").last.click()
        if kind:
            words = re.compile(rf"^\s*{re.escape(_label(kind))}\s*$")
            self.page.locator("[role=option]").filter(has_text=words).click()
        place = f"{prefix}-{number}-value"
        self.page.wait_for_selector(f"[name^='{place}']", state="attached")
        return place


def _label(kind: str) -> str:
    with override(LANGUAGE):
        labels = {rule.kind: str(rule.label) for rule in RULES}
        for block in (CriteriaBlock(), ApplicabilityBlock()):
            labels |= {name: str(child.label) for name, child in block.child_blocks.items()}
        return labels[kind]
