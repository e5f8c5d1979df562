"""The definition that counts for a participant: the round's edition, cut to the facts pinned when the round opened."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cms.models import Unit
from criteria_pages.definition import Definition, UnitFacts
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
    facts = json.dumps(facts_json(pinned_facts(participant)), sort_keys=True)
    return _cut(edition.sha256, facts)


@lru_cache(maxsize=512)
def _cut(sha256: str, facts: str) -> Definition:
    data = json.loads(facts)
    return _whole[sha256].for_unit(
        UnitFacts(data["code"], data["tier"], frozenset(data["groups"]), frozenset(data["attributes"]))
    )
