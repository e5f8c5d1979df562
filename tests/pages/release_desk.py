"""The desk of publication: build a release with a preview, approve it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

CLASSES = [("A", "Tốt", "90"), ("B", "Khá", "80"), ("C", "Cần cố gắng", "0")]


class ReleaseDesk:
    """One release; `address` is known once it is built or opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.address = ""

    def preview(self, round_code: str) -> None:
        """Name three classes and look at what the release would hold."""
        self.page.goto(f"/lam-viec/cong-bo/ky/{round_code}/")
        for number, (code, name, start) in enumerate(CLASSES):
            self.page.fill(f"[name=lop-{number}-code]", code)
            self.page.fill(f"[name=lop-{number}-name]", name)
            self.page.fill(f"[name=lop-{number}-start]", start)
        self.page.locator("button[name=preview]").click()
        expect(self.page.locator("#preview")).to_be_visible()

    def build(self) -> None:
        """Build what the preview showed."""
        self.page.locator("button[name=build]").click()
        self.page.wait_for_url(re.compile(r"/lam-viec/cong-bo/\d+/$"))
        self.address = self.page.url

    def open(self, title: str) -> None:
        """Open the release with the title from the list."""
        self.page.goto("/lam-viec/cong-bo/")
        self.page.get_by_role("link", name=title, exact=True).first.click()
        self.page.wait_for_url(re.compile(r"/lam-viec/cong-bo/\d+/$"))

    def approve(self, *, number: str, date: str) -> str:
        """Approve by a decision, public at once; return the public address."""
        form = self.page.locator("form[action$='/phe-duyet/']")
        form.locator("[name=decision_number]").fill(number)
        form.locator("[name=decision_date]").fill(date)
        form.locator("button[type=submit]").click()
        link = self.page.locator("a[href*='/ket-qua/']").first
        expect(link).to_be_visible()
        return link.get_attribute("href") or ""

    def verify(self) -> str:
        """Recompute the release; return what the portal says."""
        self.page.locator("form[action$='/kiem-tra/'] button").click()
        self.page.wait_for_load_state()
        return self.page.locator("main").inner_text()
