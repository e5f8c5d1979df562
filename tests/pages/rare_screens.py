"""Brings about what the demonstration data lack, as people do it on screens, and returns where that led them."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.pages.criteria_admin import CriteriaAdmin
from tests.pages.unit_form import UnitForm

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def ask_for_explanation(appraiser: Page, *, round_code: str, unit: str) -> None:
    """Ask the unit to explain the first criterion that the appraiser finds."""
    appraiser.goto(f"/lam-viec/tham-dinh/{round_code}/")
    appraiser.locator("select[name=don-vi]").select_option(label=unit)
    appraiser.locator("form.filters button[type=submit]").click()
    appraiser.locator("main tbody th a").first.click()
    appraiser.locator("details:has(form[action*='/hoi/']) summary").click()
    form = appraiser.locator("form[action*='/hoi/']")
    form.locator("[name=question]").fill("Văn bản nào chứng minh thời điểm ban hành?")
    due = form.locator("[name=due_at]")
    if not due.input_value():
        due.fill(f"{dt.datetime.now(ZONE) + dt.timedelta(days=3):%Y-%m-%dT%H:%M}")
    form.locator("button[type=submit]").click()
    expect(appraiser.locator(".alert--success").first).to_be_visible()


def draw_sample(secretariat: Page, *, round_code: str, of: str, by: str) -> None:
    """Draw the sample of an agency's decisions, to be read by another agency."""
    secretariat.goto(f"/lam-viec/dot/{round_code}/cham-kiem-tra/")
    part = secretariat.locator("section", has=secretariat.get_by_role("heading", name=of, exact=True))
    part.locator("select").select_option(label=by)
    secretariat.once("dialog", lambda dialog: dialog.accept())
    part.locator("button[type=submit]").click()
    expect(secretariat.locator(".alert--success").first).to_be_visible()


def note_on_a_page(appraiser: Page, *, round_code: str, code: str) -> str:
    """Note something on the first document that proves the criterion at some unit; return where it is read."""
    appraiser.goto(f"/lam-viec/tham-dinh/{round_code}/?tieu-chi={code}")
    for leaf in appraiser.locator("main tbody th a").all():
        page = appraiser.request.get(leaf.get_attribute("href") or "").text()
        found = re.search(r'href="([^"]*/minh-chung/\d+/)[^"]*"', page)
        if found:
            appraiser.goto(found[1])
            break
    appraiser.locator("form:has(button[value=them]) [name=text]").fill("Chưa thấy dấu của cơ quan ban hành.")
    appraiser.locator("button[value=them]").click()
    expect(appraiser.locator(".page-note")).to_have_count(1)
    return urlsplit(appraiser.url).path


def export_scores(secretariat: Page, *, round_code: str) -> str:
    """Order the scores of the round as a workbook; return where the job is shown."""
    secretariat.goto(f"/lam-viec/dot/{round_code}/")
    secretariat.locator("form[action$='/xuat-diem/'] button").click()
    secretariat.wait_for_url(re.compile(r"/lam-viec/tac-vu/\d+/$"))
    return urlsplit(secretariat.url).path


def check_an_import(secretariat: Page) -> str:
    """Upload a list of units with one mistake in it; return where the check is shown once it is done."""
    secretariat.goto("/lam-viec/nhap-du-lieu/units/")
    content = "code,name,tier\nso-thu-nghiem,Sở Thử nghiệm,so\nso-sai,Sở Sai,khong-co\n"
    file = {"name": "don-vi.csv", "mimeType": "text/csv", "buffer": content.encode()}
    secretariat.locator("input[type=file]").set_input_files(files=[file])
    secretariat.locator("main form:has(input[type=file]) button[type=submit]").click()
    secretariat.wait_for_url(re.compile(r"/nhap-du-lieu/units/\d+/$"))
    expect(secretariat.locator("main table").first).to_be_visible(timeout=60_000)
    return urlsplit(secretariat.url).path


def upload_workbook(contributor: Page, *, round_name: str) -> str:
    """Download the unit's workbook and upload it as it is; return where the preview is shown."""
    form = UnitForm(contributor)
    form.open(round_name)
    workbook = contributor.request.get(f"{form.address}bang-tinh/tai-ve/").body()
    contributor.goto(f"{form.address}bang-tinh/")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    file = {"name": "bang-tinh.xlsx", "mimeType": kind, "buffer": workbook}
    contributor.locator("input[type=file]").set_input_files(files=[file])
    contributor.locator("main form:has(input[type=file]) button[type=submit]").click()
    contributor.wait_for_url(re.compile(r"/bang-tinh/[0-9a-f-]{36}/$"))
    return urlsplit(contributor.url).path


def publish_newer_edition(editor: Page, approver: Page, *, title: str) -> None:
    """Give the set another decision and let it be approved: rounds on it are then offered the newer edition."""
    admin = CriteriaAdmin(editor)
    number = admin.find(title)
    admin.edit(number, {"decision_number": "77/QĐ-MH"})
    admin.submit()
    CriteriaAdmin(approver).approve(number)


def prepare_survey(officer: Page) -> str:
    """Set up a survey whose groups may still be changed; return where the first group is changed."""
    now = dt.datetime.now(ZONE)
    officer.goto("/lam-viec/khao-sat/moi/")
    officer.locator("select[name=round]").select_option(index=1)
    sheet = "Phiếu khảo sát về cải cách hành chính của sở và huyện (minh họa)"
    officer.locator("select[name=questionnaire]").select_option(label=sheet)
    officer.locator("select[name=template]").select_option("body")
    for name, days in (("lists_due", 10), ("answers_due", 20)):
        officer.fill(f"input[name={name}]", f"{now + dt.timedelta(days=days):%Y-%m-%dT%H:%M}")
    officer.locator("main form button[type=submit]").click()
    officer.wait_for_url(re.compile(r"/khao-sat/\d+/$"))
    return officer.locator("a[href*='/nhom/']").first.get_attribute("href") or ""
