"""Units through time: mergers, splits, renamings, and the plain facts that criteria ask of a unit.

A unit that ends keeps its row, name and results; who follows it is a row of its own. Old rankings keep old units.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cms import audit
from cms.enums import SuccessionKind
from cms.exceptions import PortalError
from cms.models import Membership, Unit, UnitSuccession, UnitTier, User

_DAY = dt.timedelta(days=1)


class UnitError(PortalError):
    """A change of units that cannot be."""


@dataclass(frozen=True, slots=True)
class NewUnit:
    """What a unit that comes into being is called. What is not given follows the predecessor."""

    code: str
    name: str
    tier: UnitTier | None = None
    name_en: str = ""
    short_name: str = ""
    parent: Unit | None = None
    order: int | None = None
    illustrative: bool | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What applicability asks of a unit, as plain data: codes only."""

    code: str
    tier: str
    groups: frozenset[str] = field(default_factory=frozenset)
    attributes: frozenset[str] = field(default_factory=frozenset)


@transaction.atomic
def merge_units(
    *,
    units: Sequence[Unit],
    into: NewUnit | Unit,
    date: dt.date,
    decision: str,
    user: User | None,
    move_members: bool = True,
) -> Unit:
    """Merge units into a new one, or into one that goes on, from a date and by a decision; return the successor.

    The merged units end the day before. A new unit may take the code and name of one of them (it is another unit all
    the same: the new Bắc Ninh is not the old). Sub-units and memberships in force move to the successor. Raises
    `UnitError` for fewer than two units, units not valid on the date, or a code that another valid unit has.
    """
    ended = [unit for unit in units if unit != into]
    if len(ended) + isinstance(into, Unit) < 2 or len(set(ended)) != len(ended):
        raise UnitError(_("Name at least two different units to merge."), code="too_few")
    for unit in (*ended, *([into] if isinstance(into, Unit) else [])):
        _require_valid(unit, date)
    for unit in ended:
        _end(unit, date)
    successor = into if isinstance(into, Unit) else _begin(into, date, heirs_of=ended)
    for unit in ended:
        _succeed(SuccessionKind.MERGE, unit, successor, date, decision)
        _move_children(unit, successor, date)
        if move_members:
            _move_members(unit, successor, date)
    audit.record(
        "cms.units_merge",
        successor,
        user=user,
        before=[{"id": unit.pk, "code": unit.code, "name": unit.name} for unit in ended],
        after={"id": successor.pk, "code": successor.code, "name": successor.name},
        date=date,
        decision=decision,
    )
    return successor


@transaction.atomic
def split_unit(
    *,
    unit: Unit,
    into: Sequence[NewUnit],
    date: dt.date,
    decision: str,
    user: User | None,
    goes_on: bool = False,
) -> list[Unit]:
    """Split a unit into new ones from a date; with `goes_on` the unit itself stays beside what left it.

    Memberships stay with the old unit and end with it: who works where afterwards is not for the software to guess.
    Raises `UnitError`.
    """
    if not into or (len(into) < 2 and not goes_on):
        raise UnitError(_("Name the units that come out of the split, at least two in the end."), code="too_few")
    _require_valid(unit, date)
    if not goes_on:
        _end(unit, date)
    parts = [_begin(part, date, heirs_of=[unit]) for part in into]
    for part in parts:
        _succeed(SuccessionKind.SPLIT, unit, part, date, decision)
    audit.record(
        "cms.unit_split",
        unit,
        user=user,
        before={"code": unit.code, "name": unit.name},
        after=[{"id": part.pk, "code": part.code, "name": part.name} for part in parts],
        date=date,
        decision=decision,
        goes_on=goes_on,
    )
    return parts


@transaction.atomic
def rename_unit(
    *,
    unit: Unit,
    name: str,
    date: dt.date,
    decision: str,
    user: User | None,
    code: str = "",
    name_en: str = "",
    short_name: str = "",
) -> Unit:
    """Give a unit another name from a date: a new row follows the old one, which keeps its name for its time.

    Sub-units and memberships move along. The code stays unless another is given. Raises `UnitError`.
    """
    if not name.strip() or name.strip() == unit.name:
        raise UnitError(_("Give another name."), code="same_name")
    _require_valid(unit, date)
    _end(unit, date)
    new = NewUnit(code=code or unit.code, name=name.strip(), name_en=name_en, short_name=short_name, order=unit.order)
    successor = _begin(new, date, heirs_of=[unit])
    _succeed(SuccessionKind.RENAME, unit, successor, date, decision)
    _move_children(unit, successor, date)
    _move_members(unit, successor, date)
    audit.record(
        "cms.unit_rename",
        successor,
        user=user,
        before={"id": unit.pk, "code": unit.code, "name": unit.name},
        after={"id": successor.pk, "code": successor.code, "name": successor.name},
        date=date,
        decision=decision,
    )
    return successor


def predecessors(unit: Unit) -> list[UnitSuccession]:
    """Return all successions that lead to the unit, through all generations, the latest first."""
    return _walk(unit, backward=True)


def successors(unit: Unit) -> list[UnitSuccession]:
    """Return all successions that lead away from the unit, through all generations, the earliest first."""
    return _walk(unit, backward=False)


def facts_of(unit: Unit) -> Facts:
    """Return the codes of the unit, its tier, groups and attributes. Prefetch groups and attributes for many units."""
    return Facts(
        code=unit.code,
        tier=unit.tier.code,
        groups=frozenset(group.code for group in unit.groups.all()),
        attributes=frozenset(attribute.code for attribute in unit.attributes.all()),
    )


def _walk(unit: Unit, *, backward: bool) -> list[UnitSuccession]:
    found: dict[int, UnitSuccession] = {}
    level = [unit.pk]
    while level:
        rows = UnitSuccession.objects.select_related("predecessor", "successor")
        rows = rows.filter(successor__in=level) if backward else rows.filter(predecessor__in=level)
        fresh = [row for row in rows if row.pk not in found]
        found.update({row.pk: row for row in fresh})
        level = [row.predecessor_id if backward else row.successor_id for row in fresh]
    return sorted(found.values(), key=lambda row: (row.date, row.pk), reverse=backward)


def _require_valid(unit: Unit, date: dt.date) -> None:
    if not unit.is_valid_on(date - _DAY) and not unit.is_valid_on(date):
        raise UnitError(
            _("%(unit)s does not exist on %(date)s.") % {"unit": unit.name, "date": f"{date:%d/%m/%Y}"},
            code="not_valid",
        )
    if unit.valid_from >= date:
        raise UnitError(
            _("%(unit)s exists only since %(since)s; the change must be later.")
            % {"unit": unit.name, "since": f"{unit.valid_from:%d/%m/%Y}"},
            code="too_early",
        )
    if unit.valid_to is not None:
        raise UnitError(
            _("%(unit)s ended on %(date)s already.") % {"unit": unit.name, "date": f"{unit.valid_to:%d/%m/%Y}"},
            code="ended",
        )


def _end(unit: Unit, date: dt.date) -> None:
    unit.valid_to = date - _DAY
    unit.save(update_fields=["valid_to"])


def _begin(new: NewUnit, date: dt.date, *, heirs_of: Sequence[Unit]) -> Unit:
    model = heirs_of[0]
    if Unit.objects.filter(code=new.code, valid_to__isnull=True).exists():
        raise UnitError(_("Another valid unit has the code “%(code)s”.") % {"code": new.code}, code="code_taken")
    values: dict[str, Any] = {
        "code": new.code,
        "name": new.name,
        "name_en": new.name_en,
        "short_name": new.short_name,
        "tier": new.tier or model.tier,
        "parent": new.parent or _valid_parent(model, date),
        "order": min(unit.order for unit in heirs_of) if new.order is None else new.order,
        "valid_from": date,
        "illustrative": any(u.illustrative for u in heirs_of) if new.illustrative is None else new.illustrative,
    }
    unit = Unit.objects.create(**values)
    unit.groups.set({group for heir in heirs_of for group in heir.groups.all()})
    unit.attributes.set({attribute for heir in heirs_of for attribute in heir.attributes.all()})
    return unit


def _valid_parent(unit: Unit, date: dt.date) -> Unit | None:
    parent = unit.parent
    if parent is None or parent.is_valid_on(date):
        return parent
    heir = UnitSuccession.objects.filter(predecessor=parent).exclude(kind=SuccessionKind.SPLIT).first()
    return heir.successor if heir else None


def _succeed(kind: str, predecessor: Unit, successor: Unit, date: dt.date, decision: str) -> None:
    UnitSuccession.objects.create(kind=kind, predecessor=predecessor, successor=successor, date=date, decision=decision)


def _move_children(unit: Unit, successor: Unit, date: dt.date) -> None:
    Unit.objects.filter(parent=unit).valid_on(date).exclude(pk=successor.pk).update(parent=successor)


def _move_members(unit: Unit, successor: Unit, date: dt.date) -> None:
    """End the memberships in force the day before and give the same people the same roles at the successor."""
    for membership in Membership.objects.filter(unit=unit).in_force(date).select_related("user"):
        until = membership.valid_to
        if membership.valid_from < date:
            membership.valid_to = date - _DAY
            membership.save(update_fields=["valid_to"])
        Membership.objects.get_or_create(
            user=membership.user,
            unit=successor,
            role=membership.role,
            defaults={"valid_from": date, "valid_to": until},
        )
