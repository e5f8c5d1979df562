"""The definition that counts for a participant: the round's edition, cut to the facts pinned when the round opened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cms.models import Unit
from criteria_pages.definition import Criterion, Definition, Domain, Leaf, UnitFacts
from criteria_pages.models import CriteriaEdition
from submissions.models import AssessmentRound, Participant


def facts_of(unit: Unit) -> UnitFacts:
    """Return what applicability may ask of the unit as it is today."""
    return UnitFacts(
        code=unit.code,
        tier=unit.tier.code,
        groups=frozenset(group.code for group in unit.groups.all()),
        attributes=frozenset(attribute.code for attribute in unit.attributes.all()),
    )


def facts_json(facts: UnitFacts) -> dict[str, Any]:
    """Return facts as they are pinned in `Participant.facts`."""
    return {
        "code": facts.code,
        "tier": facts.tier,
        "groups": sorted(facts.groups),
        "attributes": sorted(facts.attributes),
    }


def pinned_facts(participant: Participant) -> UnitFacts:
    """Return the facts pinned for the participant; before the round opens, those of the unit today."""
    data = participant.facts
    if not data:
        return facts_of(participant.unit)
    return UnitFacts(
        code=data["code"],
        tier=data["tier"],
        groups=frozenset(data.get("groups", ())),
        attributes=frozenset(data.get("attributes", ())),
    )


_whole: dict[str, Definition] = {}


def definition_of(edition: CriteriaEdition) -> Definition:
    """Return the whole definition of an edition, parsed once per process: an edition never changes."""
    known = _whole.get(edition.sha256)
    if known is None:
        if len(_whole) > 64:
            _whole.clear()
        known = _whole[edition.sha256] = edition.definition
    return known


def definition_of_round(round: AssessmentRound) -> Definition:
    """Return the whole definition that the round pins."""
    return definition_of(round.edition)


def definition_for(participant: Participant) -> Definition:
    """Return the part of the round's definition that is asked of the participant, with the unit's own maxima."""
    edition = participant.round.edition
    definition_of(edition)
    return _cut(edition.sha256, _asked(edition.sha256).of(pinned_facts(participant)))


@dataclass(frozen=True)
class _Asked:
    """The codes that the conditions of a definition name: whatever else is true of a unit changes nothing."""

    codes: frozenset[str]
    tiers: frozenset[str]
    groups: frozenset[str]
    attributes: frozenset[str]

    def of(self, facts: UnitFacts) -> UnitFacts:
        """Return the facts cut to what is asked, so that units that are asked the same share one definition."""
        return UnitFacts(
            code=facts.code if facts.code in self.codes else "",
            tier=facts.tier if facts.tier in self.tiers else "",
            groups=facts.groups & self.groups,
            attributes=facts.attributes & self.attributes,
        )


@lru_cache(maxsize=64)
def _asked(sha256: str) -> _Asked:
    whole = _whole[sha256]
    criteria = [criterion for domain in whole.domains for criterion in domain.criteria]
    nodes: list[Domain | Criterion | Leaf] = [*whole.domains, *criteria, *whole.leaves]
    conditions = [node.applicability for node in nodes]
    return _Asked(
        codes=frozenset(code for c in conditions for code in c.units),
        tiers=frozenset(code for c in conditions for code in c.tiers),
        groups=frozenset(code for c in conditions for code in c.groups),
        attributes=frozenset(code for c in conditions for code in (*c.attributes, *c.without_attributes)),
    )


@lru_cache(maxsize=512)
def _cut(sha256: str, facts: UnitFacts) -> Definition:
    return _whole[sha256].for_unit(facts)
