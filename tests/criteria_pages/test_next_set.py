"""Starting next year's set, and the table of what became of each node."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from wagtail.models import ModelLogEntry, PageLogEntry

import pytest

from cms.enums import Role
from cms.exceptions import PermissionRefused
from cms.roles import sync_groups, sync_members
from criteria_pages.domain.authoring import links_of_body
from criteria_pages.domain.editions import freeze_edition
from criteria_pages.domain.lineage import lineage_of_page
from criteria_pages.domain.next_set import next_title, start_next_set
from criteria_pages.models import CriteriaSetPage
from tests.factories import criteria, rules
from tests.factories.cms import UserFactory, user_with_role

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def editor():
    sync_groups()
    user = user_with_role(Role.EDITOR)
    sync_members(user)
    return user


@pytest.fixture
def client(signed_in, editor):
    return signed_in(editor, **{"accept-language": "en"})


@pytest.fixture
def edition():
    page = criteria.CriteriaSetPageFactory(title="Bộ chỉ số CCHC năm 2025", decision_number="7/QĐ")
    return freeze_edition(page=page, revision=page.save_revision(), user=None)


@pytest.mark.parametrize(
    ("title", "following"),
    [
        ("Bộ chỉ số năm 2025", "Bộ chỉ số năm 2026"),
        ("2023-2030 (2025)", "2024-2031 (2026)"),
        ("Bộ chỉ số", "Bộ chỉ số (next)"),
        ("", ""),
    ],
)
def test_years_in_a_title_are_counted_up(title, following):
    assert next_title(title) == following


def test_the_editor_starts_next_years_set_from_the_button(client, edition):
    shown = client.get(reverse("wagtailadmin_pages:edit", args=[edition.page_id]))
    address = reverse("criteria_next_set", args=[edition.page_id])
    assert address in shown.content.decode()
    asked = client.get(address)
    assert asked.context_data["typed"]["title"] == "Bộ chỉ số CCHC năm 2026"
    started = client.post(address, {"title": "Bộ chỉ số CCHC năm 2026", "title_en": "", "move_dates": "on"})
    draft = CriteriaSetPage.objects.get(predecessor=edition)
    assert started.status_code == 302
    assert started["Location"] == reverse("criteria_lineage", args=[draft.pk])
    assert (draft.live, draft.slug, draft.decision_number, draft.editions.count()) == (
        False,
        "bo-chi-so-cchc-nam-2026",
        "",
        0,
    )
    assert [link.predecessor for link in links_of_body(draft.body.get_prep_value())] == list(edition.definition.nodes)
    due = next(leaf for leaf in lineage_leaves(draft) if leaf.rule.kind == "deadline").rule.params["due"]
    assert due == "2026-12-31"
    lineage = lineage_of_page(draft)
    assert {row.status for row in (*lineage.rows, lineage.whole)} == {"same"}
    assert PageLogEntry.objects.filter(page=draft.pk, action="criteria.start_next_set").count() == 1
    again = client.get(address)
    assert [item.pk for item in again.context_data["started"]] == [draft.pk]


def lineage_leaves(page):
    from criteria_pages.domain.authoring import definition_from_page

    return definition_from_page(page).leaves


def test_without_a_title_nothing_is_started_and_what_was_typed_comes_back(client, edition):
    answer = client.post(reverse("criteria_next_set", args=[edition.page_id]), {"title": " ", "title_en": "Set 2026"})
    assert answer.status_code == 422
    assert answer.context_data["typed"] == {"title": " ", "title_en": "Set 2026", "move_dates": False}
    assert CriteriaSetPage.objects.filter(predecessor=edition).count() == 0


def test_dates_stay_where_the_editor_says_so_and_are_then_a_change(edition):
    draft = start_next_set(edition=edition, user=UserFactory(is_superuser=True), title="Next", move_dates=False)
    assert {row.status for row in lineage_of_page(draft).rows} == {"same"}


def test_a_set_without_an_edition_starts_no_other(client):
    page = criteria.CriteriaSetPageFactory()
    assert client.get(reverse("criteria_next_set", args=[page.pk])).status_code == 404


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.APPRAISER, Role.AUDITOR, Role.LEADER])
def test_others_start_no_set(edition, role, signed_in):
    sync_groups()
    user = user_with_role(role)
    sync_members(user)
    with pytest.raises(PermissionRefused):
        start_next_set(edition=edition, user=user, title="Next")
    answer = signed_in(user).post(reverse("criteria_next_set", args=[edition.page_id]), {"title": "Next"})
    assert answer.status_code in {302, 403}
    assert CriteriaSetPage.objects.filter(predecessor=edition).count() == 0


@pytest.fixture
def draft(edition, editor):
    return start_next_set(edition=edition, user=editor, title="Bộ chỉ số CCHC năm 2026")


def latest(page):
    return CriteriaSetPage.objects.get(pk=page.pk).get_latest_revision_as_object()


def table(client, page, **query):
    return client.get(reverse("criteria_lineage", args=[page.pk]), query)


def posted(client, page, **fields):
    page.refresh_from_db()
    data = {"revision": str(page.latest_revision_id)} | {
        name.replace("_", "-"): value for name, value in fields.items()
    }
    return client.post(reverse("criteria_lineage", args=[page.pk]), data)


def test_the_table_shows_every_node_and_stores_what_the_editor_says(client, draft):
    shown = table(client, draft)
    assert len(shown.context_data["rows"]) == len(criteria.tiny_definition().nodes)
    stored = posted(
        client,
        draft,
        node_0_1_2_from="1.2.3",
        node_0_1_2_status="not_comparable",
        node_0_1_2_reason="Another office counts",
        node_status="changed",
        node_reason="New decision",
    )
    assert stored.status_code == 302
    lineage = lineage_of_page(latest(draft))
    row = lineage.of("1.2.3")
    assert (row.status, row.reason) == ("not_comparable", "Another office counts")
    assert (lineage.whole.status, lineage.whole.reason) == ("changed", "New decision")
    assert [row.line.row.code for row in table(client, draft, loai="not_comparable").context_data["rows"]] == ["1.2.3"]
    (entry,) = PageLogEntry.objects.filter(page=draft.pk, action="criteria.edit_lineage")
    assert entry.data["before"]["1.2.3"] == ["1.2.3", "", ""]
    assert entry.data["after"]["1.2.3"] == ["1.2.3", "not_comparable", "Another office counts"]
    assert ModelLogEntry.objects.filter(action="criteria.edit_lineage").count() == 0


def test_a_dropped_node_is_continued_by_the_node_that_the_editor_names(client, draft):
    posted(client, draft, node_0_1_2_from="", node_0_1_2_status="", node_0_1_2_reason="")
    rows = {row.line.row.predecessor or row.line.row.code: row for row in table(client, draft).context_data["rows"]}
    assert [row.hint for row in table(client, draft, loai="dropped").context_data["rows"]] == ["1.2.3"]
    assert rows["1.2.3"].line.row.status in {"dropped", "new"}
    answer = client.post(
        reverse("criteria_lineage", args=[draft.pk]),
        {"revision": str(CriteriaSetPage.objects.get(pk=draft.pk).latest_revision_id), "dropped-1.2.3": "1.2.3"},
    )
    assert answer.status_code == 302
    assert lineage_of_page(latest(draft)).of("1.2.3").status == "same"


def test_a_table_that_somebody_else_changed_is_refused_and_what_was_typed_comes_back(client, draft):
    before = draft.latest_revision_id
    draft.save_revision(user=UserFactory())
    answer = client.post(
        reverse("criteria_lineage", args=[draft.pk]),
        {
            "revision": str(before),
            "node-0-1-2-from": "1.2.3",
            "node-0-1-2-status": "changed",
            "node-0-1-2-reason": "So",
        },
    )
    assert answer.status_code == 409
    (row,) = [row for row in answer.context_data["rows"] if row.line.row.code == "1.2.3"]
    assert (row.link.status, row.link.reason, row.edited) == ("changed", "So", True)
    assert lineage_of_page(latest(draft)).of("1.2.3").status == "same"


def test_a_locked_page_is_not_changed(client, draft):
    CriteriaSetPage.objects.filter(pk=draft.pk).update(locked=True, locked_by=UserFactory())
    answer = posted(client, draft, node_0_1_2_from="", node_0_1_2_status="", node_0_1_2_reason="")
    assert answer.status_code == 409
    assert lineage_of_page(latest(draft)).of("1.2.3").status == "same"


@pytest.mark.parametrize(("role", "status", "inputs"), [(Role.APPROVER, 409, 0), (Role.SECRETARIAT, 302, 1)])
def test_who_approves_reads_the_table_and_does_not_write_it(signed_in, draft, role, status, inputs):
    user = user_with_role(role)
    sync_members(user)
    client = signed_in(user)
    shown = table(client, draft)
    assert (shown.status_code, shown.content.decode().count('name="node-0-1-2-reason"')) == (200, inputs)
    answer = posted(client, draft, node_0_1_2_from="1.2.3", node_0_1_2_status="changed", node_0_1_2_reason="So")
    assert answer.status_code == status
    assert lineage_of_page(latest(draft)).of("1.2.3").status == ("changed" if inputs else "same")


def test_a_set_that_follows_none_has_no_table(client, edition):
    assert table(client, edition.page).status_code == 404


def queries_of_the_table(client, definition, editor):
    page = criteria.CriteriaSetPageFactory(definition=definition)
    edition = freeze_edition(page=page, revision=page.save_revision(), user=None)
    following = start_next_set(edition=edition, user=editor, title="Next")
    table(client, following)
    with CaptureQueriesContext(connection) as queries:
        table(client, following)
    return len(queries)


def test_the_table_asks_the_database_no_more_often_for_more_nodes(client, editor):
    small = rules.definition()
    assert queries_of_the_table(client, small, editor) == queries_of_the_table(
        client, criteria.tiny_definition(), editor
    )


def test_the_frozen_comparison_is_shown_with_its_edition(client, draft):
    posted(client, draft, node_0_1_2_from="1.2.3", node_0_1_2_status="changed", node_0_1_2_reason="Another office")
    CriteriaSetPage.objects.get(pk=draft.pk).get_latest_revision().publish()
    edition = draft.editions.get()
    shown = client.get(reverse("criteria_edition", args=[edition.pk]))
    assert [(row.code, row.status) for row in shown.context_data["different"] if row.is_overridden] == [
        ("1.2.3", "changed")
    ]
