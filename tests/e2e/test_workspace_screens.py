"""Every kind of workspace screen, once over all accounts, in both languages: axe, small phone, no need of scripts.

Plain requests follow the links of each account and find the screens; the browser then visits one of each kind, as the
first account that reaches it. A kind is a route, with something to do on it or without. The respondent's pages of the
survey and the screens that we add to the admin are looked at here too: it takes accounts to get there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import DESKTOP, serve_copy
from tests.pages import rare_screens
from tests.pages.accessibility import unsound, unsound_here
from tests.pages.crawl import is_public_screen, kind_of, walk
from tests.pages.sign_in import SignInPage
from tests.pages.survey_walk import SurveyDesk, UnitList
from tests.portal_process import Portal

pytestmark = [pytest.mark.e2e, pytest.mark.a11y, pytest.mark.slow]

ACCOUNTS = (
    *("thuongtruc", "donvi", "thamdinh", "pheduyet", "khaosat", "lanhdao"),
    *("bientap", "hoidong", "kiemtoan", "quantri"),
)
PREFIX = {"vi": "", "en": "/en"}
# The second language is looked at in the dark, so that both languages and both schemes are seen.
SCHEME = {"vi": "light", "en": "dark"}
# Each language may run in a process of its own, with a portal of its own (tests/conftest.py, Together).
LANGUAGES = list(PREFIX)
# What we write in the admin, where its links start, and which of Wagtail's screens link it.
OWN_ADMIN = ("criteria_", "cms_unit_", "cms_patterns")
ADMIN_START = {
    "bientap": ["/admin/patterns/", "/admin/criteria/editions/", "/admin/criteria/legal-basis/"],
    "quantri": ["/admin/units/"],
}
ADMIN_STEPS = ("units:index", "units:edit", "wagtailadmin_pages:edit")
# Screens of the workspace that links have to lead to; what else they lead to is looked at too.
SCREENS = {
    *("cms:guides", "cms:guide"),
    *("cms:workspace", "cms:jobs", "cms:job", "cms:imports", "cms:import_start", "cms:import_preview"),
    *("publishing:desk", "publishing:desk_build", "publishing:desk_release", "publishing:my_tasks"),
    *("publishing:rounds_below", "publishing:what_if", "submissions:round_appeals"),
    *("submissions:forms", "submissions:overview", "submissions:domain", "submissions:review", "submissions:receipt"),
    *("submissions:libraries", "submissions:library", "submissions:document", "submissions:leaf_evidence"),
    *("submissions:workbook", "submissions:workbook_preview", "submissions:notices"),
    *("submissions:explanations", "submissions:explanation", "submissions:unit_appeals", "submissions:unit_scores"),
    *("submissions:round_list", "submissions:round_create", "submissions:round_page", "submissions:round_participants"),
    *("submissions:round_participant", "submissions:round_deadlines", "submissions:round_assignments"),
    *("submissions:round_central", "submissions:round_adjustments", "submissions:round_finalise"),
    *("submissions:round_discrepancies", "submissions:round_leaf"),
    *("submissions:round_progress", "submissions:round_contacts"),
    *(
        "submissions:round_appraisers",
        "submissions:round_conflicts",
        "submissions:conflicts",
        "submissions:appraisal_own",
        "submissions:appraisal_by_leaf",
        "submissions:round_second_readings",
        "submissions:second_readings",
        "submissions:second_reading",
    ),
    *("submissions:round_edition", "submissions:appraisal_rounds", "submissions:appraisal_queue"),
    *(
        "submissions:appraisal_leaf",
        "submissions:appraisal_evidence",
        "submissions:surveys",
        "submissions:survey_create",
        "submissions:survey_desk",
    ),
    *("submissions:survey_group", "submissions:survey_lists", "submissions:survey_list"),
    *("submissions:survey_rules", "submissions:survey_letters", "submissions:survey_letter"),
    *("submissions:round_council", "submissions:council_sessions", "submissions:council_session"),
    *("submissions:council_item", "submissions:council_members", "submissions:council_minutes"),
}
OWN_ADMIN_SCREENS = {
    *("criteria_editions", "criteria_edition", "criteria_compare", "criteria_legal_basis", "criteria_next_set"),
    *("criteria_trial", "criteria_reach", "cms_patterns", "cms_unit_rename", "cms_unit_merge", "cms_unit_split"),
}


@dataclass
class Found:
    """What the accounts reach: screens in order by account, and how each account stays signed in."""

    states: dict[str, Any] = field(default_factory=dict)
    workspace: dict[str, list[str]] = field(default_factory=dict)
    admin: dict[str, list[str]] = field(default_factory=dict)
    letter: str = ""

    @property
    def routes(self) -> set[str]:
        """Return the names of the workspace's addresses that were reached."""
        return _routes(self.workspace)

    @property
    def admin_routes(self) -> set[str]:
        """Return the names of our own addresses in the admin that were reached."""
        return _routes(self.admin)


def _routes(screens: dict[str, list[str]]) -> set[str]:
    return {kind_of(urlsplit(path).path) for paths in screens.values() for path in paths}


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def own_portal(language: str, demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal for each language: what is brought about on it can be brought about once."""
    with serve_copy(demonstration, tmp_path_factory) as served:
        yield served


@pytest.fixture(scope="module")
def found(language: str, own_portal: Portal, browser: Browser) -> Found:
    """Bring about what the demonstration data lack, then follow the links of all accounts."""
    everything, pages = Found(), {}
    for username in ACCOUNTS:
        context = browser.new_context(base_url=own_portal.base_url, locale="vi-VN", viewport=DESKTOP)
        context.set_default_timeout(30_000)
        pages[username] = page = context.new_page()
        SignInPage(page).sign_in_by_request(username)
        everything.states[username] = context.storage_state()
    everything.letter = PREFIX[language] + _run_the_survey(pages, own_portal)
    starts = _bring_about(pages)
    prefix, kinds = PREFIX[language], set()
    start = f"{prefix}/lam-viec/"

    def inside(path: str) -> bool:
        return path.startswith(start) and is_public_screen(path)

    for username, page in pages.items():
        begin = [start, *(f"{prefix}{path}" for path in starts.get(username, ()))]
        for screen in walk(page.request, begin, follow=inside):
            if screen.kind not in kinds:
                kinds.add(screen.kind)
                everything.workspace.setdefault(username, []).append(screen.path)
        for screen in walk(page.request, ADMIN_START.get(username, []), per_kind=1, follow=_is_own_admin):
            if screen.route.startswith(OWN_ADMIN):
                everything.admin.setdefault(username, []).append(screen.path)
        page.context.close()
    return everything


def _run_the_survey(pages: dict[str, Page], portal: Portal) -> str:
    """Bring the survey to its answers; return the address in the first letter."""
    UnitList(pages["donvi"]).send()
    desk = SurveyDesk(pages["khaosat"])
    desk.open()
    desk.accept_list()
    desk.step("select")
    desk.step("invite")
    return desk.letter(portal)


def _bring_about(pages: dict[str, Page]) -> dict[str, list[str]]:
    """Do what leads to screens that no link of the demonstration data leads to; return where they are, by account."""
    in_appraisal = "bac-kan-2023-minh-hoa"
    rare_screens.ask_for_explanation(pages["thamdinh"], round_code=in_appraisal, unit="Sở Y tế")
    rare_screens.draw_sample(pages["thuongtruc"], round_code=in_appraisal, of="Sở Tư pháp", by="Sở Nội vụ")
    rare_screens.publish_newer_edition(pages["bientap"], pages["pheduyet"], title="Thanh tra Chính phủ")
    return {
        "thuongtruc": [
            rare_screens.export_scores(pages["thuongtruc"], round_code=in_appraisal),
            rare_screens.check_an_import(pages["thuongtruc"]),
            "/lam-viec/cong-bo/ky/cap-bo-2024-minh-hoa/",
            *(f"/lam-viec/dot/cap-bo-2024-minh-hoa/{tail}/" for tail in ("kien-nghi", "cap-duoi", "gia-dinh")),
            # The first form of the demonstration belongs to the finished round.
            "/lam-viec/ho-so/1/kien-nghi/",
        ],
        "donvi": [rare_screens.upload_workbook(pages["donvi"], round_name="Thanh tra Chính phủ")],
        "thamdinh": [rare_screens.note_on_a_page(pages["thamdinh"], round_code=in_appraisal, code="1.1.2")],
        "khaosat": [rare_screens.prepare_survey(pages["khaosat"])],
    }


def _is_own_admin(path: str) -> bool:
    return path.startswith("/admin/") and kind_of(path).startswith((*OWN_ADMIN, *ADMIN_STEPS))


@pytest.fixture
def visit(found: Found, own_portal: Portal, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Return a function that opens a page on the portal, signed in as the account."""

    def opened(username: str, **options: Any) -> Page:
        return open_page(own_portal, storage_state=found.states[username], **options)

    return opened


def test_links_lead_to_every_screen(found: Found) -> None:
    assert SCREENS - found.routes == set()
    assert OWN_ADMIN_SCREENS - found.admin_routes == set()


def test_screens_are_sound(language: str, found: Found, visit: Callable[..., Page]) -> None:
    faults = []
    for username, paths in found.workspace.items():
        page, plain = visit(username, color_scheme=SCHEME[language]), visit(username, javascript=False)
        faults += unsound(page, paths, plain=plain)
        page.close()
        plain.close()
    assert faults == []


def test_screens_are_sound__respondent(
    language: str, found: Found, own_portal: Portal, open_page: Callable[..., Page]
) -> None:
    page, plain = open_page(own_portal, color_scheme=SCHEME[language]), open_page(own_portal, javascript=False)
    survey = f"{PREFIX[language]}/khao-sat/"
    faults = unsound(page, [survey, f"{survey}cam-on/", f"{survey}phieu/SAI-MA/", found.letter], plain=plain)
    page.goto(found.letter)
    page.locator("button[name=action][value=review]").click()
    page.wait_for_load_state()
    faults += unsound_here(page)
    assert faults == []


@pytest.mark.parametrize("language", LANGUAGES[:1], indirect=True)
def test_screens_are_sound__own_screens_of_the_admin(found: Found, visit: Callable[..., Page]) -> None:
    faults = []
    for username, paths in found.admin.items():
        page = visit(username)
        faults += unsound(page, paths, within="main")
        page.close()
    assert faults == []
