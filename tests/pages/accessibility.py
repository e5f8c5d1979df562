"""What every screen has to be: free of axe's findings, no wider than a small phone, readable without scripts."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}}
PHONE = {"width": 320, "height": 800}
DESKTOP = {"width": 1280, "height": 900}
_axe = Axe()


def axe_findings(page: Page, within: str | None = None) -> list[str]:
    """Return axe's violations on the page (or one part of it) as it stands: rule, number of places, the first."""
    result = _axe.run(page, context=within, options=RULES)
    return [
        f"{violation['id']} ({violation['impact']}) x{len(violation['nodes'])}: {violation['nodes'][0]['html'][:160]}"
        for violation in result.response["violations"]
    ]


def sideways_scroll(page: Page) -> list[str]:
    """Return what makes the page wider than 320 px, or nothing. The page is laid out for the phone and back."""
    page.set_viewport_size(PHONE)
    try:
        return page.evaluate(
            """() => {
                const width = document.documentElement.clientWidth;
                if (document.documentElement.scrollWidth <= width) return [];
                const wide = [...document.querySelectorAll('body *')].filter(e => {
                    const box = e.getBoundingClientRect();
                    if (box.right <= width + 1 || box.width === 0) return false;
                    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement)
                        if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX)) return false;
                    return true;
                });
                return [`${document.documentElement.scrollWidth} px wide`].concat(
                    wide.slice(0, 4).map(e => e.outerHTML.slice(0, 120)));
            }"""
        )
    finally:
        page.set_viewport_size(DESKTOP)


def unsound_here(page: Page, within: str | None = None) -> list[str]:
    """Return everything that axe finds on the page (or one part of it) and that scrolls sideways at 320 px."""
    where = page.url.split("://")[1].partition("/")[2]
    findings = axe_findings(page, within)
    return [
        *(f"/{where}: {finding}" for finding in findings),
        *(f"/{where}: at 320 px: {what}" for what in sideways_scroll(page)),
    ]


def unsound(page: Page, paths: list[str], *, within: str | None = None, plain: Page | None = None) -> list[str]:
    """Go to each path and return what is wrong there, as `unsound_here` finds it.

    `plain`, a page without scripts, is compared: what it does not say is wrong too.
    """
    faults = []
    for path in paths:
        page.goto(path)
        if plain and (missing := words_that_need_scripts(plain, page, path)):
            faults.append(f"{path}: only with scripts: {' '.join(missing)}")
        faults += unsound_here(page, within)
    return faults


def assert_sound(page: Page, paths: list[str]) -> None:
    """Fail with everything that is wrong at the paths."""
    if faults := unsound(page, paths):
        pytest.fail("\n".join(faults), pytrace=False)


def words_that_need_scripts(plain: Page, scripted: Page, path: str) -> list[str]:
    """Return words that the page at the path says only where scripts run (`scripted` stands there), or nothing.

    A few such words (a button to copy, say) are fine.
    """
    plain.goto(path)
    without, with_scripts = (page.locator("main").inner_text().split() for page in (plain, scripted))
    missing = [word for word in with_scripts if word not in set(without)]
    return missing[:12] if len(without) < 0.9 * len(with_scripts) else []
