"""A definition in words, for the methodology page, the appendix and previews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cms.models import Unit, UnitAttribute, UnitGroup, UnitTier
from criteria_pages.definition import Applicability, Criterion, Definition, Domain, Leaf
from criteria_pages.enums import Scorer
from criteria_pages.exceptions import CriteriaError
from criteria_pages.models import LegalDocument
from criteria_pages.rules import RULES, get_rule, rule_class

KINDS = frozenset(rule.kind for rule in RULES)


@dataclass(frozen=True)
class LeafText:
    """A leaf in words. `rule` is the rule as a sentence, `kind` the name of the kind of rule."""

    code: str
    name: str
    maximum: Decimal
    kind: str
    rule: str
    scorer: str
    agency: str
    evidence: str
    note: str
    conditions: str
    legal_basis: tuple[LegalDocument | str, ...] = ()
    level: int = 3


@dataclass(frozen=True)
class CriterionText:
    """A criterion in words; `own` where it is scored itself."""

    code: str
    name: str
    maximum: Decimal
    note: str
    conditions: str
    own: LeafText | None
    children: tuple[LeafText, ...]


@dataclass(frozen=True)
class DomainText:
    """A domain in words."""

    code: str
    name: str
    maximum: Decimal
    note: str
    agency: str
    conditions: str
    criteria: tuple[CriterionText, ...]

    @property
    def leaf_count(self) -> int:
        """How many leaves are scored."""
        return sum(1 if criterion.own else len(criterion.children) for criterion in self.criteria)


@dataclass(frozen=True)
class Names:
    """Names of what a definition refers to by code."""

    tiers: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, LegalDocument] = field(default_factory=dict)


def methodology(definition: Definition) -> tuple[DomainText, ...]:
    """Return the definition in words of the active language, names looked up in five queries."""
    names = read_names(definition)
    return tuple(_domain(domain, names) for domain in definition.domains)


def read_names(definition: Definition) -> Names:
    """Return the names of everything that the definition refers to."""
    nodes: list[Domain | Criterion | Leaf] = [*definition.domains, *definition.leaves]
    nodes += [criterion for domain in definition.domains for criterion in domain.criteria]
    conditions = [node.applicability for node in nodes]
    agencies = {node.agency for node in nodes if not isinstance(node, Criterion) and node.agency}
    numbers = {number for leaf in definition.leaves for number in leaf.legal_basis}
    units = Unit.objects.filter(code__in={c for a in conditions for c in a.units} | agencies).order_by("valid_from")
    return Names(
        tiers=_names(UnitTier.objects.filter(code__in={c for a in conditions for c in a.tiers})),
        groups=_names(UnitGroup.objects.filter(code__in={c for a in conditions for c in a.groups})),
        units=_names(units),
        attributes=_names(
            UnitAttribute.objects.filter(
                code__in={c for a in conditions for c in (*a.attributes, *a.without_attributes)}
            )
        ),
        documents={doc.number: doc for doc in LegalDocument.objects.filter(number__in=numbers)},
    )


def conditions_in_words(conditions: Applicability, names: Names) -> str:
    """Return to whom a node applies, in names; "" for everybody."""
    parts = [
        f"{label}: {', '.join(known.get(code, code) for code in codes)}"
        for label, codes, known in (
            (_("Only"), conditions.tiers, names.tiers),
            (_("Only"), conditions.groups, names.groups),
            (_("Only"), conditions.units, names.units),
            (_("Only units that have"), conditions.attributes, names.attributes),
            (_("Only units that do not have"), conditions.without_attributes, names.attributes),
        )
        if codes
    ]
    return "; ".join(parts)


def rule_in_words(leaf: Leaf) -> tuple[str, str]:
    """Return the name of the kind of rule and the rule as a sentence; a rule that is not sound says so."""
    try:
        rule = get_rule(leaf.rule, leaf.maximum)
        return str(rule.label), rule.describe()
    except CriteriaError:
        label = str(rule_class(leaf.rule.kind).label) if leaf.rule.kind in KINDS else ""
        return label, _("The rule is not complete yet.")


def _domain(domain: Domain, names: Names) -> DomainText:
    return DomainText(
        code=domain.code,
        name=_local(domain),
        maximum=domain.maximum,
        note=domain.note,
        agency=names.units.get(domain.agency, domain.agency),
        conditions=conditions_in_words(domain.applicability, names),
        criteria=tuple(_criterion(criterion, names) for criterion in domain.criteria),
    )


def _criterion(criterion: Criterion, names: Names) -> CriterionText:
    return CriterionText(
        code=criterion.code,
        name=_local(criterion),
        maximum=criterion.maximum,
        note=criterion.note,
        conditions=conditions_in_words(criterion.applicability, names),
        own=_leaf(criterion.leaf, names) if criterion.leaf else None,
        children=tuple(_leaf(leaf, names) for leaf in criterion.children),
    )


def _leaf(leaf: Leaf, names: Names) -> LeafText:
    kind, rule = rule_in_words(leaf)
    return LeafText(
        code=leaf.code,
        name=_local(leaf),
        maximum=leaf.maximum,
        kind=kind,
        rule=rule,
        scorer=str(Scorer(leaf.scorer).label) if leaf.scorer in Scorer.values else leaf.scorer,
        agency=names.units.get(leaf.agency, leaf.agency),
        evidence=leaf.evidence,
        note=leaf.note,
        conditions=conditions_in_words(leaf.applicability, names),
        legal_basis=tuple(names.documents.get(number, number) for number in leaf.legal_basis),
        level=leaf.level,
    )


def _local(node: Domain | Criterion | Leaf) -> str:
    return node.name_en if node.name_en and get_language() == "en" else node.name


def _names(rows: Iterable[UnitTier | UnitGroup | UnitAttribute | Unit]) -> dict[str, str]:
    english = get_language() == "en"
    return {row.code: row.name_en if english and row.name_en else row.name for row in rows}
