"""A province and two districts in the browser, from forms that were sent to a result that was corrected.

Each agency appraises its domains, one explanation is resolved and one upheld, the council votes without the member
whose unit it is, a bonus is given; the districts' councils publish their communes; the province ranks them together;
after publication an appeal leads to a correcting release. In the end the citizen's page tells the story of one leaf.
The forms are filled and sent by the domain beforehand; from there on everything happens on screens.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import DESKTOP
from tests.pages.accessibility import unsound_here
from tests.pages.appraisal_desk import AppraisalDesk
from tests.pages.council_room import CouncilRoom
from tests.pages.release_desk import ReleaseDesk
from tests.pages.round_desk import RoundDesk
from tests.pages.sign_in import SignInPage
from tests.pages.watch import Watch
from tests.portal_process import DEMONSTRATION_PASSWORD, Portal, manage, running_portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NORTH, DEPARTMENT = "UBND huyện Bắc", "Sở Y tế"
PROVINCE = "tinh-minh-hoa"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SEED = f"from tests.factories.two_tiers import sent_world; sent_world({DEMONSTRATION_PASSWORD!r})"


@pytest.fixture(scope="module")
def own_portal(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal with the province's world beside the demonstration data."""
    folder = tmp_path_factory.mktemp("two-tiers")
    shutil.copytree(demonstration, folder, dirs_exist_ok=True)
    manage(folder, "shell", "-v", "0", "-c", SEED)
    with running_portal(folder) as served:
        yield served


@pytest.fixture
def account(own_portal: Portal, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """Return a function that gives the account's own browser, signed in once, saying yes to questions."""
    pages: dict[str, Page] = {}
    contexts: list[BrowserContext] = []
    watches: list[Watch] = []

    def page_of(username: str) -> Page:
        if username not in pages:
            context = browser.new_context(
                base_url=own_portal.base_url, viewport=DESKTOP, locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh"
            )
            context.set_default_timeout(20_000)
            contexts.append(context)
            pages[username] = page = context.new_page()
            page.on("dialog", lambda dialog: dialog.accept())
            watches.append(Watch(page))
            if username:
                SignInPage(page).sign_in_by_request(username)
        return pages[username]

    yield page_of
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


class Province:
    """What people of the province do with single scores."""

    def __init__(self, account: Callable[[str], Page]) -> None:
        self.account = account

    def _open(self, agency: str, unit: str, code: str) -> Page:
        page = self.account(f"{agency}-thamdinh")
        page.goto(f"/lam-viec/tham-dinh/{PROVINCE}/?tieu-chi={code}&trang-thai=")
        page.locator("main tbody tr").filter(has_text=unit).locator("th a").first.click()
        return page

    def lower(self, agency: str, unit: str, code: str, *, numerator: str, reason: str) -> None:
        """Correct the inputs with a reason."""
        page = self._open(agency, unit, code)
        page.locator("[name=in_numerator]").fill(numerator)
        page.locator("[name=reason]").fill(reason)
        page.locator("button[name=viec][value=cho-diem]").click()
        expect(page.locator(".alert--success").first).to_be_visible()

    def ask(self, agency: str, unit: str, code: str, question: str) -> None:
        """Ask the unit to explain the criterion."""
        page = self._open(agency, unit, code)
        form = page.locator("form[action*='/hoi/']")
        if not form.is_visible():
            page.locator("details:has(form[action*='/hoi/']) summary").click()
        form.locator("[name=question]").fill(question)
        form.locator("[name=due_at]").fill(f"{dt.datetime.now(ZONE) + dt.timedelta(days=2):%Y-%m-%dT%H:%M}")
        form.locator("button[type=submit]").click()
        expect(page.locator(".alert--success").first).to_be_visible()

    def explain(self, contributor: str, answer: str) -> None:
        """Answer the request that waits for the unit."""
        page = self.account(contributor)
        page.goto("/lam-viec/giai-trinh/")
        page.locator("main a[href*='/giai-trinh/']").last.click()
        page.locator("[name=answer]").fill(answer)
        page.locator("main form:has([name=answer]) button[type=submit]").click()
        expect(page.locator(".alert--success").first).to_be_visible()

    def decide(self, agency: str, unit: str, code: str, act: str, reason: str = "") -> None:
        """Accept the unit's score or uphold the own one."""
        page = self._open(agency, unit, code)
        if reason:
            page.locator("[name=reason]").fill(reason)
        page.locator(f"button[name=viec][value={act}]").click()
        expect(page.locator(".alert--success").first).to_be_visible()


def publish(account: Callable[[str], Page], office: str, code: str, number: str) -> str:
    """End the phases, seal, build, approve; return the public address."""
    desk = RoundDesk(account(f"{office}-thuongtruc"))
    desk.code = code
    desk.end_phases("Đã thẩm định xong.")
    desk.finalise()
    builder = ReleaseDesk(desk.page)
    builder.preview(code)
    builder.build()
    return approve(account, office, builder.address, number)


def approve(account: Callable[[str], Page], office: str, address: str, number: str) -> str:
    """Let the office's approver approve the release at the address of the desk."""
    approver = ReleaseDesk(account(f"{office}-pheduyet"))
    approver.page.goto(address)
    return approver.approve(number=number, date=f"{dt.datetime.now(ZONE):%Y-%m-%d}")


def leaf_of(page: Page, code: str) -> str:
    """What the unit's public page says of a leaf."""
    row = page.locator(f"#tc-{code.replace('.', chr(92) + '.')}")
    return " ".join((row.text_content() or "").split())


def test_a_province_and_its_districts_from_sent_to_corrected(account: Callable[[str], Page]) -> None:
    province = Province(account)

    # 1. Agencies by domain. One score is lowered and upheld after an explanation, one is asked first and accepted.
    province.lower("vanphong", NORTH, "2.1", numerator="5", reason="Hồ sơ trễ hạn chưa được loại trừ.")
    province.ask("vanphong", NORTH, "2.1", "Vì sao có hồ sơ trễ hạn?")
    province.ask("tuphap", DEPARTMENT, "3.1", "Văn bản rà soát thứ ba là văn bản nào?")
    province.explain("huyen-bac-dau-moi", "Do lỗi đồng bộ của hệ thống.")
    province.explain("so-y-te-mh-dau-moi", "Là Báo cáo số 15/BC-SYT.")
    province.decide("vanphong", NORTH, "2.1", "giu-nguyen", "Chưa có xác nhận của đơn vị vận hành.")
    province.decide("tuphap", DEPARTMENT, "3.1", "chap-nhan")
    for agency in ("noivu", "vanphong", "tuphap"):
        AppraisalDesk(account(f"{agency}-thamdinh"), PROVINCE).accept_all()

    # 2. A bonus; then the council gives the district a point, without the member who leads that district.
    secretariat = account("tinh-thuongtruc")
    secretariat.goto(f"/lam-viec/dot/{PROVINCE}/cong-tru/")
    form = secretariat.locator("form:has([name=points])")
    form.locator("[name=participant]").select_option(label=DEPARTMENT)
    form.locator("[name=points]").fill("0,5")
    form.locator("[name=reason]").fill("Sáng kiến được Bộ công nhận.")
    form.locator("button[type=submit]").click()
    expect(secretariat.locator(".alert--success").first).to_be_visible()
    desk = RoundDesk(secretariat)
    desk.code = PROVINCE
    desk.step("council")
    room = CouncilRoom(secretariat, PROVINCE)
    room.plan(dt.datetime.now(ZONE))
    room.begin()
    room.put_on_agenda(unit=NORTH, code="2.1", topic="Xem lại điểm giải quyết hồ sơ đúng hạn")
    vote = room.move(points="1", reason="Lỗi của hệ thống dùng chung.", note="Hội đồng ghi nhận lỗi đồng bộ.")
    excluded = account("tinh-hoidong-bac")
    excluded.goto(vote)
    expect(excluded.locator(".alert--refused")).to_be_visible()
    expect(excluded.locator("button[name=phieu]")).to_have_count(0)
    assert room.record() == 2
    room.close("01/BB-HĐ")

    # 3. The districts appraise and publish their communes; a district sees nothing of the other.
    for name, number in (("bac", "21/QĐ"), ("nam", "22/QĐ")):
        AppraisalDesk(account(f"{name}-thamdinh"), f"huyen-{name}").accept_all()
        publish(account, name, f"huyen-{name}", number)
    assert account("nam-thuongtruc").goto("/lam-viec/dot/huyen-bac/").status == 404  # type: ignore[union-attr]

    # 4. The province publishes its own round, whose children are finalised, and ranks the communes together.
    public = publish(account, "tinh", PROVINCE, "23/QĐ-UBND")
    secretariat.goto(f"/lam-viec/dot/{PROVINCE}/cap-duoi/")
    joint = secretariat.locator("[aria-labelledby=joint-heading] tbody tr")
    expect(joint).to_have_count(4)
    assert "9.1" in secretariat.locator("[aria-labelledby=below-heading]").first.inner_text()
    assert unsound_here(secretariat) == []
    citizen = account("")
    citizen.goto(f"{public}don-vi/huyen-bac/")
    told = leaf_of(citizen, "2.1")
    assert ("Hội đồng ghi nhận lỗi đồng bộ." in told, "1,00" in told) == (True, True)
    citizen.goto(f"{public}don-vi/so-y-te-mh/")
    assert "+0,50" in citizen.locator("main").inner_text()

    # 5. The district appeals and is heard: the ledger gets an entry, a correcting release says so, the old one stays.
    secretariat.goto(f"/lam-viec/dot/{PROVINCE}/kien-nghi/")
    secretariat.locator("select[name=don-vi]").select_option(label=NORTH)
    secretariat.locator("select[name=tieu-chi]").select_option("2.1")
    secretariat.locator("form.filters button").click()
    form = secretariat.locator("form:has([name=document])")
    answers = {"document": "30/KN-UBND", "asked": "Tính lại tỷ lệ", "decision": "40/QĐ-UBND", "points": "1,5"}
    for field, text in {**answers, "reason": "Xác nhận của đơn vị vận hành."}.items():
        form.locator(f"[name={field}]").fill(text)
    form.locator("button[type=submit]").click()
    expect(secretariat.locator(".alert--success").first).to_be_visible()
    releases = ReleaseDesk(secretariat)
    releases.open("Chỉ số CCHC tỉnh Minh Họa 2025")
    secretariat.locator("details:has(form[action$='/dinh-chinh/']) summary").click()
    form = secretariat.locator("form[action$='/dinh-chinh/']")
    form.locator("[name=reason]").fill("Đính chính tiêu chí 2.1 của UBND huyện Bắc theo Quyết định 40/QĐ-UBND.")
    form.locator("button[type=submit]").click()
    expect(secretariat.locator(".alert--success").first).to_be_visible()
    corrected = approve(account, "tinh", secretariat.url, "41/QĐ-UBND")
    assert corrected != public

    # 6. The citizen reads the story of the leaf: who decided last, after which appeal, by which decision.
    citizen.goto(f"{corrected}don-vi/huyen-bac/")
    told = leaf_of(citizen, "2.1")
    words = ("1,50", "Hội đồng", "30/KN-UBND", "40/QĐ-UBND", "Xác nhận của đơn vị vận hành.")
    assert [word for word in words if word not in told] == []
    assert "Hội đồng ghi nhận lỗi đồng bộ." not in told
    assert citizen.goto("/ket-qua/dinh-chinh/").status == 200  # type: ignore[union-attr]
    assert "40/QĐ-UBND" in citizen.locator("main").inner_text()
    citizen.goto(f"{public}don-vi/huyen-bac/")
    assert "Hội đồng ghi nhận lỗi đồng bộ." in leaf_of(citizen, "2.1")
