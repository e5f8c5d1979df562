"""The council room: a session from its plan to its minutes, with one vote."""

from __future__ import annotations

import datetime as dt
import re

from playwright.sync_api import Page, expect


class CouncilRoom:
    """A session of one round's council, run by the secretariat; `address` is known once it is planned."""

    def __init__(self, page: Page, round_code: str) -> None:
        self.page = page
        self.round_code = round_code
        self.address = ""

    def plan(self, held_at: dt.datetime) -> None:
        """Plan a session, mark everybody present with the first as the chair, and begin it."""
        self.page.goto(f"/lam-viec/dot/{self.round_code}/hoi-dong/")
        form = self.page.locator("form:has([name=held_at])")
        form.locator("[name=held_at]").fill(f"{held_at:%Y-%m-%dT%H:%M}")
        form.locator("button[type=submit]").click()
        self.page.wait_for_url(re.compile(r"/hoi-dong/\d+/thanh-vien/$"))
        self.address = self.page.url.removesuffix("thanh-vien/")
        for box in self.page.locator("input[name^=co-mat-]").all():
            box.check()
        self.page.locator("select[name^=vi-tri-]").first.select_option("chair")
        self.page.locator("button[name=viec][value=luu]").click()
        expect(self.page.locator(".alert--success").first).to_be_visible()

    def begin(self) -> None:
        """Begin the session."""
        self.page.goto(self.address)
        self.page.locator("button[name=viec][value=bat-dau]").click()
        expect(self.page.locator("button[name=viec][value=bat-dau]")).to_have_count(0)

    def put_on_agenda(self, *, unit: str, code: str, topic: str) -> None:
        """Put the points of a unit's criterion on the agenda and open the item."""
        self.page.goto(f"{self.address}chuong-trinh/")
        form = self.page.locator("form:has([name=muc-topic])")
        form.locator("[name=muc-subject]").select_option("score")
        form.locator("[name=muc-participant]").select_option(label=unit)
        form.locator("[name=muc-code]").select_option(code)
        form.locator("[name=muc-topic]").fill(topic)
        form.locator("button[type=submit]").last.click()
        expect(self.page.locator(".alert--success").first).to_be_visible()
        self.page.goto(self.address)
        self.page.locator("a[href*='/muc/']").first.click()

    def move(self, *, points: str, reason: str, note: str) -> str:
        """Put the motion to set other points; return where the vote is."""
        form = self.page.locator("form[action$='/de-nghi/']")
        form.locator("[name=kind][value=set]").check()
        form.locator("[name=points]").fill(points)
        form.locator("[name=reason]").fill(reason)
        form.locator("details:has([name=public_note]) summary").click()
        form.locator("[name=public_note]").fill(note)
        form.locator("button[type=submit]").click()
        expect(self.page.locator(".vote")).to_be_visible()
        return self.page.url

    def record(self) -> int:
        """Record a show of hands, all for it; return how many could vote."""
        choices = self.page.locator("input[type=radio][name^=phieu-][value=for]")
        for one in choices.all():
            one.check()
        number = choices.count()
        self.page.locator("button[name=viec][value=ket-qua]").click()
        expect(self.page.locator(".alert--success").first).to_be_visible()
        return number

    def close(self, number: str) -> None:
        """Close the session and freeze the minutes."""
        self.page.goto(f"{self.address}bien-ban/")
        form = self.page.locator("form[action$='/ket-thuc/']")
        form.locator("[name=number]").fill(number)
        form.locator("button[type=submit]").click()
        expect(self.page.locator("form[action$='/ket-thuc/']")).to_have_count(0)
