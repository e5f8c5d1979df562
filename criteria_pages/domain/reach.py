"""Whom a definition reaches: every unit with its number of leaves and its own maximum."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from cms.models import Unit
from criteria_pages.definition import Definition, UnitFacts


@dataclass(frozen=True, slots=True)
class UnitReach:
    """What one unit is asked."""

    unit: Unit
    leaves: int
    maximum: Decimal
    domains: tuple[tuple[str, Decimal], ...]


def facts_of(unit: Unit) -> UnitFacts:
    """Return what applicability may ask of a unit (prefetch `groups` and `attributes` for many units)."""
    return UnitFacts(
        code=unit.code,
        tier=unit.tier.code,
        groups=frozenset(group.code for group in unit.groups.all()),
        attributes=frozenset(attribute.code for attribute in unit.attributes.all()),
    )


def reach(definition: Definition, units: Iterable[Unit]) -> list[UnitReach]:
    """Return what each unit is asked; units that no condition can tell apart are computed once."""
    named = _named_units(definition)
    cache: dict[UnitFacts, tuple[int, Decimal, tuple[tuple[str, Decimal], ...]]] = {}
    result = []
    for unit in units:
        facts = facts_of(unit)
        key = facts if unit.code in named else UnitFacts("", facts.tier, facts.groups, facts.attributes)
        if key not in cache:
            own = definition.for_unit(facts)
            cache[key] = (len(own.leaves), own.total, tuple((domain.code, domain.maximum) for domain in own.domains))
        leaves, maximum, domains = cache[key]
        result.append(UnitReach(unit, leaves, maximum, domains))
    return result


def _named_units(definition: Definition) -> frozenset[str]:
    conditions = [leaf.applicability for leaf in definition.leaves]
    conditions += [domain.applicability for domain in definition.domains]
    conditions += [criterion.applicability for domain in definition.domains for criterion in domain.criteria]
    return frozenset(code for condition in conditions for code in condition.units)
