"""The editor of a criteria set of 138 nodes in Chromium: opened until usable, saved, published with all checks.

`usable_s` runs from asking for the page until a leaf in the middle of the tree was found, opened and typed into;
`save_s` from pressing “Save draft” until the editor says that it is saved; `publish_s` from the approver's click until
the page says that the set is live and its edition is frozen. Each is the median of `BENCH_EDITOR_TIMES` (3) runs in a
browser that knows the scripts already; `first_usable_s` is a browser that knows nothing. The limits stand as baselines.
"""

from __future__ import annotations

import os
import statistics
import time
from itertools import cycle
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections as databases

from playwright.sync_api import Browser, Page, expect, sync_playwright

from cms.enums import Role
from cms.roles import sync_groups, sync_members
from criteria_pages.definition import Definition
from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.models import CriteriaSetPage
from tests.benchmarks.figures import Report
from tests.conftest import chromium_path
from tests.factories import criteria
from tests.factories.cms import PASSWORD, user_with_role
from tests.pages.criteria_admin import CriteriaAdmin
from tests.pages.sign_in import SignInPage
from tests.portal_process import Portal, running_portal

TIMES = int(os.environ.get("BENCH_EDITOR_TIMES", "3"))
USABLE, SAVED, PUBLISHED = 3.0, 1.0, 2.0
#: 7 domains of 5 criteria (one of them 4), 97 sub-criteria: 138 nodes.
DOMAINS, CRITERIA, LEAVES = 7, 34, 97
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def run(report: Report) -> None:
    """Make the set and its people, then work on it as they do."""
    call_command("migrate", verbosity=0)
    call_command("prepare", verbosity=0)
    sync_groups()
    page = criteria.CriteriaSetPageFactory(definition=big_set(), live=False, title="Bộ chỉ số đo")
    people = {role: user_with_role(role) for role in (Role.EDITOR, Role.APPROVER)}
    for user in people.values():
        sync_members(user)
    page.save_revision(user=people[Role.EDITOR], log_action=True)
    report.add("nodes", len(definition_from_page(page).nodes), "nodes")
    names = {role: user.username for role, user in people.items()}
    databases.close_all()
    same = {name: os.environ[name] for name in ("DATABASE_URL",) if name in os.environ}
    with running_portal(Path(settings.VAR_DIR), extra=same) as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        figures = _work(browser, portal, page.pk, names)
        browser.close()
    report.add("first_usable_s", figures["usable"].pop(0), "s", baseline=USABLE)
    for name, limit in (("usable", USABLE), ("save", SAVED), ("publish", PUBLISHED)):
        report.add(f"{name}_s", statistics.median(figures[name]), "s", baseline=limit)
    editions = CriteriaSetPage.objects.get(pk=page.pk).editions.count()
    report.add("editions", editions, "editions", baseline=TIMES)


def big_set() -> Definition:
    """Return a sound set of 138 nodes in which every rule occurs."""
    kinds = cycle(criteria.RULES)
    leaves_of = [LEAVES // CRITERIA + (number < LEAVES % CRITERIA) for number in range(CRITERIA)]
    domains = []
    for d in range(1, DOMAINS + 1):
        sizes = leaves_of[d - 1 :: DOMAINS]
        parts = [
            criteria.criterion(f"{d}.{c}", *[criteria.leaf(f"{d}.{c}.{n}", next(kinds)) for n in range(1, size + 1)])
            for c, size in enumerate(sizes, start=1)
        ]
        domains.append(criteria.domain(str(d), *parts))
    return criteria.definition(*domains)


def _work(browser: Browser, portal: Portal, number: int, names: dict[Any, str]) -> dict[str, list[float]]:
    editor, approver = (_signed_in(browser, portal, names[role]) for role in (Role.EDITOR, Role.APPROVER))
    figures: dict[str, list[float]] = {"usable": [], "save": [], "publish": []}
    for turn in range(TIMES + 1):
        figures["usable"].append(_open(editor, number, f"Tên đo {turn}"))
        if not turn:
            continue
        figures["save"].append(_save(editor))
        CriteriaAdmin(editor).submit()
        approver.goto(f"/admin/pages/{number}/edit/")
        approver.wait_for_selector("[data-criteria-tools][data-ready]")
        began = time.perf_counter()
        CriteriaAdmin(approver).press_approve()
        figures["publish"].append(time.perf_counter() - began)
    return figures


def _signed_in(browser: Browser, portal: Portal, username: str) -> Page:
    page = browser.new_context(base_url=portal.base_url, viewport={"width": 1366, "height": 768}).new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    SignInPage(page).sign_in(username, PASSWORD)
    return page


def _open(page: Page, number: int, name: str) -> float:
    """Open the set, find a leaf in the middle, give it a name; return the seconds that this took."""
    began = time.perf_counter()
    page.goto(f"/admin/pages/{number}/edit/", wait_until="commit")
    page.wait_for_selector("[data-criteria-tools][data-ready]")
    page.fill("[data-criteria-search]", "4.3.2")
    page.click("[data-criteria-find]")
    page.fill('[name="body-3-value-criteria-2-value-children-1-value-name"]', name)
    return time.perf_counter() - began


def _save(page: Page) -> float:
    """Save the draft by its button; return the seconds until the editor says so."""
    page.wait_for_load_state("networkidle")
    began = time.perf_counter()
    page.locator("button.action-save").first.click()
    expect(page.locator(".messages .success").first).to_be_visible()
    return time.perf_counter() - began
