"""Uploading evidence in the browser: several files with progress, a line that breaks, a reload, the viewer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.factories import pdfs
from tests.factories.files import pdf_bytes
from tests.pages.sign_in import SignInPage
from tests.pages.watch import Watch
from tests.portal_process import Portal

pytestmark = [pytest.mark.e2e]

LIBRARY = "/lam-viec/minh-chung/"
PIECE = 512 * 1024


@pytest.fixture
def page(browser: Browser, portal: Portal) -> Iterator[Page]:
    """A contributor at the unit's library; the line may break, anything else that no user should meet is a fault."""
    context = browser.new_context(base_url=portal.base_url, locale="vi-VN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    opened = context.new_page()
    watch = Watch(opened)
    SignInPage(opened).sign_in("donvi2")
    opened.goto(LIBRARY)
    opened.get_by_role("link", name="Trường Cán bộ Thanh tra").click()
    yield opened
    context.close()
    assert [fault for fault in watch.faults if "net::ERR_" not in fault] == []


def offsets(page: Page) -> list[int]:
    """Collect where the pieces begin that the page sends; the bodies are only seen of requests that are routed."""
    found: list[int] = []

    def note(request: Request) -> None:
        body = request.post_data_buffer or b""
        if request.method == "POST" and (named := re.search(rb'name="offset"\r\n\r\n(\d+)', body)):
            found.append(int(named.group(1)))

    page.on("request", note)
    return found


def rows(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("listitem").filter(has=page.locator("[data-state]"))


def test_several_files__each_with_its_own_number_and_the_refused_one_named(page: Page, tmp_path: Path):
    names = {
        "mot.pdf": pdf_bytes(text="mot"),
        "hai.pdf": pdf_bytes(text="hai"),
        "xau.pdf": pdfs.with_open_action_script(),
    }
    for name, content in names.items():
        (tmp_path / name).write_bytes(content)
    page.locator("input[type=file]").set_input_files([tmp_path / name for name in names])
    expect(rows(page)).to_have_count(3)
    first = rows(page).first
    first.locator("summary").click()
    first.locator("[name=number]").fill("01/QĐ")
    page.locator("form[data-upload]").get_by_role("button").last.click()
    expect(rows(page).nth(2)).to_contain_text("xau.pdf” có nội dung hoạt động")
    expect(rows(page).nth(1).get_by_role("link", name="hai")).to_be_visible()
    first.get_by_role("link", name="mot").click()
    expect(page.get_by_role("main")).to_contain_text("01/QĐ")
    expect(page.locator("iframe")).to_have_attribute("src", re.compile(r"\?inline=1#page=1$"))


def test_a_broken_line__the_upload_goes_on_by_itself(page: Page, tmp_path: Path):
    (tmp_path / "dai.pdf").write_bytes(pdf_bytes(text="dai", padding=3 * PIECE))
    sent = offsets(page)
    broken: list[int] = []

    def break_second(route: Route) -> None:
        if len(sent) == 2 and not broken:
            broken.append(1)
            route.abort()
        else:
            route.continue_()

    page.route("**/tai-len/**", break_second)
    page.locator("input[type=file]").set_input_files(tmp_path / "dai.pdf")
    page.locator("form[data-upload]").get_by_role("button").last.click()
    expect(page.get_by_role("row").filter(has_text="dai")).to_be_visible(timeout=20_000)
    assert sent == [0, PIECE, PIECE, 2 * PIECE, 3 * PIECE]


def test_a_reload_in_the_middle__the_same_file_goes_on_where_it_was(page: Page, tmp_path: Path):
    (tmp_path / "nua.pdf").write_bytes(pdf_bytes(text="nua", padding=2 * PIECE))
    page.on("dialog", lambda dialog: dialog.accept())
    sent, down = offsets(page), [True]
    page.route("**/tai-len/**", lambda route: route.abort() if len(sent) > 1 and down else route.continue_())
    page.locator("input[type=file]").set_input_files(tmp_path / "nua.pdf")
    page.locator("form[data-upload]").get_by_role("button").last.click()
    page.wait_for_function("() => !navigator.onLine || document.querySelector('[data-state].strong')")
    assert sent == [0, PIECE]
    page.reload()
    down.clear()
    page.locator("input[type=file]").set_input_files(tmp_path / "nua.pdf")
    page.locator("form[data-upload]").get_by_role("button").last.click()
    expect(page.get_by_role("row").filter(has_text="nua")).to_be_visible(timeout=20_000)
    assert sent[2:] == [PIECE, 2 * PIECE]
