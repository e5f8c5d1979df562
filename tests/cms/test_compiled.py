"""Queries that are built once: the same rows as the ORM's own query, for other values, on every thread."""

import datetime as dt
import threading

from django.db import connection
from django.urls import reverse

import pytest

from cms.compiled import Compiled
from cms.enums import Role
from cms.models import Membership
from tests.factories.cms import MembershipFactory

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

_in_force = Compiled(
    lambda user, role, day: (
        Membership.objects.in_force(day).filter(user_id=user, role=role).select_related("unit__tier").order_by("pk")
    ),
    int,
    str,
    dt.date,
)


def _plain(user: int, role: str, day: dt.date) -> list[Membership]:
    return list(Membership.objects.in_force(day).filter(user_id=user, role=role).order_by("pk"))


def test_compiled__same_rows_for_other_values():
    one = MembershipFactory(role=Role.LEADER, valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 6, 30))
    two = MembershipFactory(role=Role.CONTRIBUTOR, valid_from=dt.date(2026, 1, 1))
    asked = [
        (user, role, day)
        for user in (one.user_id, two.user_id, 0)
        for role in (Role.LEADER, Role.CONTRIBUTOR)
        for day in (dt.date(2025, 12, 31), dt.date(2026, 6, 30), dt.date(2026, 7, 1))
    ]
    assert [_in_force.all(*values) for values in asked] == [_plain(*values) for values in asked]
    assert _in_force.first(one.user_id, Role.LEADER, dt.date(2026, 6, 30)) == one
    assert _in_force.first(one.user_id, Role.LEADER, dt.date(2026, 7, 1)) is None
    assert _in_force.all(10**30, Role.LEADER, dt.date(2026, 6, 30)) == []


def test_compiled__is_one_query_with_what_was_joined(django_assert_num_queries):
    found = MembershipFactory(role=Role.LEADER)
    with django_assert_num_queries(1):
        row = _in_force.first(found.user_id, Role.LEADER, dt.date(2026, 6, 30))
        assert row is not None
        assert row.unit.tier.name == found.unit.tier.name


def test_compiled__a_value_that_the_query_does_not_use_is_refused():
    useless = Compiled(lambda user, role: Membership.objects.filter(user_id=user), int, str)
    with pytest.raises(LookupError):
        useless.all(1, "leader")


@pytest.mark.django_db(transaction=True)
def test_compiled__threads_do_not_mix_their_values():
    rows = [MembershipFactory(role=Role.LEADER) for _number in range(4)]
    wrong: list[str] = []

    def ask(row: Membership) -> None:
        for _turn in range(25):
            if _in_force.first(row.user_id, Role.LEADER, dt.date(2026, 6, 30)) != row:
                wrong.append(str(row))
        connection.close()

    threads = [threading.Thread(target=ask, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_session__a_cookie_that_no_database_stores_is_nobody(client):
    client.cookies["sessionid"] = "abcdefgh\x00ij"
    assert client.get(reverse("cms:workspace")).status_code == 302


@pytest.mark.postgres
def test_compiled__is_prepared_on_the_server():
    found = MembershipFactory(role=Role.LEADER)
    for _turn in range(8):
        _in_force.first(found.user_id, Role.LEADER, dt.date(2026, 6, 30))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%cms_membership%"])
        assert cursor.fetchone() == (1,)
