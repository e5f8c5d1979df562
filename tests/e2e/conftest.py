"""Browser tests: a real portal with the demonstration data, Debian's Chromium, and a page that reports what went wrong.

The demonstration data are loaded once per run, whatever the number of test processes; every portal serves a copy.
`PORTAL_SCREENSHOTS=1` writes the screens of the journeys to docs/images/journey/.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import chromium_path
from tests.pages.watch import Watch
from tests.portal_process import Portal, manage, running_portal

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def demonstration(migrated_folder: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demonstration data, made by the same commands as on the first `make run`.

    The tables alone come from the tests' own migrated file; that they are made on a first start too is tested in
    tests/cms/test_serve.py.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = shared / "demonstration"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            migrated_folder(folder)
            manage(folder, "prepare", "-v", "0")
            manage(folder, "load_demo", "-v", "0")
            (folder / "complete").touch()
    return folder


@pytest.fixture(scope="session")
def portal(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal for tests that only read, or that do not mind what others wrote."""
    with serve_copy(demonstration, tmp_path_factory) as served:
        yield served


@pytest.fixture(scope="module")
def own_portal(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that belongs to the module."""
    with serve_copy(demonstration, tmp_path_factory) as served:
        yield served


def serve_copy(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> AbstractContextManager[Portal]:
    """Serve a copy of the demonstration data until the block ends."""
    folder = tmp_path_factory.mktemp("portal")
    shutil.copytree(demonstration, folder, dirs_exist_ok=True)
    return running_portal(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium per test process."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page in a browser profile of its own: `open_page(portal, locale="en-GB", …)`.

    At the end the test fails where a page had a script error, a refused resource (content security policy) or an
    answer of 500.
    """
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def open_one(portal: Portal, *, javascript: bool = True, **options: object) -> Page:
        given = {"viewport": DESKTOP, "locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh", **options}
        context = browser.new_context(base_url=portal.base_url, java_script_enabled=javascript, **given)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


@pytest.fixture
def as_account(portal: Portal, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Return a function that opens a page on the shared portal signed in as a demonstration account."""
    from tests.pages.sign_in import SignInPage

    def sign_in(username: str, **options: object) -> Page:
        page = open_page(portal, **options)
        SignInPage(page).sign_in(username)
        return page

    return sign_in


@pytest.fixture(scope="session")
def take_screenshot(repository: Path) -> Callable[[Page, str], None]:
    """Return a function that writes a screen of a journey into the documents, when asked for."""
    folder = repository / "docs" / "images" / "journey"

    def take(page: Page, name: str) -> None:
        if os.environ.get("PORTAL_SCREENSHOTS") == "1":
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(folder / f"{name}.png"), full_page=False)

    return take
