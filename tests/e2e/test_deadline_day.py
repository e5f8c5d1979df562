"""Deadline day in the browser: nothing typed is lost, nothing is written where it may not be."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

from django.test import Client
from django.urls import reverse
from django.utils import timezone

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from cms.models import User
from submissions.models import Answer, PhaseDeadline, SignOff
from tests.factories.filling import fill, sign
from tests.factories.submissions import OpenRound, open_round

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
CODE = "1.2.3"
SAVED = re.compile("save-state--saved")


@pytest.fixture
def this() -> OpenRound:
    return open_round()


@pytest.fixture
def person(live_server, browser: Browser, this: OpenRound) -> Iterator[Callable[[User], Page]]:
    """Return a function that opens the form's first domain in a browser of its own, signed in as the user."""
    contexts: list[BrowserContext] = []

    def opened(user: User) -> Page:
        context = browser.new_context(locale="vi-VN", viewport={"width": 1280, "height": 900}, base_url=live_server.url)
        context.set_default_timeout(15_000)
        sign_in(context, user, live_server.url)
        contexts.append(context)
        page = context.new_page()
        page.goto(reverse("submissions:domain", args=[this.plain.submission.pk, "1"]))
        return page

    yield opened
    for context in contexts:
        context.close()


def sign_in(context: BrowserContext, user: User, url: str) -> None:
    """Give the browser a fresh session and with it another token, as a sign-in in another tab does."""
    client = Client()
    client.force_login(user)
    token = "".join(chr(ord("a") + user.pk % 26) for _ in range(32))
    context.add_cookies(
        [
            {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url},
            {"name": "csrftoken", "value": token, "url": url},
        ]
    )


def count(page: Page) -> Locator:
    return page.locator(f"[name='{CODE}-count']")


def state(page: Page) -> Locator:
    return page.locator(f"[data-leaf='{CODE}'] [data-save-state]")


def type_in(page: Page, value: str) -> None:
    count(page).fill(value)
    page.locator(f"[name='{CODE}-explanation']").focus()
    page.locator("h1").click()


def stored(this: OpenRound) -> str | None:
    answer = Answer.objects.filter(submission=this.plain.submission, code=CODE).first()
    return answer.inputs.get("count") if answer else None


def test_two_colleagues_on_one_leaf__both_versions_are_shown_and_one_is_chosen(person, this):
    first, second = person(this.contributor), person(this.leader)
    type_in(first, "3")
    expect(state(first)).to_have_class(SAVED)
    type_in(second, "4")
    stale = second.locator(f"[data-leaf='{CODE}'] .stale")
    expect(stale).to_contain_text("3")
    assert (stored(this), count(second).input_value()) == ("3", "4")
    stale.locator("[data-keep-mine]").click()
    expect(state(second)).to_have_class(SAVED)
    assert stored(this) == "4"


def test_offline_for_a_minute__sent_by_itself_when_the_line_is_back(person, this):
    page = person(this.contributor)
    page.context.set_offline(True)
    type_in(page, "2")
    expect(state(page)).to_have_class(re.compile("save-state--offline"))
    assert stored(this) is None
    page.context.set_offline(False)
    expect(state(page)).to_have_class(SAVED)
    assert stored(this) == "2"


def test_lost_line_and_a_reload__restored_from_this_computer_and_sent(person, this):
    page = person(this.contributor)
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/tu-luu/", lambda route: route.abort())
    type_in(page, "2")
    expect(state(page)).to_have_class(re.compile("save-state--offline"))
    page.unroute("**/tu-luu/")
    page.reload()
    expect(count(page)).to_have_value("2")
    expect(state(page)).to_have_class(SAVED)
    assert stored(this) == "2"


def test_session_expired_while_typing__sent_after_signing_in_again_in_another_tab(person, this, live_server):
    page = person(this.contributor)
    page.context.clear_cookies()
    type_in(page, "2")
    expect(state(page)).to_have_class(re.compile("save-state--error"))
    expect(state(page).get_by_role("link")).to_be_visible()
    assert (stored(this), count(page).input_value()) == (None, "2")
    sign_in(page.context, this.leader, live_server.url)  # a colleague on the same computer
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(state(page)).to_have_class(re.compile("save-state--error"))
    assert stored(this) is None
    sign_in(page.context, this.contributor, live_server.url)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(state(page)).to_have_class(SAVED)
    answer = Answer.objects.get(code=CODE)
    assert (answer.inputs, answer.updated_by) == ({"count": "2"}, this.contributor)


def test_deadline_passing_while_the_page_is_open__refused_with_the_time_and_kept_in_the_page(person, this):
    page = person(this.contributor)
    type_in(page, "1")
    expect(state(page)).to_have_class(SAVED)
    PhaseDeadline.objects.update(closes_at=timezone.now() - dt.timedelta(seconds=1))
    type_in(page, "4")
    expect(state(page)).to_have_class(re.compile("save-state--error"))
    assert (stored(this), count(page).input_value()) == ("1", "4")
    PhaseDeadline.objects.update(closes_at=timezone.now() + dt.timedelta(hours=1))
    type_in(page, "3")
    expect(state(page)).to_have_class(SAVED)
    assert stored(this) == "3"


def test_sign_off_voided_by_a_change__said_in_the_page_and_on_the_review(person, this):
    fill(this.plain.submission, this.contributor)
    sign(this.plain.submission, this.leader)
    page = person(this.contributor)
    type_in(page, "2")
    expect(state(page)).to_have_class(SAVED)
    words = page.locator("[data-form]").get_attribute("data-text-void") or ""
    expect(state(page)).to_contain_text(words)
    assert SignOff.objects.get().voided_at is not None
    page.goto(reverse("submissions:review", args=[this.plain.submission.pk]))
    expect(page.locator("main")).to_contain_text(str(this.leader))
    expect(page.locator("form[action$='/gui-di/']")).to_have_count(0)
