"""The frozen definition of a criteria set: what is asked and how it counts.

Everything downstream (form, workbook, report, methodology page, scorer) is a pure function of a `Definition`. It holds
no pages, blocks or rows; the only StreamField-aware code is the parser in `domain/editions.py`. Points are `Decimal`.
Canonical JSON (sorted keys, no spaces, Decimals as plain strings) gives the edition's SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What applicability may ask of a unit: its code, tier code, group codes and attribute codes."""

    code: str
    tier: str
    groups: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Applicability:
    """To which units a node applies. Empty parts do not restrict; all given parts must hold.

    `tiers`, `groups`, `units`: the unit is in at least one of the named. `attributes`: the unit has all of the named.
    `without_attributes`: the unit has none of the named.
    """

    tiers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    without_attributes: tuple[str, ...] = ()

    def applies_to(self, unit: UnitFacts) -> bool:
        """Whether a node with this applicability is asked of the unit."""
        return (
            (not self.tiers or unit.tier in self.tiers)
            and (not self.groups or bool(unit.groups.intersection(self.groups)))
            and (not self.units or unit.code in self.units)
            and unit.attributes.issuperset(self.attributes)
            and unit.attributes.isdisjoint(self.without_attributes)
        )

    @property
    def is_everybody(self) -> bool:
        """Whether nothing restricts the node."""
        return self == Applicability()

    def to_json(self) -> dict[str, list[str]]:
        """Return the non-empty parts."""
        parts = {
            "tiers": self.tiers,
            "groups": self.groups,
            "units": self.units,
            "attributes": self.attributes,
            "without_attributes": self.without_attributes,
        }
        return {name: list(value) for name, value in parts.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, list[str]]) -> Applicability:
        """Read what `to_json` wrote."""
        return cls(**{name: tuple(value) for name, value in data.items()})


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A leaf's scoring rule as data: the kind of rule and its parameters (JSON: text, numbers as text, lists, objects).

    `criteria_pages.rules.get_rule(spec)` gives the object that validates, asks and scores.
    """

    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scored criterion or sub-criterion."""

    code: str
    name: str
    maximum: Decimal
    rule: RuleSpec
    scorer: str = "self"
    evidence: str = ""
    evidence_required: bool = True
    legal_basis: tuple[str, ...] = ()
    note: str = ""
    agency: str = ""
    applicability: Applicability = Applicability()
    name_en: str = ""

    level: int = 3

    def to_json(self) -> dict[str, Any]:
        """Return the leaf as JSON data."""
        return _clean(
            {
                "code": self.code,
                "name": self.name,
                "name_en": self.name_en,
                "maximum": plain(self.maximum),
                "rule": {"kind": self.rule.kind, "params": dict(self.rule.params)},
                "scorer": self.scorer,
                "evidence": self.evidence,
                "evidence_required": self.evidence_required,
                "legal_basis": list(self.legal_basis),
                "note": self.note,
                "agency": self.agency,
                "applicability": self.applicability.to_json(),
            }
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any], *, level: int) -> Leaf:
        """Read what `to_json` wrote."""
        return cls(
            code=data["code"],
            name=data["name"],
            name_en=data.get("name_en", ""),
            maximum=Decimal(data["maximum"]),
            rule=RuleSpec(kind=data["rule"]["kind"], params=data["rule"].get("params", {})),
            scorer=data.get("scorer", "self"),
            evidence=data.get("evidence", ""),
            evidence_required=data.get("evidence_required", True),
            legal_basis=tuple(data.get("legal_basis", ())),
            note=data.get("note", ""),
            agency=data.get("agency", ""),
            applicability=Applicability.from_json(data.get("applicability", {})),
            level=level,
        )


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: scored itself (`leaf`) or through its sub-criteria (`children`), never both."""

    code: str
    name: str
    maximum: Decimal
    leaf: Leaf | None = None
    children: tuple[Leaf, ...] = ()
    note: str = ""
    applicability: Applicability = Applicability()
    name_en: str = ""

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The scored leaves of the criterion in order."""
        return (self.leaf,) if self.leaf else self.children


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain (lĩnh vực) with its criteria. `agency`: code of the unit that appraises it by default."""

    code: str
    name: str
    maximum: Decimal
    criteria: tuple[Criterion, ...] = ()
    note: str = ""
    agency: str = ""
    applicability: Applicability = Applicability()
    name_en: str = ""

    @property
    def leaves(self) -> Iterator[Leaf]:
        """The scored leaves of the domain in order."""
        for criterion in self.criteria:
            yield from criterion.leaves


@dataclass(frozen=True)
class Definition:
    """A whole criteria set as it was frozen."""

    title: str
    total: Decimal
    domains: tuple[Domain, ...]
    title_en: str = ""
    bonus_cap: Decimal = Decimal(0)
    penalty_cap: Decimal = Decimal(0)

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """All leaves in order."""
        return tuple(leaf for domain in self.domains for leaf in domain.leaves)

    @cached_property
    def _leaf_index(self) -> dict[str, tuple[Domain, Criterion, Leaf]]:
        return {
            leaf.code: (domain, criterion, leaf)
            for domain in self.domains
            for criterion in domain.criteria
            for leaf in criterion.leaves
        }

    @cached_property
    def nodes(self) -> Mapping[str, Domain | Criterion | Leaf]:
        """All nodes by code, in order; a criterion that is scored itself stands for its leaf."""
        nodes: dict[str, Domain | Criterion | Leaf] = {}
        for domain in self.domains:
            nodes[domain.code] = domain
            for criterion in domain.criteria:
                nodes[criterion.code] = criterion
                nodes.update((leaf.code, leaf) for leaf in criterion.children)
        return nodes

    def leaf(self, code: str) -> Leaf:
        """Return the leaf with the code; KeyError where there is none."""
        return self._leaf_index[code][2]

    def path(self, code: str) -> tuple[Domain, Criterion, Leaf]:
        """Return domain, criterion and leaf of a leaf's code; KeyError where there is none."""
        return self._leaf_index[code]

    def has_leaf(self, code: str) -> bool:
        """Whether a leaf has this code."""
        return code in self._leaf_index

    def for_unit(self, unit: UnitFacts) -> Definition:
        """Return the part that applies to the unit: nodes that do not apply, and nodes left empty by that, are gone.

        Maxima of criteria, domains and the total become the sums of what remains: the unit's own maximum.
        """
        domains = []
        for domain in self.domains:
            if not domain.applicability.applies_to(unit):
                continue
            criteria = [part for c in domain.criteria if (part := _criterion_for(c, unit)) is not None]
            if criteria:
                maximum = sum((c.maximum for c in criteria), Decimal(0))
                domains.append(replace(domain, criteria=tuple(criteria), maximum=maximum))
        return Definition(
            title=self.title,
            title_en=self.title_en,
            total=sum((d.maximum for d in domains), Decimal(0)),
            domains=tuple(domains),
            bonus_cap=self.bonus_cap,
            penalty_cap=self.penalty_cap,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the definition as JSON data; empty optional parts are left out."""
        return _clean(
            {
                "schema": SCHEMA_VERSION,
                "title": self.title,
                "title_en": self.title_en,
                "total": plain(self.total),
                "bonus_cap": plain(self.bonus_cap),
                "penalty_cap": plain(self.penalty_cap),
                "domains": [
                    _clean(
                        {
                            "code": d.code,
                            "name": d.name,
                            "name_en": d.name_en,
                            "maximum": plain(d.maximum),
                            "note": d.note,
                            "agency": d.agency,
                            "applicability": d.applicability.to_json(),
                            "criteria": [_criterion_json(c) for c in d.criteria],
                        }
                    )
                    for d in self.domains
                ],
            }
        )

    def canonical(self) -> bytes:
        """Return the canonical JSON: UTF-8, sorted keys, no spaces."""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def sha256(self) -> str:
        """Return the hex SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Definition:
        """Read what `to_json` wrote (schema 1)."""
        return cls(
            title=data["title"],
            title_en=data.get("title_en", ""),
            total=Decimal(data["total"]),
            bonus_cap=Decimal(data.get("bonus_cap", "0")),
            penalty_cap=Decimal(data.get("penalty_cap", "0")),
            domains=tuple(
                Domain(
                    code=d["code"],
                    name=d["name"],
                    name_en=d.get("name_en", ""),
                    maximum=Decimal(d["maximum"]),
                    note=d.get("note", ""),
                    agency=d.get("agency", ""),
                    applicability=Applicability.from_json(d.get("applicability", {})),
                    criteria=tuple(_criterion_from_json(c) for c in d.get("criteria", ())),
                )
                for d in data["domains"]
            ),
        )


def plain(value: Decimal) -> str:
    """Return a Decimal as plain text without exponent or trailing zeros ("1.50" -> "1.5"), the canonical form."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _criterion_for(criterion: Criterion, unit: UnitFacts) -> Criterion | None:
    if not criterion.applicability.applies_to(unit):
        return None
    leaves = tuple(leaf for leaf in criterion.leaves if leaf.applicability.applies_to(unit))
    if not leaves:
        return None
    maximum = sum((leaf.maximum for leaf in leaves), Decimal(0))
    if criterion.leaf:
        return replace(criterion, maximum=maximum)
    return replace(criterion, children=leaves, maximum=maximum)


def _criterion_json(criterion: Criterion) -> dict[str, Any]:
    data: dict[str, Any] = {
        "code": criterion.code,
        "name": criterion.name,
        "name_en": criterion.name_en,
        "maximum": plain(criterion.maximum),
        "note": criterion.note,
        "applicability": criterion.applicability.to_json(),
    }
    if criterion.leaf:
        data["leaf"] = criterion.leaf.to_json()
    else:
        data["children"] = [leaf.to_json() for leaf in criterion.children]
    return _clean(data)


def _criterion_from_json(data: Mapping[str, Any]) -> Criterion:
    return Criterion(
        code=data["code"],
        name=data["name"],
        name_en=data.get("name_en", ""),
        maximum=Decimal(data["maximum"]),
        note=data.get("note", ""),
        applicability=Applicability.from_json(data.get("applicability", {})),
        leaf=Leaf.from_json(data["leaf"], level=2) if "leaf" in data else None,
        children=tuple(Leaf.from_json(leaf, level=3) for leaf in data.get("children", ())),
    )


def _clean(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out empty texts, lists and objects, so that a new optional field does not change old hashes."""
    return {key: value for key, value in data.items() if value not in ("", [], {}, ())}
