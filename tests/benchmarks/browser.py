"""What a reader with a slow phone sees: the first contentful paint in headless Chromium, its processor slowed down."""

from __future__ import annotations

import statistics

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import chromium_path

SLOWDOWN = 4
VISITS = 7
# Chromium tells of a paint after the frame that made it; the promise waits for that.
FIRST_PAINT = """() => new Promise(resolve => new PerformanceObserver(list => {
    for (const entry of list.getEntriesByName('first-contentful-paint')) resolve(entry.startTime);
}).observe({type: 'paint', buffered: true}))"""


def first_contentful_paint(address: str) -> float | None:
    """Return the median in milliseconds over some first visits, on a phone's screen; None without Chromium."""
    path = chromium_path()
    if path is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            # The first visit warms the browser up.
            return statistics.median([_visit(browser, address) for _ in range(VISITS + 1)][1:])
        finally:
            browser.close()


def _visit(browser: Browser, address: str) -> float:
    context = browser.new_context(viewport={"width": 412, "height": 823})
    try:
        page = context.new_page()
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
        page.goto(address)
        return float(page.evaluate(FIRST_PAINT))
    finally:
        context.close()
