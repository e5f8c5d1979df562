"""The secretariat's desk: a round from its creation to the seal."""

from __future__ import annotations

import datetime as dt
import re

from playwright.sync_api import Locator, Page, expect

ROUND = re.compile(r"/lam-viec/dot/([\w-]+)/")


class RoundDesk:
    """One round; `code` is known once it is created."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.code = ""

    def create(self, *, name: str, year: int, edition: str, owner: str) -> None:
        """Create the round on the newest edition whose title contains the text."""
        self.page.goto("/lam-viec/dot/moi/")
        self.page.fill("input[name=name]", name)
        self.page.fill("input[name=year]", str(year))
        self._choose(self.page.locator("select[name=edition]"), edition)
        self._choose(self.page.locator("select[name=owner]"), owner)
        self.page.fill("input[name=period_from]", f"{year}-01-01")
        self.page.fill("input[name=period_to]", f"{year}-12-31")
        self._submit(self.page.locator("form:has(select[name=edition])"))
        self.page.wait_for_url(re.compile(r"/don-vi/$"))
        found = ROUND.search(self.page.url)
        assert found
        self.code = found.group(1)

    def add_units(self, codes: list[str]) -> None:
        """Add single units by their codes."""
        self._go("don-vi/")
        form = self.page.locator("form:has(textarea[name=codes])")
        form.locator("textarea[name=codes]").fill(", ".join(codes))
        self._submit(form)
        expect(self.page.locator("tbody tr")).to_have_count(len(codes))

    def set_deadline(self, phase: str, *, opens: dt.datetime, closes: dt.datetime) -> None:
        """Set when a phase opens and locks, in the portal's time."""
        self._go("thoi-han/")
        form = self.page.locator("form#deadlines")
        form.locator(f"[name={phase}-opens_at]").fill(f"{opens:%Y-%m-%dT%H:%M}")
        form.locator(f"[name={phase}-closes_at]").fill(f"{closes:%Y-%m-%dT%H:%M}")
        self._submit(form)
        self._succeeded()

    def end_phases(self, reason: str) -> list[str]:
        """End every phase whose time is not over, with the reason; return what the screen called them."""
        ended = []
        while True:
            self._go("thoi-han/")
            left = self.page.locator("section:has(input[name=ly-do])")
            if not left.count():
                return ended
            ended.append(left.first.locator("h2").inner_text())
            left.first.locator("summary").click()
            left.first.locator("[name=ly-do]").fill(reason)
            left.first.locator("button[type=submit]").click()
            self._succeeded()

    def blockers(self) -> list[str]:
        """Return what stands against finalising."""
        self._go("chot/")
        return self.page.locator("main .alert--error").all_inner_texts()

    def assign(self, code: str, agency: str) -> None:
        """Give a part of the set to an agency."""
        self._go("phan-cong/")
        form = self.page.locator("form:has(input[name=viec][value=giao])")
        form.locator("[name=code]").select_option(code)
        form.locator("[name=agency]").fill(agency)
        self._submit(form)
        self._succeeded()

    def parts(self) -> list[str]:
        """Return the codes of the domains that can be assigned."""
        self._go("phan-cong/")
        form = self.page.locator("form:has(input[name=viec][value=giao])")
        values = [option.get_attribute("value") or "" for option in form.locator("[name=code] option").all()]
        return [value for value in values if value and "." not in value]

    def step(self, to: str) -> None:
        """Move the round to the state."""
        self._go("")
        self._submit(self.page.locator(f"form:has(input[name=buoc][value={to}])"))
        self._succeeded()

    def mark_not_assessed(self, unit: str, reason: str) -> None:
        """Take a unit out of the assessment, with the reason that will be published."""
        self._go("don-vi/")
        self.page.get_by_role("link", name=unit, exact=True).click()
        form = self.page.locator("form[action*='/tinh-trang/']")
        form.locator("select[name=status]").select_option("not_assessed")
        form.locator("[name=reason]").fill(reason)
        self._submit(form)
        self._succeeded()

    def enter_central_points(self, points: str) -> None:
        """Enter the same points for every unit asked, in every criterion that is entered centrally or surveyed."""
        self._go("nhap-diem/")
        codes = [o.get_attribute("value") or "" for o in self.page.locator("select[name=tieu-chi] option").all()]
        for code in codes:
            self._go(f"nhap-diem/?tieu-chi={code}")
            inputs = self.page.locator("input[name^=diem-]")
            if not inputs.count():
                continue  # applies to no unit of the round
            for number in range(inputs.count()):
                inputs.nth(number).fill(points)
            self._submit(self.page.locator("form:has(input[name^=diem-])"))
            self._succeeded()

    def finalise(self) -> None:
        """Seal the round; nothing may be missing."""
        self._go("chot/")
        form = self.page.locator("form:has(input[name=xac-nhan])")
        if form.locator("input[type=checkbox]").count():
            form.locator("input[type=checkbox]").check()
        self._submit(form)
        expect(self.page.locator(".receipt .hash")).to_be_visible()

    def open_overview(self) -> None:
        """Go to the round's overview."""
        self._go("")

    def _go(self, tail: str) -> None:
        self.page.goto(f"/lam-viec/dot/{self.code}/{tail}")

    def _succeeded(self) -> None:
        expect(self.page.locator(".alert--success, .message--success").first).to_be_visible()

    @staticmethod
    def _submit(form: Locator) -> None:
        form.locator("button[type=submit]").last.click()

    @staticmethod
    def _choose(select: Locator, text: str) -> None:
        option = select.locator("option").filter(has_text=text).first
        select.select_option(option.get_attribute("value"))
