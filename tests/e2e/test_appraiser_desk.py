"""The appraiser's desk without a pointing device: from the queue to the decision, and what is typed is not lost."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.pages.accessibility import axe_findings

pytestmark = [pytest.mark.e2e, pytest.mark.a11y]

QUEUE = "/lam-viec/tham-dinh/bac-kan-2023-minh-hoa/?trang-thai=cho"
LEAF = re.compile(r"/tham-dinh/bac-kan-2023-minh-hoa/\d+/[\d.]+/")


def test_a_queue_is_worked_through_by_keys_and_a_draft_outlives_reload_and_session(
    as_account: Callable[..., Page],
) -> None:
    page = as_account("thamdinh3")
    press, reason = page.keyboard.press, page.locator("[name=reason]")
    page.goto(QUEUE)
    press("j"), press("j"), press("x")
    expect(page.locator("input[name=muc]:checked")).to_have_count(1)
    press("?")
    expect(page.get_by_role("dialog", name="Phím tắt của màn hình này")).to_be_visible()
    assert axe_findings(page) == []
    press("Escape"), press("Enter")
    page.wait_for_url(LEAF)
    first = page.url
    press("r")
    # Letters that are keys elsewhere stay letters in a field.
    page.keyboard.type("ja, trang 3 sai")
    expect(page.locator("[data-save-state]")).to_contain_text("Đã giữ bản nháp lúc")
    page.reload()
    expect(reason).to_have_value("ja, trang 3 sai")
    expect(page.locator(".draft")).to_contain_text("chưa phải quyết định")

    page.context.clear_cookies(name="sessionid")
    press("r"), press("End")
    page.keyboard.type(", trang 4")
    expect(page.locator("[data-save-state]")).to_contain_text("Phiên làm việc đã hết")
    other = page.context.new_page()
    other.goto("/tai-khoan/dang-nhap/")
    other.locator("input[name=username]").fill("thamdinh3")
    other.locator("input[name=password]").fill("Chi-so-2026!")
    other.keyboard.press("Enter")
    other.wait_for_url(re.compile("/lam-viec/"))
    other.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-save-state]")).to_contain_text("Đã giữ bản nháp lúc")

    press("Escape"), press("a")
    expect(page.locator(".alert--success").first).to_contain_text("Đã quyết định")
    page.wait_for_url(LEAF)
    assert page.url != first
    page.goto(first)
    expect(reason).to_have_value("")
    expect(page.locator(".draft")).to_have_count(0)

    press("?")
    page.get_by_role("checkbox", name=re.compile("Dùng phím đơn")).press("Space")
    press("Escape"), press("q")
    page.wait_for_timeout(300)
    assert page.url == first
    press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)
