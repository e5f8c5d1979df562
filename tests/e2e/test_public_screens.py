"""Every kind of public screen: axe finds nothing, nothing scrolls sideways on a small phone, scripts are not needed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from tests.pages.accessibility import assert_sound, words_that_need_scripts
from tests.pages.crawl import reachable
from tests.portal_process import Portal

pytestmark = [pytest.mark.e2e, pytest.mark.a11y, pytest.mark.slow]

LANGUAGES = {"vi": "/", "en": "/en/"}
# The second language is looked at in the dark, so that both languages and both schemes are seen.
SCHEMES = {"vi": "light", "en": "dark"}


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def paths(language: str, portal: Portal, browser: Browser) -> list[str]:
    context = browser.new_context(base_url=portal.base_url, locale=language)
    start = LANGUAGES[language]
    found = reachable(context.request, [start, f"{start}tim-kiem/?q=cai+cach"])
    context.close()
    return [path for path in found if path.startswith(start) and (language == "en" or not path.startswith("/en/"))]


def test_links_lead_to_many_screens(paths: list[str]) -> None:
    assert len(paths) > 10


def test_axe_and_small_phone(language: str, paths: list[str], portal: Portal, open_page: Callable[..., Page]) -> None:
    page = open_page(portal, color_scheme=SCHEMES[language])

    assert_sound(page, paths)


def test_screens_say_the_same_without_scripts(
    language: str, paths: list[str], portal: Portal, open_page: Callable[..., Page]
) -> None:
    if language == "en":
        paths = paths[:10]
    plain = open_page(portal, javascript=False)
    scripted = open_page(portal)
    different = {}
    for path in paths:
        scripted.goto(path)
        if missing := words_that_need_scripts(plain, scripted, path):
            different[path] = missing

    assert different == {}
