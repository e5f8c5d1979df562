"""From the sign-in to "Gửi đi" without a mouse: everything is found by role and name, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from django.utils.translation import gettext, override

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from cms.models import User
from submissions.enums import SubmissionState
from submissions.models import Receipt, SignOff
from tests.factories.cms import PASSWORD
from tests.factories.submissions import OpenRound, open_round
from tests.pages.accessibility import axe_findings
from tests.pages.keyboard import Keyboard

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
# What is typed into a field, by what its name contains in either language; points fit into every other field.
TYPED = {"Ngày": "15/12/2025", "Date": "15/12/2025", "b": "10", "Mẫu": "18", "Denominator": "18"}


@pytest.fixture
def this() -> OpenRound:
    return open_round()


class Journey:
    """One person's way over the screens, in one language."""

    def __init__(self, page: Page, language: str) -> None:
        self.page = page
        self.keys = Keyboard(page)
        self.language = language
        self.faults: list[str] = []

    def say(self, text: str) -> str:
        """Return the interface's words in the person's language."""
        with override(self.language):
            return gettext(text)

    def named(self, text: str) -> re.Pattern[str]:
        """Return what begins as the interface's sentence does, up to the first value in it."""
        return re.compile(re.escape(self.say(text).split("%(")[0].strip()))

    def arrive(self, heading: str | re.Pattern[str]) -> None:
        """The screen has its heading, and axe finds nothing on it."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self.faults += [f"{self.page.url}: {finding}" for finding in axe_findings(self.page)]

    def sign_in(self, user: User) -> None:
        prefix = "" if self.language == "vi" else "/en"
        self.page.goto(f"{prefix}/tai-khoan/dang-nhap/?next={prefix}/lam-viec/")
        self.arrive(self.say("Sign in"))
        self.keys.write(self.page.get_by_role("textbox", name=self.say("username")), user.username)
        self.keys.write(self.page.get_by_role("textbox", name=self.say("Password")), PASSWORD)
        self.page.keyboard.press("Enter")
        self.arrive(self.named("Hello, %(name)s"))

    def follow_todo(self, sentence: str) -> None:
        """Jump over the menu and follow what waits."""
        self.keys.skip_to_content(self.say("Skip to the content"))
        todo = self.page.get_by_role("region", name=self.say("To do")).get_by_role("link", name=self.named(sentence))
        self.keys.press(todo)

    def fill_in(self) -> None:
        """Answer every criterion on the screen and wait until the last is saved."""
        for article in self.page.get_by_role("main").get_by_role("article").all():
            self._answer(article)
        self.page.keyboard.press("Tab")
        for article in self.page.get_by_role("main").get_by_role("article").all():
            if article.get_by_role("textbox").count():
                expect(article.get_by_role("status")).to_contain_text(self.say("Saved at"), timeout=20_000)

    def _answer(self, article: Locator) -> None:
        for group in article.get_by_role("group").filter(has=self.page.get_by_role("radio")).all():
            self.keys.press(group.get_by_role("radio").first, "Space")
        for box in article.get_by_role("textbox").all():
            name = box.get_attribute("aria-label") or box.evaluate("e => e.labels[0].innerText")
            typed = next((value for part, value in TYPED.items() if part in name), "1")
            explains = name.startswith(self.say("Explanation"))
            self.keys.write(box, "Đã thực hiện theo kế hoạch." if explains else typed)


@pytest.fixture(params=["vi", "en"])
def journey(request: pytest.FixtureRequest, live_server, browser: Browser) -> Iterator[Callable[[User], Journey]]:
    """Return a function that lets somebody sign in in a browser of their own, in one language."""
    contexts: list[BrowserContext] = []

    def begin(user: User) -> Journey:
        context = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900}, base_url=live_server.url)
        context.set_default_timeout(20_000)
        contexts.append(context)
        one = Journey(context.new_page(), request.param)
        one.sign_in(user)
        return one

    yield begin
    for context in contexts:
        context.close()


def test_contributor_and_leader__fill_in_sign_off_and_send_with_the_keyboard_alone(journey, this):
    contributor = journey(this.contributor)
    page, keys, say = contributor.page, contributor.keys, contributor.say
    contributor.follow_todo("Fill in the form: %(round)s, %(unit)s (%(done)s of %(total)s done)")
    contributor.arrive(this.round.name)
    keys.press(page.get_by_role("table").get_by_role("link", name=re.compile(r"^1\. ")))
    contributor.arrive(re.compile(r"^1\. "))
    contributor.fill_in()
    keys.press(page.get_by_role("navigation", name=say("Contents")).get_by_role("link", name=re.compile(r"2\. ")))
    contributor.arrive(re.compile(r"^2\. "))
    contributor.fill_in()
    keys.press(page.get_by_role("region", name=say("State")).get_by_role("link", name=say("Review"), exact=True))
    contributor.arrive(say("Review"))
    expect(page.get_by_role("main")).to_contain_text(say("Nothing is missing."))

    leader = journey(this.leader)
    leader.follow_todo("Sign off the form: %(round)s, %(unit)s")
    leader.arrive(say("Review"))
    leader.keys.press(leader.page.get_by_role("button", name=say("Sign off"), exact=True))
    expect(leader.page.get_by_role("button", name=say("Send"), exact=True)).to_be_visible()
    leader.arrive(say("Review"))
    assert SignOff.objects.get().signed_by == this.leader

    page.goto(f"{'' if contributor.language == 'vi' else '/en'}/lam-viec/")
    contributor.follow_todo("Send the form: %(round)s, %(unit)s")
    contributor.arrive(say("Review"))
    keys.press(page.get_by_role("button", name=say("Send"), exact=True))
    expect(page).to_have_url(re.compile(r"/bien-nhan/$"))
    receipt = Receipt.objects.get()
    expect(page.get_by_role("main")).to_contain_text(receipt.number)
    contributor.arrive(re.compile("."))
    assert (receipt.sent_by, receipt.submission.state) == (this.contributor, SubmissionState.SENT)
    assert [*contributor.faults, *leader.faults] == []
