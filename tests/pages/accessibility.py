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


def axe_findings(page: Page) -> list[str]:
    """Return axe's violations on the page as it stands: rule, number of places, and the first of them."""
    result = _axe.run(page, options=RULES)
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


def assert_sound(page: Page, paths: list[str]) -> None:
    """Go to each path and fail with everything that axe finds there or that scrolls sideways at 320 px."""
    faults = []
    for path in paths:
        page.goto(path)
        faults += [f"{path}: {finding}" for finding in axe_findings(page)]
        faults += [f"{path}: at 320 px: {what}" for what in sideways_scroll(page)]
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)
