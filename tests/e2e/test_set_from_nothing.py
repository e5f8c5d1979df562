"""A criteria set built from an empty page, sent in, approved, changed twice: the editions say what changed.

Two accounts, browser only. The edition's hash shows that it says exactly what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import override

import pytest
from playwright.sync_api import Page, expect

from criteria_pages.definition import Applicability, Definition
from criteria_pages.enums import ChangeKind
from tests.factories import criteria
from tests.pages.criteria_admin import CriteriaAdmin
from tests.pages.criteria_builder import CriteriaBuilder
from tests.pages.sign_in import SignInPage
from tests.portal_process import Portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TITLE = "Bộ tiêu chí dựng từ đầu"
# Milliseconds: the server answers in a fraction of it, where nothing else runs.
PATIENCE = 30_000


def every_rule() -> Definition:
    """Return a set with every rule; a leaf is asked of units with procedures alone."""
    conditional = Applicability(attributes=("co-thu-tuc-hanh-chinh",))
    return criteria.definition(
        criteria.domain(
            "1",
            criteria.leaf_criterion("1.1", "yes_no", "1"),
            criteria.criterion("1.2", *[criteria.leaf(f"1.2.{n}", kind) for n, kind in enumerate(SELF[:3], 1)]),
        ),
        criteria.domain(
            "2",
            criteria.criterion("2.1", *[criteria.leaf(f"2.1.{n}", kind) for n, kind in enumerate(SELF[3:], 1)]),
            criteria.leaf_criterion("2.2", "survey"),
            criteria.leaf_criterion("2.3", "central"),
            criteria.leaf_criterion("2.4", "yes_no", "1", applicability=conditional),
        ),
        title=TITLE,
    )


SELF = ("levels", "ratio", "count", "deduction", "deadline", "formula", "manual")


@pytest.fixture
def account(own_portal: Portal, open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """Return a function that gives a fresh browser signed in as the account, saying yes to questions."""

    def sign_in(username: str) -> Page:
        page = open_page(own_portal)
        page.set_default_timeout(PATIENCE)
        page.on("dialog", lambda dialog: dialog.accept())
        SignInPage(page).sign_in_by_request(username)
        return page

    return sign_in


def test_a_set_from_an_empty_page_to_its_third_edition(account: Callable[[str], Page]) -> None:
    definition = every_rule()
    assert {leaf.rule.kind for leaf in definition.leaves} == set(criteria.RULES)
    screen, approver = account("bientap"), CriteriaAdmin(account("pheduyet"))
    builder, editor = CriteriaBuilder(screen), CriteriaAdmin(screen)

    # Built from nothing; the form follows what is typed, saved or not.
    builder.start(home_of(screen), definition)
    builder.build(definition)
    expect(screen.locator("[data-criteria-total]")).to_contain_text("20 / 20", timeout=PATIENCE)
    screen.click("[data-criteria-check]")
    expect(screen.locator("[data-criteria-problems]")).not_to_be_empty(timeout=PATIENCE)
    assert screen.locator("[data-criteria-place]").all_inner_texts() == []
    screen.click("[data-criteria-live-toggle]")
    form = screen.locator("[data-criteria-live-form]")
    form.locator("[data-tried='1.1|answer']").select_option("yes")
    expect(form.locator("fieldset").first.locator(".criteria-try__outcome")).to_contain_text("1 / 1", timeout=PATIENCE)
    screen.click("[data-criteria-live-close]")
    number = builder.saved()

    # The author cannot approve; a second person does; the edition says what was typed.
    editor.submit()
    screen.goto(f"/admin/pages/{number}/edit/")
    expect(screen.locator("[data-workflow-action-name=approve]")).to_have_count(0)
    approver.approve(number)
    assert hashes(screen, number) == [definition.sha256()]

    # One comma, then one band.
    comma = f"{definition.leaf('1.2.1').name},"
    change(builder, number, "1.2.1", {"body-0-value-criteria-1-value-children-0-value-name": comma})
    editor.submit()
    approver.approve(number)
    band = "body-0-value-criteria-1-value-children-1-value-rule-0-value-bands-1-value-from"
    change(builder, number, "1.2.2", {band: "70"})
    editor.submit()
    approver.approve(number)
    with override("vi"):
        kinds = [str(kind.label) for kind in (ChangeKind.SCORING, ChangeKind.WORDING, ChangeKind.FIRST)]
    assert [kind.split(" (")[0] for kind in column(screen, number, 4)] == kinds
    assert differences(screen, number, 1) == [("1.2.1", definition.leaf("1.2.1").name, comma)]
    ((code, before, after),) = differences(screen, number, 0)
    assert (code, re.sub("80", "70", before)) == ("1.2.2", after)
    assert hashes(screen, number)[1] == with_name(definition, "1.2.1", comma).sha256()


def home_of(screen: Page) -> int:
    """Return the number of the home page, as the explorer links it."""
    screen.goto("/admin/pages/")
    return CriteriaAdmin.number(screen.locator("a[href*='/edit/']").first.get_attribute("href") or "")


def change(builder: CriteriaBuilder, number: int, code: str, fields: dict[str, str]) -> None:
    """Open the set, find a node, type and save."""
    builder.page.goto(f"/admin/pages/{number}/edit/")
    builder.page.wait_for_selector("[data-criteria-tools][data-ready]")
    builder.find(code)
    for name, value in fields.items():
        builder.field(name).fill(value)
    builder.saved()


def column(screen: Page, number: int, place: int) -> list[str]:
    """Return a column of the list of the set's editions, newest first."""
    screen.goto(f"/admin/criteria/editions/?bo={number}")
    return screen.locator(f"table.listing tbody td:nth-child({place})").all_inner_texts()


def hashes(screen: Page, number: int) -> list[str]:
    """Return the hashes of the set's editions, newest first."""
    column(screen, number, 9)
    cells = screen.locator("table.listing tbody td code").all()
    return [(cell.get_attribute("title") or "").rpartition(" ")[2] for cell in cells]


def differences(screen: Page, number: int, row: int) -> list[tuple[str, str, str]]:
    """Return code, before and after of what an edition of the list changed."""
    column(screen, number, 4)
    with screen.expect_navigation():
        screen.locator("table.listing tbody tr").nth(row).locator("td:nth-child(4) a").click()
    rows = screen.locator("table.listing tbody tr").all()
    cells = [row.locator("td").all_inner_texts() for row in rows]
    return [(code, before, after) for code, _what, before, after in cells]


def with_name(definition: Definition, code: str, name: str) -> Definition:
    """Return the definition with one leaf under another name."""
    domains = [
        replace(
            domain,
            criteria=tuple(
                replace(part, children=tuple(replace(c, name=name) if c.code == code else c for c in part.children))
                for part in domain.criteria
            ),
        )
        for domain in definition.domains
    ]
    return replace(definition, domains=tuple(domains))
