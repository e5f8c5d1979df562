"""The editor of a criteria set in the browser: nodes open and close, totals follow, nothing is lost in saving."""

import datetime as dt
import re
import time
from dataclasses import replace
from decimal import Decimal

from django.test import Client
from django.urls import reverse

import pytest
from playwright.sync_api import expect

from criteria_pages.domain.authoring import blocks_of_body, definition_from_page
from criteria_pages.models import CriteriaSetPage, ImportNote, LegalDocument
from tests.factories import criteria
from tests.factories.cms import UnitFactory, UserFactory
from tests.pages.criteria_builder import CriteriaBuilder

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def editor(live_server, browser):
    """An editor's page of a set with every rule, in a signed-in browser; gives (browser page, criteria set)."""
    page_row = criteria.CriteriaSetPageFactory()
    page_row.save_revision().publish()
    page_row.refresh_from_db()
    client = Client()
    client.force_login(UserFactory(is_superuser=True))
    context = browser.new_context(locale="en-GB", viewport={"width": 1366, "height": 900})
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    screen = context.new_page()
    screen.set_default_timeout(30_000)
    failures = []
    screen.on("pageerror", lambda error: failures.append(str(error)))
    screen.goto(live_server.url + reverse("wagtailadmin_pages:edit", args=[page_row.pk]))
    screen.wait_for_selector("[data-criteria-tools][data-ready]")
    yield screen, page_row
    context.close()
    assert failures == []


POSTED = "() => new URLSearchParams(new FormData(document.querySelector('[data-edit-form]'))).toString()"


def find(screen, text):
    screen.fill("[data-criteria-search]", text)
    screen.click("[data-criteria-find]")


def saved_as(page_row, expected):
    """Wait until the draft in the database is what was typed (the editor saves by itself after some seconds)."""
    for _attempt in range(60):
        if expected(drafted(page_row)):
            return drafted(page_row)
        time.sleep(0.5)
    return drafted(page_row)


def drafted(page_row):
    return definition_from_page(CriteriaSetPage.objects.get(pk=page_row.pk).get_latest_revision_as_object())


def test_a_closed_set_is_a_handful_of_inputs(editor):
    screen, _page_row = editor
    assert screen.locator('[name^="body-"][name$="-lazy"]').count() == 2
    assert screen.locator('[name$="-maximum"]').count() == 0
    assert "20 / 20" in screen.inner_text("[data-criteria-total]")


def test_changing_one_leaf_changes_that_leaf_alone(editor):
    screen, page_row = editor
    find(screen, "1.2.3")
    leaf = screen.locator('[name="body-0-value-criteria-1-value-children-2-value-rule-0-value-per_item"]')
    leaf.fill("0,25")
    before = criteria.tiny_definition()
    after = saved_as(page_row, lambda draft: draft.leaf("1.2.3") != before.leaf("1.2.3"))
    changed = [new.code for old, new in zip(before.leaves, after.leaves, strict=True) if old != new]
    assert changed == ["1.2.3"]
    assert after.leaf("1.2.3").rule.params["per_item"] == "0.25"


def test_totals_follow_and_problems_are_reached(editor):
    screen, _page_row = editor
    find(screen, "1.2.3")
    screen.fill('[name="body-0-value-criteria-1-value-children-2-value-maximum"]', "3")
    expect(screen.locator(".criteria-sum--off").filter(has_text="≠")).not_to_have_count(0)
    screen.click("[data-criteria-fold]")
    screen.click("[data-criteria-check]")
    screen.wait_for_selector("[data-criteria-place]")
    assert screen.locator("[data-criteria-place]").all_inner_texts() == ["1 › 1.2"]
    screen.click("[data-criteria-next]")
    expect(screen.locator('[name="body-0-value-criteria-1-value-maximum"]')).to_be_focused()


def test_a_problem_of_the_whole_set_leads_to_its_field(editor):
    screen, _page_row = editor
    screen.fill('[name="declared_total"]', "21")
    screen.click("[data-criteria-check]")
    screen.click("[data-criteria-place=':declared_total']")
    expect(screen.locator('[name="declared_total"]')).to_be_focused()


def test_opening_nodes_changes_nothing(editor):
    screen, page_row = editor
    before = screen.evaluate(POSTED)
    for code in ("1.1", "1.2.2", "2.1.1", "2.6.1"):
        find(screen, code)
    assert screen.locator('[name$="-code"]').count() > 7
    assert screen.evaluate(POSTED) == before
    screen.wait_for_timeout(8000)
    assert page_row.revisions.count() == 1


def test_a_unit_and_a_document_are_chosen_by_name(editor):
    screen, page_row = editor
    unit = UnitFactory(code="so-noi-vu", name="Sở Nội vụ")
    LegalDocument.objects.create(number="12/QĐ-THU", title="Quyết định thử")
    find(screen, "1.2.3")
    leaf = "body-0-value-criteria-1-value-children-2-value"
    CriteriaBuilder(screen).more_fields(leaf)
    screen.locator(f"#{leaf}-agency-chooser [data-chooser-action-choose]").first.click()
    screen.fill(".modal-body input[name=q]", "so noi")
    screen.get_by_role("link", name=unit.name).click()
    expect(screen.locator(f"#{leaf}-agency-chooser [data-chooser-title]")).to_have_text("Sở Nội vụ (so-noi-vu)")
    screen.locator(f"[name='{leaf}-legal_basis-count']").locator("xpath=..").locator(
        "button:has(use[href='#icon-plus'])"
    ).last.click()
    screen.locator(f"#{leaf}-legal_basis-0-value-chooser [data-chooser-action-choose]").first.click()
    screen.get_by_role("link", name="12/QĐ-THU").click()
    after = saved_as(page_row, lambda draft: draft.leaf("1.2.3").legal_basis and draft.leaf("1.2.3").agency)
    assert (after.leaf("1.2.3").agency, after.leaf("1.2.3").legal_basis) == ("so-noi-vu", ("12/QĐ-THU",))


def test_what_an_import_guessed_stands_at_its_item_until_it_is_confirmed(editor):
    screen, page_row = editor
    blocks = {code: block for block, code, _name in blocks_of_body(page_row.body.get_prep_value())}
    note = {"kind": "guessed", "field": "rule", "cells": "D7", "text": "Read from a line"}
    ImportNote.objects.create(page=page_row, block=blocks["1.2.1"], **note)
    screen.reload()
    screen.wait_for_selector("[data-criteria-tools][data-ready]")
    expect(screen.locator("[data-panel-heading-text]").filter(has_text="cần xem lại: 1")).to_have_count(1)
    screen.click("[data-criteria-imported-link]")
    expect(screen.locator('[name="body-0-value-criteria-1-value-children-0-value-code"]')).to_be_focused()
    here = screen.locator(".criteria-imported-here li")
    assert [" ".join(text.split()) for text in here.all_inner_texts()] == ["Suy đoán D7 Read from a line"]
    marked = screen.locator(".criteria-imported-field").evaluate_all("all => all.map((e) => e.dataset.contentpath)")
    assert marked == ["rule"]
    screen.click(".criteria-imported-here [data-criteria-confirm]")
    expect(screen.locator(".criteria-imported-here, .criteria-imported-field")).to_have_count(0)
    expect(screen.locator("[data-criteria-imports]")).to_be_hidden()
    assert page_row.import_notes.count() == 0


def test_the_tree_opens_to_its_items_and_rows_are_called_by_what_they_say(editor):
    screen, _page_row = editor
    screen.click("[data-criteria-unfold]")
    codes = screen.locator('.criteria-tree [name$="-code"]').evaluate_all("all => all.map((field) => field.value)")
    assert sorted(codes) == ["1", "1.2", "1.3", "2", "2.1", "2.2", "2.6"]
    find(screen, "1.2.1")
    rows = screen.locator('[data-contentpath="levels"] [data-streamfield-child]')
    for toggle in rows.locator("[data-panel-toggle]").all():
        toggle.click()
    titles = rows.locator("[data-panel-heading-text]").all_inner_texts()
    assert titles == ["Đạt đầy đủ · 2 điểm", "Đạt một phần · 1 điểm", "Không đạt · 0 điểm"]


def test_a_comment_in_a_closed_node_is_counted_and_shown(editor):
    screen, page_row = editor
    find(screen, "1.2.3")
    field = screen.locator('[data-contentpath="evidence"]').filter(visible=True).first
    field.hover()
    field.locator("[data-comment-add]").click()
    screen.locator(".comment textarea").fill("Which report?")
    screen.locator(".comment .comment__button--primary").click()
    saved_as(page_row, lambda _draft: page_row.wagtail_admin_comments.exists())
    screen.reload()
    screen.wait_for_selector("[data-criteria-tools][data-ready]")
    counted = screen.locator("[data-panel-heading-text]").filter(has_text=re.compile(": 1$"))
    # The panel that was open may be open again, and with it the nodes that are commented.
    expect(counted).not_to_have_count(0, timeout=15_000)
    if screen.locator('[data-side-panel="comments"]').is_hidden():
        screen.locator('[data-side-panel-toggle="comments"]').click()
    expect(screen.locator(".comment").filter(has_text="Which report?")).to_be_visible()
    expect(screen.locator('[name="body-0-value-criteria-1-value-children-2-value-evidence"]')).to_be_visible()


def test_a_duplicate_gets_a_new_code(editor):
    screen, page_row = editor
    find(screen, "1.2.3")
    child = screen.locator('[name="body-0-value-criteria-1-value-children-2-order"]').locator("xpath=..")
    child.locator('button:has(use[href="#icon-copy"])').first.click()
    screen.wait_for_selector('[name="body-0-value-criteria-1-value-children-3-value-code"]')
    whole = saved_as(page_row, lambda draft: draft.has_leaf("1.2.4"))
    assert [leaf.code for leaf in whole.domains[0].criteria[1].children] == ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]
    assert whole.leaf("1.2.4") == replace(whole.leaf("1.2.3"), code="1.2.4")


def test_a_rule_is_tried_beside_the_leaf(editor):
    screen, page_row = editor
    find(screen, "1.2.2")
    box = screen.locator(".criteria-try").filter(has=screen.locator("button")).first
    box.get_by_role("button").first.click()
    screen.fill('[data-tried="in-numerator"]', "15")
    screen.fill('[data-tried="in-denominator"]', "18")
    screen.click("[data-criteria-compute]")
    screen.wait_for_selector(".criteria-try__outcome")
    assert "1,666667 / 2" in screen.inner_text(".criteria-try__outcome")
    assert drafted(page_row).total == Decimal(20)


def child_of(screen, prefix):
    return screen.locator(f'[name="{prefix}-order"]').locator("xpath=..")


def test_a_new_node_gets_the_next_code_and_a_moved_one_a_code_of_its_new_home(editor):
    screen, page_row = editor
    find(screen, "1.3.2")
    added = child_of(screen, "body-0-value-criteria-2-value-children-1")
    added.locator("xpath=following-sibling::button[@data-streamfield-list-add]").first.click()
    expect(screen.locator('[name="body-0-value-criteria-2-value-children-2-value-code"]')).to_have_value("1.3.3")
    find(screen, "1.2.3")
    mover = child_of(screen, "body-0-value-criteria-1-value-children-2").locator(".criteria-move")
    mover.locator("summary").click()
    mover.locator("select").select_option(label="2.1 Nhóm tiêu chí 2.1")
    mover.locator("button").first.click()
    expect(screen.locator('[name="body-1-value-criteria-0-value-children-2-value-code"]')).to_be_focused()
    after = saved_as(page_row, lambda draft: draft.has_leaf("2.1.3"))
    codes = [[leaf.code for leaf in part.children] for domain in after.domains for part in domain.criteria]
    assert codes[:4] == [[], ["1.2.1", "1.2.2"], ["1.3.1", "1.3.2", "1.3.3"], ["2.1.1", "2.1.2", "2.1.3"]]
    assert after.leaf("2.1.3") == replace(criteria.tiny_definition().leaf("1.2.3"), code="2.1.3")


def test_the_form_of_a_unit_follows_what_is_typed(editor):
    screen, page_row = editor
    screen.click("[data-criteria-live-toggle]")
    form = screen.locator("[data-criteria-live-form]")
    expect(form.locator("[data-tried='1.1|answer']")).to_have_count(1)
    form.locator("[data-tried='1.1|answer']").select_option("yes")
    outcome = form.locator("fieldset").first.locator(".criteria-try__outcome")
    expect(outcome).to_contain_text("1 / 1")
    find(screen, "1.1")
    screen.fill('[name="body-0-value-criteria-0-value-maximum"]', "1,5")
    expect(outcome).to_contain_text("1,5 / 1,5")
    assert "1.1|answer" not in screen.evaluate(POSTED)
    assert drafted(page_row).leaf("1.1").maximum == 1


def stored(page_row):
    return CriteriaSetPage.objects.get(pk=page_row.pk).get_latest_revision_as_object()


def eventually(ask, wanted):
    """Return what is asked once it is as wanted, or as it stands after half a minute."""
    for _attempt in range(60):
        if ask() == wanted:
            break
        time.sleep(0.5)
    return ask()


def test_what_is_changed_after_a_refused_submission_is_saved(editor):
    screen, page_row = editor
    screen.fill('[name="declared_total"]', "21")
    screen.locator("footer .w-dropdown__toggle").last.click()
    screen.locator("button[name=action-publish]").click()
    screen.wait_for_selector("[data-criteria-tools][data-ready]")
    expect(screen.locator("[data-criteria-place]")).to_have_count(1)
    assert eventually(lambda: stored(page_row).declared_total, Decimal(21)) == 21
    expect(screen.locator("#w-autosave-indicator")).to_have_attribute("data-w-autosave-state-value", "saved")
    screen.fill('[name="declared_total"]', "20,5")
    assert eventually(lambda: stored(page_row).declared_total, Decimal("20.5")) == Decimal("20.5")


def test_what_is_typed_while_a_draft_is_being_saved_is_saved_after_it(editor):
    screen, page_row = editor
    screen.evaluate("""() => {
        const real = window.fetch;
        window.fetch = async (...asked) => {
            const answer = await real(...asked);
            if (String(asked[0]).endsWith('/edit/')) {
                window.fetch = real;
                document.querySelector('[name=decision_number]').value = '7/QD-THU';
            }
            return answer;
        };
    }""")
    screen.fill('[name="declared_total"]', "21")
    assert eventually(lambda: stored(page_row).decision_number, "7/QD-THU") == "7/QD-THU"


def test_a_cause_that_is_taken_back_does_not_leave_saving_paused(editor):
    screen, page_row = editor
    state = screen.locator("#w-autosave-indicator")
    screen.fill('[name="declared_total"]', "nothing")
    expect(state).to_have_attribute("data-w-autosave-state-value", "paused", timeout=30_000)
    screen.fill('[name="declared_total"]', "20")
    expect(state).to_have_attribute("data-w-autosave-state-value", "saved", timeout=30_000)
    assert stored(page_row).declared_total == 20


def test_who_was_overtaken_is_told_by_whom_and_what_to_do(editor):
    screen, page_row = editor
    other = UserFactory(first_name="Thu", last_name="Hà")
    page_row.save_revision(user=other)
    screen.fill('[name="declared_total"]', "21")
    link = screen.locator(".admin-reload")
    expect(link).to_be_visible(timeout=30_000)
    expect(link.locator("xpath=..")).to_contain_text(str(other))
    screen.once("dialog", lambda dialog: dialog.accept())
    link.click()
    screen.wait_for_selector("[data-criteria-tools][data-ready]")
    expect(screen.locator('[name="declared_total"]')).to_have_value("20")


def test_a_day_is_typed_as_it_is_shown_and_stays_as_typed(editor):
    screen, page_row = editor
    field = screen.locator('[name="decision_date"]')
    field.fill("31/02/2026")
    field.press("Tab")
    expect(field).to_have_value("31/02/2026")
    field.fill("15/11/2026")
    field.press("Tab")
    expect(field).to_have_value("15/11/2026")
    day = dt.date(2026, 11, 15)
    assert eventually(lambda: stored(page_row).decision_date, day) == day


def test_an_item_takes_one_rule(editor):
    screen, _page_row = editor
    find(screen, "1.2.3")
    rule = screen.locator('[data-contentpath="rule"]').filter(visible=True).first
    expect(rule.locator("button:has(use[href='#icon-bin'])")).to_have_count(1)
    expect(rule.locator(".c-sf-add-button").filter(visible=True)).to_have_count(0)
    expect(rule.locator("button:has(use[href='#icon-copy'])").filter(visible=True)).to_have_count(0)
    rule.locator("button:has(use[href='#icon-bin'])").click()
    expect(rule.locator(".c-sf-add-button").filter(visible=True)).to_have_count(1)


def test_what_the_draft_changes_is_shown_once_the_draft_is_saved(editor):
    screen, page_row = editor
    asked = []
    screen.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    screen.fill('[name="declared_total"]', "21")
    screen.locator("[data-criteria-links] a").first.click()
    screen.wait_for_url("**/changes/")
    assert (stored(page_row).declared_total, asked) == (21, [])
    screen.locator(".criteria-bar a").click()
    screen.wait_for_selector("[data-criteria-tools][data-ready]")
    expect(screen.locator('[name="declared_total"]')).to_have_value("21")


def test_the_search_answers_while_one_types_and_forgets_when_cleared(editor):
    screen, _page_row = editor
    answer = screen.locator("[data-criteria-problems]")
    screen.fill("[data-criteria-search]", "khong-co")
    expect(answer).not_to_be_empty()
    screen.fill("[data-criteria-search]", "")
    expect(answer).to_be_empty()
