"""The editor of a criteria set in the browser: nodes open and close, totals follow, nothing is lost in saving."""

import time
from dataclasses import replace
from decimal import Decimal

from django.test import Client
from django.urls import reverse

import pytest
from playwright.sync_api import expect

from criteria_pages.domain.authoring import definition_from_page
from criteria_pages.models import CriteriaSetPage
from tests.factories import criteria
from tests.factories.cms import UserFactory

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
    # Wagtail takes its picture of the unchanged form some seconds after loading; a change before that is not one to it.
    screen.wait_for_timeout(6000)
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
    screen.wait_for_selector("[data-criteria-position]")
    assert screen.locator("[data-criteria-position]").all_inner_texts() == ["1 › 1.2"]
    screen.click("[data-criteria-next]")
    expect(screen.locator('[name="body-0-value-criteria-1-value-code"]')).to_be_focused()


def test_a_duplicate_gets_a_new_code(editor):
    screen, page_row = editor
    find(screen, "1.2.3")
    # Wagtail takes its picture of the unchanged form some seconds after loading; a change before that is not one to it.
    screen.wait_for_timeout(6000)
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
