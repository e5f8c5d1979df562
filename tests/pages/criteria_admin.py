"""The editor's screens in the admin: copy a criteria set, change it, send it in, approve it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


class CriteriaAdmin:
    """Criteria sets in the page tree of the admin."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def find(self, title: str) -> int:
        """Return the number of the page with this title, found by the admin's search."""
        self.page.goto(f"/admin/pages/search/?q={title}&content_type=criteria_pages.criteriasetpage")
        link = self.page.locator("a[href*='/edit/']").filter(has_text=title).first
        return self.number(link.get_attribute("href") or "")

    def copy(self, number: int, *, title: str, slug: str) -> int:
        """Copy a page as a draft beside it; return the copy's number."""
        self.page.goto(f"/admin/pages/{number}/copy/")
        self.page.fill("input[name=new_title]", title)
        self.page.fill("input[name=new_slug]", slug)
        self.page.locator("form:has(input[name=new_slug]) [type=submit]").click()
        self.page.wait_for_url(re.compile(r"/admin/pages/\d+/$"))
        link = self.page.locator("a[href*='/edit/']").filter(has_text=title).first
        return self.number(link.get_attribute("href") or "")

    def edit(self, number: int, fields: dict[str, str]) -> None:
        """Open the page and fill in fields by name."""
        self.page.goto(f"/admin/pages/{number}/edit/")
        # Wagtail watches for changes only once its scripts run; what is typed before that is not seen.
        self.page.wait_for_load_state("networkidle")
        for name, value in fields.items():
            self.page.fill(f"[name={name}]", value)

    def submit(self) -> None:
        """Send what is in the form to the approvers; fails where the admin refuses."""
        self._press(self.page.locator("button[name=action-submit]"))

    def approve(self, number: int) -> None:
        """Approve the draft as it was sent in; that publishes it."""
        self.page.goto(f"/admin/pages/{number}/edit/")
        self.press_approve()

    def press_approve(self) -> None:
        """Approve what is open in the editor."""
        self._press(self.page.locator("[data-workflow-action-name=approve]:not([data-workflow-action-modal-url])"))

    def _press(self, button: Locator) -> None:
        if not button.is_visible():
            self.page.locator("footer [data-w-dropdown-target=toggle], footer .w-dropdown__toggle").last.click()
        button.click()
        expect(self.page.locator(".messages .success, [data-w-messages-target] .success").first).to_be_visible(
            timeout=30_000
        )

    @staticmethod
    def number(address: str) -> int:
        found = re.search(r"/admin/pages/(\d+)/edit/", address)
        assert found, f"no page number in {address!r}"
        return int(found.group(1))
