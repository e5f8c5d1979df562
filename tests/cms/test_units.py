"""Units through time."""

import datetime as dt

from wagtail.models import ModelLogEntry

import pytest

from cms.domain.units import (
    Facts,
    NewUnit,
    UnitError,
    facts_of,
    merge_units,
    predecessors,
    rename_unit,
    split_unit,
    successors,
)
from cms.enums import Role, SuccessionKind
from cms.models import Unit
from tests.factories.cms import (
    MembershipFactory,
    UnitAttributeFactory,
    UnitFactory,
    UnitGroupFactory,
    UserFactory,
    user_with_role,
)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
DATE = dt.date(2025, 7, 1)
DECISION = "202/2025/QH15"


def merge(units, **values):
    options = {"into": NewUnit(code="moi", name="Mới"), "date": DATE, "decision": DECISION, "user": None, **values}
    return merge_units(units=units, **options)


def test_a_merged_unit_may_keep_an_old_name_and_is_another_unit():
    group, attribute = UnitGroupFactory(code="vung"), UnitAttributeFactory(code="co-tthc")
    old = UnitFactory(code="bac-ninh", name="Bắc Ninh", groups=[group])
    gone = UnitFactory(code="bac-giang", name="Bắc Giang", attributes=[attribute])
    new = merge([old, gone], into=NewUnit(code="bac-ninh", name="Bắc Ninh"), user=UserFactory())
    old.refresh_from_db(), gone.refresh_from_db()
    assert (old.valid_to, gone.valid_to, new.valid_from) == (dt.date(2025, 6, 30), dt.date(2025, 6, 30), DATE)
    assert (new.pk == old.pk, new.name, old.name) == (False, "Bắc Ninh", "Bắc Ninh")
    assert facts_of(new) == Facts("bac-ninh", old.tier.code, frozenset({"vung"}), frozenset({"co-tthc"}))
    assert [(row.kind, row.predecessor, row.decision) for row in predecessors(new)] == [
        (SuccessionKind.MERGE, gone, DECISION),
        (SuccessionKind.MERGE, old, DECISION),
    ]
    assert [unit.pk for unit in Unit.objects.filter(code="bac-ninh").valid_on(DATE)] == [new.pk]
    entry = ModelLogEntry.objects.get(action="cms.units_merge")
    assert entry.data["after"]["code"] == "bac-ninh"
    assert [unit["code"] for unit in entry.data["before"]] == ["bac-ninh", "bac-giang"]


def test_a_unit_may_take_others_in_and_go_on():
    stays, gone = UnitFactory(), UnitFactory()
    assert merge([stays, gone], into=stays) == stays
    stays.refresh_from_db(), gone.refresh_from_db()
    assert (stays.valid_to, gone.valid_to) == (None, dt.date(2025, 6, 30))


def test_sub_units_and_members_move_to_the_successor():
    first, second = UnitFactory(), UnitFactory()
    child = UnitFactory(parent=first)
    both = user_with_role(Role.CONTRIBUTOR, first)
    MembershipFactory(user=both, unit=second, role=Role.CONTRIBUTOR)
    ended = MembershipFactory(unit=first, role=Role.LEADER, valid_to=dt.date(2020, 1, 1))
    new = merge([first, second])
    child.refresh_from_db()
    assert child.parent == new
    assert [(m.user, m.role, m.valid_from) for m in new.memberships.all()] == [(both, Role.CONTRIBUTOR, DATE)]
    assert not new.memberships.filter(user=ended.user).exists()
    assert {m.valid_to for m in both.memberships.exclude(unit=new)} == {dt.date(2025, 6, 30)}


@pytest.mark.parametrize(
    ("units", "options", "code"),
    [
        (lambda: [UnitFactory()], {}, "too_few"),
        (lambda: [UnitFactory()] * 2, {}, "too_few"),
        (lambda: [UnitFactory(), UnitFactory(valid_to=dt.date(2024, 1, 1))], {}, "not_valid"),
        (lambda: [UnitFactory(), UnitFactory(valid_to=dt.date(2026, 1, 1))], {}, "ended"),
        (lambda: [UnitFactory(), UnitFactory(valid_from=DATE)], {}, "too_early"),
        (lambda: [UnitFactory(), UnitFactory(), UnitFactory(code="moi")][:2], {}, "code_taken"),
    ],
)
def test_mergers_that_cannot_be(units, options, code):
    given = units()
    with pytest.raises(UnitError) as refusal:
        merge(given, **options)
    assert refusal.value.code == code
    assert not Unit.objects.filter(valid_from=DATE, code="moi").exclude(pk__in=[u.pk for u in given]).exists()


def test_a_split_ends_the_unit_or_leaves_it():
    unit = UnitFactory(code="a")
    parts = split_unit(
        unit=unit,
        into=[NewUnit(code="b", name="B"), NewUnit(code="a", name="A mới")],
        date=DATE,
        decision=DECISION,
        user=None,
    )
    unit.refresh_from_db()
    assert (unit.valid_to, [part.code for part in parts]) == (dt.date(2025, 6, 30), ["b", "a"])
    assert {row.successor for row in successors(unit)} == set(parts)
    stays = UnitFactory(code="c")
    split_unit(unit=stays, into=[NewUnit(code="d", name="D")], date=DATE, decision=DECISION, user=None, goes_on=True)
    stays.refresh_from_db()
    assert stays.valid_to is None
    with pytest.raises(UnitError):
        split_unit(unit=stays, into=[NewUnit(code="e", name="E")], date=DATE, decision=DECISION, user=None)


def test_a_renamed_unit_keeps_its_old_name_for_its_time():
    unit = UnitFactory(code="so", name="Sở Thông tin", order=4)
    leader = user_with_role(Role.LEADER, unit)
    new = rename_unit(unit=unit, name="Sở Khoa học", date=DATE, decision=DECISION, user=None)
    unit.refresh_from_db()
    assert (unit.name, new.name, new.code, new.order) == ("Sở Thông tin", "Sở Khoa học", "so", 4)
    assert new.memberships.get().user == leader
    with pytest.raises(UnitError):
        rename_unit(unit=new, name=" Sở Khoa học ", date=dt.date(2026, 1, 1), decision=DECISION, user=None)


def test_history_runs_through_all_generations():
    first, second = UnitFactory(), UnitFactory()
    merged = merge([first, second], date=dt.date(2020, 1, 1))
    renamed = rename_unit(unit=merged, name="Khác", date=DATE, decision=DECISION, user=None)
    assert [row.predecessor for row in predecessors(renamed)] == [merged, second, first]
    assert [row.successor for row in successors(first)] == [merged, renamed]
