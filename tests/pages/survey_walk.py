"""The survey up to the respondent's page: a unit's list, the officer's desk, the letter."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect

from tests.portal_process import Portal

ANSWER = re.compile(r"/khao-sat/phieu/[A-Z0-9-]+/")
PEOPLE = 5


class UnitList:
    """The unit's list of respondents in the newest survey."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def send(self) -> None:
        """Enter people one by one and send the list."""
        self.page.goto("/lam-viec/danh-sach-khao-sat/")
        self.page.locator("main table a").first.click()
        for number in range(1, PEOPLE + 1):
            form = self.page.locator("form[action$='/them/']")
            form.locator("select[name=group]").select_option(index=1)
            form.locator("[name=name]").fill(f"Người được hỏi {number}")
            form.locator("[name=position]").fill("Chuyên viên")
            form.locator("[name=organisation]").fill("Cục I")
            form.locator("[name=mail]").fill(f"nguoi-{number}@example.vn")
            form.locator("button[type=submit]").click()
            expect(self.page.locator("main table tbody tr")).to_have_count(number)
        # The portal asks whether it is meant.
        self.page.once("dialog", lambda dialog: dialog.accept())
        self.page.locator("form[action$='/gui/'] button[type=submit]").click()
        expect(self.page.locator("form[action$='/them/']")).to_have_count(0)


class SurveyDesk:
    """The officer's desk of the newest survey."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> None:
        """Open the first survey of the list."""
        self.page.goto("/lam-viec/khao-sat/")
        self.page.locator("main table a").first.click()

    def accept_list(self) -> None:
        """Accept the list that was sent."""
        self.page.locator("button[name=decision][value=accept]").first.click()
        expect(self.page.locator(".alert--success").first).to_be_visible()

    def step(self, name: str) -> None:
        """Do one step of the survey, and say that it is meant where the portal asks."""
        form = self.page.locator(f"form:has(input[name=step][value={name}])")
        if form.get_attribute("data-confirm") or form.locator("button[data-confirm]").count():
            self.page.once("dialog", lambda dialog: dialog.accept())
        form.locator("button[type=submit]").click()
        self.page.wait_for_load_state()

    def letter(self, portal: Portal) -> str:
        """Mail the letters; return the address of the first (the portal prints its mail)."""
        self.step("mail")
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = ANSWER.search((portal.folder / "portal.log").read_text(encoding="utf-8", errors="replace"))
            if found:
                return found.group()
            time.sleep(0.3)
        raise AssertionError("no letter went out")
