"""The appraiser's desk: the queue, one criterion, many at once."""

from __future__ import annotations

from playwright.sync_api import Page, expect


class AppraisalDesk:
    """The queue of one round."""

    def __init__(self, page: Page, code: str) -> None:
        self.page = page
        self.address = f"/lam-viec/tham-dinh/{code}/"

    def waiting(self) -> int:
        """Return how many scores on the first page wait for a decision."""
        self.page.goto(f"{self.address}?trang-thai=cho")
        return self.page.locator("input[name=muc]").count()

    def correct_ratio(self, *, numerator: str, reason: str) -> str:
        """Open the first waiting ratio, type another numerator with a reason, store; return the leaf's code."""
        self.page.goto(f"{self.address}?trang-thai=cho")
        links = [a.get_attribute("href") or "" for a in self.page.locator("th[scope=row] a").all()]
        for link in links:
            self.page.goto(link)
            field = self.page.locator("[name=in_numerator]")
            if field.count():
                code = (self.page.locator(".leaf__code").first.inner_text()).split()[0]
                field.fill(numerator)
                self.page.locator("[name=reason]").fill(reason)
                self.page.locator("button[name=viec][value=cho-diem]").click()
                expect(self.page.locator(".alert--success").first).to_be_visible()
                return code
        raise AssertionError("no ratio waits for a decision")

    def accept_all(self) -> None:
        """Accept page by page what waits."""
        for _ in range(20):
            if not self.waiting():
                return
            self.page.locator("[data-choose-all]").click()
            self.page.locator("form[action$='/chap-nhan/'] button[type=submit]").click()
            expect(self.page.locator(".alert--success").first).to_be_visible()
        raise AssertionError("the queue does not get empty")
