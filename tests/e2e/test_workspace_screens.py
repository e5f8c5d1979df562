"""Every kind of workspace screen that an account can reach by links, in both languages: axe, small phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.pages.accessibility import assert_sound
from tests.pages.crawl import reachable

pytestmark = [pytest.mark.e2e, pytest.mark.a11y, pytest.mark.slow, pytest.mark.crawl]

ACCOUNTS = [
    "bientap",
    "thuongtruc",
    "donvi",
    "lanhdao",
    "thamdinh",
    "hoidong",
    "pheduyet",
    "khaosat",
    "kiemtoan",
    "quantri",
]
LANGUAGES = {"vi": ("", "light"), "en": ("/en", "dark")}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("username", ACCOUNTS)
def test_axe_and_small_phone(username: str, language: str, as_account: Callable[..., Page]) -> None:
    prefix, scheme = LANGUAGES[language]
    page = as_account(username, color_scheme=scheme)
    start = f"{prefix}/lam-viec/"
    paths = [p for p in reachable(page.request, [start], per_kind=1) if p.startswith(start)]

    assert paths != []
    assert_sound(page, paths)
