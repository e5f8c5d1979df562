"""The admin: who reaches what, the permission on the object, what happens to units, pages' addresses, transactions."""

import datetime as dt

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from wagtail.models import ModelLogEntry, Page

import pytest

from cms.enums import Role
from cms.models import JobRun, Membership, TextPage, Unit, UnitSuccession
from tests.factories.cms import (
    JobRunFactory,
    MembershipFactory,
    StoredFileFactory,
    UnitFactory,
    UnitTierFactory,
    UserFactory,
    home_page,
    user_with_role,
)

pytestmark = [pytest.mark.once, pytest.mark.integration, pytest.mark.django_db]
ALL = {*Role.values}
IN_ADMIN = {Role.EDITOR, Role.SECRETARIAT, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR}


@pytest.fixture(autouse=True)
def _roles():
    call_command("sync_roles", verbosity=0)


def reached(signed_in, url, status=200):
    """Return the roles for which the address answers with the status."""
    return {role for role in ALL if signed_in(user_with_role(Role(role))).get(url).status_code == status}


@pytest.mark.parametrize(
    ("name", "roles"),
    [
        ("wagtailadmin_home", IN_ADMIN),
        ("units:index", {Role.SECRETARIAT, Role.ADMINISTRATOR, Role.AUDITOR}),
        ("units:add", {Role.SECRETARIAT, Role.ADMINISTRATOR}),
        ("memberships:index", {Role.SECRETARIAT, Role.ADMINISTRATOR, Role.AUDITOR}),
        ("memberships:add", {Role.ADMINISTRATOR}),
        ("wagtailusers_users:index", {Role.ADMINISTRATOR, Role.AUDITOR}),
        ("wagtailusers_users:add", {Role.ADMINISTRATOR}),
        ("wagtailusers_groups:index", set()),
        ("cms_unittier_modeladmin_index", {Role.SECRETARIAT, Role.ADMINISTRATOR, Role.AUDITOR}),
        ("cms_unittier_modeladmin_create", {Role.ADMINISTRATOR}),
        ("cms_jobrun_modeladmin_index", {Role.SECRETARIAT, Role.ADMINISTRATOR, Role.AUDITOR}),
        ("cms_storedfile_modeladmin_index", {Role.SECRETARIAT, Role.ADMINISTRATOR, Role.AUDITOR}),
    ],
)
def test_the_roles_reach_their_screens_and_no_others(signed_in, name, roles):
    assert reached(signed_in, reverse(name)) == roles


def test_an_ended_unit_is_the_administrators(signed_in):
    ended = UnitFactory(valid_to=dt.date(2020, 12, 31))
    url = reverse("units:edit", args=[ended.pk])
    assert signed_in(user_with_role(Role.ADMINISTRATOR)).get(url).status_code == 200
    assert signed_in(user_with_role(Role.SECRETARIAT)).get(url).status_code == 302
    assert signed_in(user_with_role(Role.SECRETARIAT)).post(url, {"name": "Khác"}).status_code == 302
    ended.refresh_from_db()
    assert ended.name != "Khác"


def test_a_unit_keeps_its_code_and_start(signed_in):
    unit = UnitFactory(code="so-a")
    data = {
        "name": "Sở Mới",
        "code": "khac",
        "valid_from": "01/01/2010",
        "tier": unit.tier.pk,
        "order": 3,
        "short_name": "",
        "name_en": "",
        "parent": "",
    }
    signed_in(user_with_role(Role.ADMINISTRATOR)).post(reverse("units:edit", args=[unit.pk]), data)
    unit.refresh_from_db()
    assert (unit.name, unit.code, unit.valid_from, unit.name_folded) == (
        "Sở Mới",
        "so-a",
        dt.date(2000, 1, 1),
        "so moi",
    )


def test_no_circle_of_superior_units(signed_in):
    above = UnitFactory()
    below = UnitFactory(parent=above)
    data = {"name": above.name, "tier": above.tier.pk, "order": 1, "parent": below.pk, "short_name": "", "name_en": ""}
    answer = signed_in(user_with_role(Role.ADMINISTRATOR)).post(reverse("units:edit", args=[above.pk]), data)
    above.refresh_from_db()
    assert (answer.status_code, above.parent) == (200, None)


def test_units_are_found_without_accents(signed_in):
    UnitFactory(name="Sở Nội vụ"), UnitFactory(name="Sở Y tế")
    page = signed_in(user_with_role(Role.ADMINISTRATOR)).get(reverse("units:index"), {"q": "noi vu"}).content.decode()
    assert ("Sở Nội vụ" in page, "Sở Y tế" in page) == (True, False)


def test_nobody_gives_roles_to_the_own_account(signed_in):
    user = user_with_role(Role.ADMINISTRATOR)
    client = signed_in(user)
    data = {"unit": UnitFactory().pk, "role": Role.APPROVER, "valid_from": "01/01/2024", "valid_to": ""}
    own = client.post(reverse("memberships:add"), {**data, "user": user.pk})
    assert (own.status_code, Membership.objects.filter(role=Role.APPROVER).count()) == (302, 0)
    assert client.get(reverse("memberships:edit", args=[user.memberships.get().pk])).status_code == 302
    other = UserFactory()
    client.post(reverse("memberships:add"), {**data, "user": other.pk})
    assert Membership.objects.get(role=Role.APPROVER).user == other
    assert [group.name for group in other.groups.all()] == [Role.APPROVER]
    assert ModelLogEntry.objects.filter(action="cms.membership_change").count() == 1


def test_the_form_of_an_account_shows_roles_and_changes_none(signed_in):
    """A ticked or unticked role counts for nothing: the roles at units stay what they are."""
    client = signed_in(user_with_role(Role.ADMINISTRATOR))
    other = user_with_role(Role.APPRAISER)
    group = Group.objects.get_or_create(name=Role.APPROVER)[0]
    url = reverse("wagtailusers_users:edit", args=[other.pk])
    assert str(Role.APPRAISER.label) in client.get(url).content.decode()
    names = {"username": other.username, "email": "a@example.vn", "first_name": "An", "last_name": "Lê"}
    assert client.post(url, {**names, "is_active": "on", "groups": [group.pk]}).status_code == 302
    other.refresh_from_db()
    assert (other.first_name, [row.name for row in other.groups.all()]) == ("An", [Role.APPRAISER])


def test_an_administrator_cannot_take_over_a_superuser(signed_in):
    root = UserFactory(is_superuser=True)
    client = signed_in(user_with_role(Role.ADMINISTRATOR))
    url = reverse("wagtailusers_users:edit", args=[root.pk])
    assert (client.get(url).status_code, client.post(url, {"password1": "x"}).status_code) == (302, 302)
    assert client.get(reverse("wagtailusers_users:edit", args=[UserFactory().pk])).status_code == 200
    assert client.get(reverse("wagtailusers_users:delete", args=[UserFactory().pk])).status_code == 302


@pytest.mark.parametrize("name", ["jobrun", "storedfile", "unitsuccession"])
def test_registers_of_other_code_are_read_only(signed_in, name):
    thing = {
        "jobrun": lambda: JobRunFactory(),
        "storedfile": lambda: StoredFileFactory(),
        "unitsuccession": lambda: UnitSuccession.objects.create(
            kind="rename", predecessor=UnitFactory(), successor=UnitFactory(), date=dt.date(2024, 1, 1)
        ),
    }[name]()
    client = signed_in(UserFactory(is_superuser=True))
    assert client.get(reverse(f"cms_{name}_modeladmin_inspect", args=[thing.pk])).status_code == 200
    for action in ("edit", "delete"):
        assert client.get(reverse(f"cms_{name}_modeladmin_{action}", args=[thing.pk])).status_code in {302, 403}
    assert client.get(reverse(f"cms_{name}_modeladmin_create")).status_code in {302, 403}


# --- what happens to units --------------------------------------------------------------------------------------------
def test_units_are_renamed_merged_and_split_on_screen(signed_in):
    client = signed_in(user_with_role(Role.ADMINISTRATOR))
    UnitTierFactory()
    first, second = UnitFactory(code="so-a", name="Sở A"), UnitFactory(code="so-b", name="Sở B")
    renamed = client.post(
        reverse("cms_unit_rename", args=[first.pk]),
        {"name": "Sở Á", "short_name": "", "name_en": "", "date": "01/07/2024", "decision": "QĐ 1"},
    )
    assert renamed.status_code == 302
    current = Unit.objects.get(code="so-a", valid_to__isnull=True)
    merged = client.post(
        reverse("cms_unit_merge", args=[current.pk]),
        {"others": "so-b", "name": "Sở AB", "code": "so-ab", "date": "2025-07-01", "decision": "NQ 2"},
    )
    assert merged.status_code == 302
    union = Unit.objects.get(code="so-ab")
    split = client.post(
        reverse("cms_unit_split", args=[union.pk]),
        {"parts": "so-x; Sở X\nSở Y", "date": "01/07/2026", "decision": "NQ 3"},
    )
    assert split.status_code == 302
    assert list(
        Unit.objects.filter(valid_to__isnull=True, code__in=["so-x", "so-y"]).values_list("name", flat=True)
    ) == [
        "Sở X",
        "Sở Y",
    ]
    second.refresh_from_db()
    assert second.valid_to == dt.date(2025, 6, 30)


def test_a_refused_merger_says_why_and_changes_nothing(signed_in):
    client = signed_in(user_with_role(Role.ADMINISTRATOR))
    unit = UnitFactory(code="so-a")
    data = {"name": "X", "code": "so-x", "date": "01/07/2024", "decision": "QĐ"}
    answer = client.post(reverse("cms_unit_merge", args=[unit.pk]), {**data, "others": "khong-co"})
    assert "khong-co" in answer.content.decode()
    answer = client.post(reverse("cms_unit_merge", args=[unit.pk]), {**data, "others": "so-a"})
    assert answer.status_code == 200
    assert Unit.objects.filter(code="so-x").count() == 0
    stranger = signed_in(user_with_role(Role.EDITOR))
    assert stranger.get(reverse("cms_unit_merge", args=[unit.pk])).status_code == 302


# --- pages ------------------------------------------------------------------------------------------------------------
def test_a_page_without_an_address_gets_a_right_one(signed_in):
    parent = home_page()
    client = signed_in(user_with_role(Role.EDITOR))
    url = reverse("wagtailadmin_pages:add", args=["cms", "textpage", parent.pk])
    page = client.get(url).content.decode()
    assert "cms/js/admin-slug.js" in page
    assert 'data-w-sync-target-value="#id_slug' not in page
    data = {
        "title": "Đổi mới và cải cách đường",
        "slug": "",
        "title_en": "",
        "summary": "",
        "summary_en": "",
        "source_note": "",
        "body": "null",
        "body_en": "null",
        "seo_title": "",
        "search_description": "",
        "go_live_at": "",
        "expire_at": "",
        "comments-TOTAL_FORMS": 0,
        "comments-INITIAL_FORMS": 0,
        "action-publish": "1",
    }
    answer = client.post(url, data)
    assert answer.status_code == 302
    assert TextPage.objects.get().slug == "doi-moi-va-cai-cach-duong"


def test_a_post_in_the_admin_is_one_transaction(signed_in, monkeypatch):
    parent = home_page()
    page = parent.add_child(instance=TextPage(title="Trang", slug="trang", live=False))
    page.save_revision()

    def refuse(*args, **kwargs):
        from cms.exceptions import PortalError

        raise PortalError("Không đóng băng được.")

    from wagtail.signals import page_published

    page_published.connect(refuse, weak=False, dispatch_uid="refuse")
    try:
        client = signed_in(user_with_role(Role.EDITOR))
        data = {
            "title": "Trang khác",
            "slug": "trang",
            "title_en": "",
            "summary": "",
            "summary_en": "",
            "source_note": "",
            "body": "null",
            "body_en": "null",
            "seo_title": "",
            "search_description": "",
            "go_live_at": "",
            "expire_at": "",
            "comments-TOTAL_FORMS": 0,
            "comments-INITIAL_FORMS": 0,
            "action-publish": "1",
        }
        answer = client.post(reverse("wagtailadmin_pages:edit", args=[page.pk]), data, follow=True)
    finally:
        page_published.disconnect(dispatch_uid="refuse")
    assert "Không đóng băng được." in answer.content.decode()
    page = Page.objects.get(pk=page.pk)
    assert (page.live, page.title, page.revisions.count()) == (False, "Trang", 1)


def test_reading_the_admin_opens_no_transaction(signed_in, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = signed_in(user_with_role(Role.ADMINISTRATOR))
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("units:index"))
    assert [query["sql"] for query in queries if query["sql"].startswith(("BEGIN", "SAVEPOINT"))] == []


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_same_number_of_questions(signed_in, count, django_assert_max_num_queries):
    for _number in range(count):
        MembershipFactory()
    client = signed_in(user_with_role(Role.ADMINISTRATOR))
    client.get(reverse("memberships:index"))
    with django_assert_max_num_queries(32):
        client.get(reverse("memberships:index"))
    assert JobRun.objects.count() == 0
