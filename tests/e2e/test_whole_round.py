"""The whole yearly round in the browser, by seven accounts, from the editor's desk to the citizen's screen.

Nothing here touches the database: what a person cannot do on a screen cannot be done here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.factories.files import pdf_bytes
from tests.pages.appraisal_desk import AppraisalDesk
from tests.pages.criteria_admin import CriteriaAdmin
from tests.pages.release_desk import ReleaseDesk
from tests.pages.round_desk import RoundDesk
from tests.pages.sign_in import SignInPage
from tests.pages.unit_form import UnitForm
from tests.portal_process import Portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SET = "Bộ chỉ số của hành trình"
ROUND = "Đợt đánh giá của hành trình"
YEAR = 2025
UNIT, ABSENT_UNIT = "ttcp-cuc-i", "ttcp-truong-can-bo-thanh-tra"
# All kinds of rules of the copied set that a unit fills in itself: 28 leaves of the unit.
LEAVES = 28


@pytest.fixture
def account(own_portal: Portal, open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """Return a function that gives a fresh browser signed in as the account, saying yes to questions."""

    def sign_in(username: str) -> Page:
        page = open_page(own_portal)
        page.on("dialog", lambda dialog: dialog.accept())
        SignInPage(page).sign_in(username)
        return page

    return sign_in


def test_a_round_from_the_criteria_set_to_the_citizen(
    own_portal: Portal,
    account: Callable[[str], Page],
    open_page: Callable[..., Page],
    take_screenshot: Callable[[Page, str], None],
) -> None:
    now = dt.datetime.now(ZoneInfo("Asia/Ho_Chi_Minh"))

    # 1. The editor copies last year's set and gives it a new decision; a second person approves: an edition is frozen.
    editor = CriteriaAdmin(account("bientap"))
    copy = editor.copy(editor.find("Thanh tra Chính phủ"), title=SET, slug="bo-chi-so-hanh-trinh")
    editor.edit(copy, {"decision_number": "99/QĐ-HT"})
    take_screenshot(editor.page, "01-editor-criteria-set")
    editor.submit()
    approving = CriteriaAdmin(account("pheduyet"))
    approving.approve(copy)

    # 2. The secretariat creates the round, names units, deadlines and the appraising agency, and opens it.
    desk = RoundDesk(account("thuongtruc"))
    desk.create(name=ROUND, year=YEAR, edition=SET, owner="Thanh tra Chính phủ")
    desk.add_units([UNIT, ABSENT_UNIT])
    take_screenshot(desk.page, "02-secretariat-units")
    desk.set_deadline("self_assessment", opens=now - dt.timedelta(days=1), closes=now + dt.timedelta(days=5))
    desk.set_deadline("appraisal_1", opens=now - dt.timedelta(hours=1), closes=now + dt.timedelta(days=9))
    take_screenshot(desk.page, "03-secretariat-deadlines")
    for part in desk.parts():
        desk.assign(part, "ttcp-van-phong")
    take_screenshot(desk.page, "04-secretariat-assignments")
    desk.step("open")

    # 3. The contributor fills in every leaf, attaches a PDF; nothing is missing any more.
    form = UnitForm(account("donvi"))
    form.open(ROUND)
    take_screenshot(form.page, "05-contributor-overview")
    filled = [code for domain in form.domains() for code in form.fill_domain(domain)]
    take_screenshot(form.page, "06-contributor-form")
    assert len(filled) == LEAVES
    form.attach_pdf(filled[0], name="bao-cao.pdf", content=pdf_bytes())
    take_screenshot(form.page, "07-contributor-evidence")
    assert form.lacking() == 0
    take_screenshot(form.page, "08-contributor-review")

    # 4. The leader signs off exactly that; the contributor sends and gets a receipt.
    leader = UnitForm(account("lanhdao"))
    leader.open(ROUND)
    leader.sign_off()
    take_screenshot(leader.page, "09-leader-signed")
    form.send()
    take_screenshot(form.page, "10-contributor-receipt")
    form.page.goto(form.domains()[0])
    expect(form.page.locator("[data-leaf-form]")).to_have_count(0)

    # 5. The unit that did not send is taken out with a reason; the appraisal begins.
    desk.mark_not_assessed("Trường Cán bộ Thanh tra", "Không gửi hồ sơ tự đánh giá.")
    desk.step("appraisal")

    # 6. The appraiser corrects one ratio with a reason and accepts the rest.
    appraiser = AppraisalDesk(account("thamdinh"), desk.code)
    assert appraiser.waiting() == LEAVES
    take_screenshot(appraiser.page, "11-appraiser-queue")
    corrected = appraiser.correct_ratio(numerator="8", reason="Minh chứng chỉ xác nhận 8 nhiệm vụ.")
    take_screenshot(appraiser.page, "12-appraiser-decision")
    appraiser.accept_all()

    # 7. The secretariat enters what comes from the centre, seals the round and builds the release.
    desk.enter_central_points("1")
    take_screenshot(desk.page, "13-secretariat-central-points")
    desk.open_overview()
    take_screenshot(desk.page, "14-secretariat-overview")
    assert [text.split("”")[0] for text in desk.blockers()] == ["“Tự đánh giá", "“Thẩm định lần 1"]
    assert desk.end_phases("Các đơn vị đã gửi và đã thẩm định xong.") == ["Tự đánh giá", "Thẩm định lần 1"]
    desk.finalise()
    take_screenshot(desk.page, "15-secretariat-seal")
    builder = ReleaseDesk(desk.page)
    builder.preview(desk.code)
    take_screenshot(desk.page, "16-secretariat-release-preview")
    builder.build()

    # 8. A citizen does not see what nobody approved yet.
    citizen = open_page(own_portal)
    public = f"/ket-qua/{desk.code}/"
    assert citizen.goto(public).status == 404  # type: ignore[union-attr]

    # 9. Another person approves; the portal recomputes the release to the same hash.
    approver = ReleaseDesk(account("pheduyet"))
    approver.open(ROUND)
    take_screenshot(approver.page, "17-approver-release")
    assert approver.approve(number="12/QĐ-HT", date=f"{now:%Y-%m-%d}") == public
    assert "Recomputed" in approver.verify() or "Tính lại" in approver.page.locator("main").inner_text()

    # 10. The citizen reads ranking, unit, criterion and methodology.
    for name, path, words in (
        ("18-citizen-ranking", public, ["12/QĐ-HT", "Không gửi hồ sơ tự đánh giá."]),
        ("19-citizen-unit", f"{public}don-vi/{UNIT}/", [corrected]),
        ("20-citizen-criterion", f"{public}tieu-chi/{corrected}/", [corrected]),
        ("21-citizen-methodology", f"{public}phuong-phap/", [corrected]),
    ):
        assert citizen.goto(path).status == 200  # type: ignore[union-attr]
        take_screenshot(citizen, name)
        # Parts may be folded up: what counts is that the page says it.
        text = citizen.locator("main").text_content() or ""
        assert [word for word in words if word not in text] == []
