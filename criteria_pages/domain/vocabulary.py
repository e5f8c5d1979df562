"""The codes that a criteria set may name: tiers, groups, attributes, units, legal documents."""

from __future__ import annotations

from dataclasses import dataclass

from cms.models import Unit, UnitAttribute, UnitGroup, UnitTier
from criteria_pages.models.legal import LegalDocument


@dataclass(frozen=True)
class Vocabulary:
    """What exists at the time of the check."""

    tiers: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    legal_documents: frozenset[str] = frozenset()


def read_vocabulary() -> Vocabulary:
    """Return all codes in five queries. Units of the past count: a set of an earlier year may be corrected."""
    return Vocabulary(
        tiers=frozenset(UnitTier.objects.values_list("code", flat=True)),
        groups=frozenset(UnitGroup.objects.values_list("code", flat=True)),
        attributes=frozenset(UnitAttribute.objects.values_list("code", flat=True)),
        units=frozenset(Unit.objects.values_list("code", flat=True)),
        legal_documents=frozenset(LegalDocument.objects.values_list("number", flat=True)),
    )
