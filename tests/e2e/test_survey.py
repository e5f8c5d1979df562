"""The sociological survey from the lists to the citizen, in a browser: one duplicate resolved, one unit cancelled.

Letters are read from the folder that the portal's mail goes to. The round is a small one of its own; what other desks
do (appraisal, release) is done through the domain between the steps, and tested elsewhere.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from submissions.domain.survey.workbook import HEADERS
from tests.pages.accessibility import axe_findings
from tests.pages.sign_in import SignInPage
from tests.portal_process import DEMONSTRATION_PASSWORD, Portal, manage, running_portal

pytestmark = pytest.mark.e2e
PHONE = {"width": 390, "height": 844}
LINK = re.compile(r"http://[\d.:]+(/khao-sat/phieu/[A-Z2-7-]+/)")

SET_UP = f"""
from tests.factories.survey import open_survey
case = open_survey()
names = {{"khaosat1": case.officer, "khaosat2": case.second_officer, "tinh-a": case.around.contributor,
          "tinh-b": case.around.other_contributor}}
for name, user in names.items():
    user.username = name
    user.set_password({DEMONSTRATION_PASSWORD!r})
    user.save()
"""
ANSWER = """
from submissions.domain.survey import answering
for token, mark, seconds in {rows}:
    answering.send_answers(token=token, answers={{"q1": mark, "q2": mark}}, seconds=seconds, address="192.0.2.8")
"""
PUBLISH = """
import datetime as dt
from submissions.domain.definitions import definition_for
from submissions.domain.ledger import append
from submissions.enums import Basis, RoundState, Stage
from submissions.models import AssessmentRound
from publishing.domain.release_life import approve_release
from publishing.domain.releases import build_release
from cms.enums import Role
from cms.models import Membership
this = AssessmentRound.objects.get()
def holder(role):
    return Membership.objects.filter(role=role).first().user
for participant in this.participants.all():
    for leaf in definition_for(participant).leaves:
        if leaf.scorer != "survey":
            append(participant=participant, code=leaf.code, stage=Stage.APPRAISAL_1, points=leaf.maximum,
                   basis=Basis.RULE, actor=holder(Role.APPRAISER))
AssessmentRound.objects.update(state=RoundState.FINALISED)
this.refresh_from_db()
release = build_release(round=this, user=holder(Role.SECRETARIAT), title="Chỉ số thử", slug="chi-so-thu")
approve_release(release=release, user=holder(Role.APPROVER), decision_number="1/QĐ", decision_date=dt.date(2026, 1, 2))
print("/".join(p.unit.code for p in this.participants.order_by("unit__name")))
"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the portal's mail goes to."""
    return tmp_path_factory.mktemp("letters")


@pytest.fixture(scope="module")
def survey_portal(tmp_path_factory: pytest.TempPathFactory, letters: Path) -> Iterator[Portal]:
    """A portal without demonstration data, with the small round and its open lists."""
    folder = tmp_path_factory.mktemp("survey")
    manage(folder, "prepare", "-v", "0")
    manage(folder, "shell", "-c", SET_UP)
    with running_portal(folder, extra={"PORTAL_EMAIL_URL": f"filemail:///{letters}"}) as portal:
        yield portal


def workbook(people: list[tuple[str, str, str]]) -> dict[str, object]:
    """Return an uploaded list: (name, mail, group)."""
    book = openpyxl.Workbook()
    book.active.append(HEADERS)
    for name, mail, group in people:
        book.active.append((name, "Chức vụ", "Hội đồng nhân dân tỉnh", mail, group, ""))
    target = io.BytesIO()
    book.save(target)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "danh-sach.xlsx", "mimeType": kind, "buffer": target.getvalue()}


def links_of(folder: Path, expected: int) -> dict[str, str]:
    """Return {mail address: path of the link} of all letters, once there are as many as expected."""
    end = time.monotonic() + 30
    found: dict[str, str] = {}
    while len(found) < expected and time.monotonic() < end:
        for path in folder.glob("*.log"):
            for raw in re.split(rb"(?m)^-{70,}$\n?", path.read_bytes()):
                message = message_from_bytes(raw.strip(), policy=policy.default)
                link = LINK.search(str(message.get_body().get_content())) if message["To"] else None
                if link:
                    found[str(message["To"])] = link.group(1)
        time.sleep(0.2)
    assert len(found) == expected
    return found


def press(page: Page, step: str) -> None:
    """Do a step of the desk."""
    page.locator(f"form:has(input[name=step][value={step}]) button").click()


def test_from_the_lists_to_the_citizen(survey_portal: Portal, letters: Path, open_page: Callable[..., Page]) -> None:
    def account(name: str) -> Page:
        page = open_page(survey_portal)
        page.on("dialog", lambda dialog: dialog.accept())
        SignInPage(page).sign_in(name)
        return page

    # 1. Two units upload and send their lists; one person stands on both.
    deputies = [(f"Đại biểu {n}", f"dai-bieu-{n}@example.vn", "dai-bieu") for n in range(6)]
    heads = [(f"Trưởng phòng {n}", f"truong-phong-{n}@example.vn", "truong-phong") for n in range(6)]
    units = {}
    for name, people in (("tinh-a", deputies), ("tinh-b", [*heads, (*deputies[0][:2], "truong-phong")])):
        page = units[name] = account(name)
        page.goto("/lam-viec/danh-sach-khao-sat/")
        page.locator("tbody a").first.click()
        page.locator("input[type=file]").set_input_files(workbook(people))  # type: ignore[arg-type]
        page.locator("form[action$='/tai-len/'] button").click()
        expect(page.locator("#people")).to_contain_text(str(len(people)))
        page.locator("form[action$='/gui/'] button").click()
        expect(page.locator(".alert--locked")).to_be_visible()

    # 2. The officer accepts both; the rule leaves the person out of the list with the lower priority, and says why.
    officer = account("khaosat1")
    officer.goto("/lam-viec/khao-sat/")
    officer.locator("tbody a").first.click()
    desk = officer.url
    for _n in range(2):
        officer.locator("button[name=decision][value=accept]").first.click()
    press(officer, "select")
    left_out = officer.locator("section[aria-labelledby=left-out]")
    expect(left_out.locator("tbody tr")).to_have_count(1)
    expect(left_out).to_contain_text("Đại biểu 0")
    press(officer, "invite")
    press(officer, "mail")
    links = links_of(letters, 12)
    officer.goto(f"{desk}thu/")
    assert axe_findings(officer) == []
    officer.locator("tbody a").first.click()
    assert axe_findings(officer) == []

    # 3. A deputy answers on a phone: kept as one goes, looked through, sent, receipt; then the link is used up.
    phone = open_page(survey_portal, viewport=PHONE, has_touch=True)
    phone.goto(links["dai-bieu-0@example.vn"])
    assert axe_findings(phone) == []
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    phone.locator("input[name=q-q1][value=B]").check()
    expect(phone.locator("[data-survey-state]")).to_contain_text("1/2", timeout=10_000)
    phone.reload()
    expect(phone.locator("input[name=q-q1][value=B]")).to_be_checked()
    phone.locator("input[name=q-q2][value=B]").check()
    phone.locator("button[value=review]").click()
    phone.locator("button[value=send]").click()
    expect(phone.locator(".receipt__number")).to_be_visible()
    assert {cookie["name"] for cookie in phone.context.cookies()} == {"csrftoken"}
    assert phone.goto(links["dai-bieu-0@example.vn"]).status == 404  # type: ignore[union-attr]
    # Without scripts the same pages work.
    plain = open_page(survey_portal, viewport=PHONE, javascript=False)
    plain.goto(links["dai-bieu-1@example.vn"])
    for question in ("q1", "q2"):
        plain.locator(f"input[name=q-{question}][value=A]").check()
    plain.locator("button[value=review]").click()
    plain.locator("button[value=send]").click()
    expect(plain.locator(".receipt__number")).to_be_visible()

    # 4. The others answer; those of the second unit within three seconds of opening. The unit sees counts only.
    tokens = {mail: link.split("/")[-2] for mail, link in links.items()}
    rows = [(tokens[f"dai-bieu-{n}@example.vn"], "A", 200) for n in range(2, 6)]
    rows += [(tokens[f"truong-phong-{n}@example.vn"], "A", 3) for n in range(6)]
    manage(survey_portal.folder, "shell", "-c", ANSWER.format(rows=rows))
    units["tinh-a"].reload()
    progress = units["tinh-a"].locator("[aria-labelledby=progress] tbody tr")
    expect(progress).to_have_count(1)
    assert [cell.inner_text() for cell in progress.locator("td").all()] == ["6", "6", "6"]

    # 5. The sign of interference: one officer proposes, another one confirms; then the answers are closed and counted.
    officer.goto(desk)
    press(officer, "scan")
    officer.locator("textarea[name=reason]").first.fill("Sáu phiếu gửi trong ba giây.")
    officer.locator("button[name=decision][value=cancel]").first.click()
    second = account("khaosat2")
    second.goto(desk)
    second.locator("textarea[name=reason]").first.fill("Đồng ý hủy.")
    second.locator("button[name=decision][value=cancel]").first.click()
    press(officer, "close")
    press(officer, "results")
    # One B and B of 60, five A and A of 100: (2 x 60 + 10 x 100) / 12 = 93.33; of two points 1.87.
    expect(officer.locator("section[aria-labelledby=results]")).to_contain_text("93,33")

    # 6. The index and the citizen.
    codes = manage(survey_portal.folder, "shell", "-c", PUBLISH).strip().splitlines()[-1].split("/")
    citizen = open_page(survey_portal)
    texts = []
    for code in codes:
        assert citizen.goto(f"/ket-qua/chi-so-thu/don-vi/{code}/").status == 200  # type: ignore[union-attr]
        texts.append(citizen.locator("main").text_content() or "")
    assert "93,33" in texts[0]
    assert "1,87" in texts[0]
    assert "Sáu phiếu gửi trong ba giây." in texts[1]
    # The survey's own page: aggregates, the cancelled unit, open data; sound on a phone and without scripts.
    reader = open_page(survey_portal, viewport=PHONE, javascript=False)
    assert reader.goto("/ket-qua/chi-so-thu/dieu-tra/").status == 200  # type: ignore[union-attr]
    table = reader.locator("section:has(#units)")
    expect(table).to_contain_text("93,33")
    expect(table).to_contain_text("Sáu phiếu gửi trong ba giây.")
    assert reader.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    citizen.goto("/ket-qua/chi-so-thu/dieu-tra/")
    assert axe_findings(citizen) == []
    answer = citizen.request.get(citizen.locator("a[href$='dieu-tra.json']").get_attribute("href"))
    assert answer.json()["survey"]["answered"] == 6
