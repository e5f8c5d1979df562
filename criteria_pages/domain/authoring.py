"""From the editor's blocks to a definition and back. The only code that knows how the blocks are laid out."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cms.exceptions import PortalError
from cms.numbers import parse_decimal
from cms.text import normal
from criteria_pages.definition import Applicability, Criterion, Definition, Domain, Leaf, RuleSpec, plain
from criteria_pages.domain.problems import Problem
from criteria_pages.enums import Scorer
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import rule_class
from criteria_pages.rules.parameters import Parameter, canonical_parameters

if TYPE_CHECKING:
    from criteria_pages.models import CriteriaSetPage

Raw = Mapping[str, Any]
NAMESPACE = uuid.UUID("6f0c6f0e-6a5c-4d0e-9a39-5b1f6a6f7d11")
CONDITIONS = ("tiers", "groups", "units", "attributes", "without_attributes")
PATH_SIGN = " › "


@dataclass(frozen=True)
class Parsed:
    """A definition as far as it could be read, and what could not."""

    definition: Definition
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class NodeLink:
    """What the blocks say of a node's past: the code of its predecessor, and an editor's own word with its reason.

    `position`: indices of domain, criterion and sub-criterion from 0, as deep as the node lies.
    """

    code: str
    predecessor: str = ""
    status: str = ""
    reason: str = ""
    position: tuple[int, ...] = ()


@dataclass
class _Place:
    """Where the parser is, and the problems it has met so far."""

    problems: list[Problem] = field(default_factory=list)
    position: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()

    def inside(self, index: int, code: str) -> _Place:
        return _Place(self.problems, (*self.position, index), (*self.codes, code or f"({index + 1})"))

    def report(self, message: str, field: str) -> None:
        code = self.codes[-1] if self.codes else ""
        self.problems.append(Problem(code, message, PATH_SIGN.join(self.codes), self.position, field))


def definition_from_page(page: CriteriaSetPage) -> Definition:
    """Return the definition that the page's blocks say; numbers that cannot be read count as 0 (see `parse_page`)."""
    return parse_page(page).definition


def parse_page(page: CriteriaSetPage) -> Parsed:
    """Return the definition of a page (draft or live) and what in it could not be read."""
    return parse_body(
        page.body.get_prep_value(),
        title=page.title,
        title_en=page.title_en,
        total=page.declared_total or Decimal(0),
        bonus_cap=page.bonus_cap or Decimal(0),
        penalty_cap=page.penalty_cap or Decimal(0),
    )


def parse_body(
    body: Iterable[Raw], *, title: str, title_en: str, total: Decimal, bonus_cap: Decimal, penalty_cap: Decimal
) -> Parsed:
    """Return the definition of raw blocks."""
    place = _Place()
    domains = tuple(_domain(block["value"], place, index) for index, block in enumerate(body))
    definition = Definition(
        title=_text(title),
        title_en=_text(title_en),
        total=total,
        domains=domains,
        bonus_cap=bonus_cap,
        penalty_cap=penalty_cap,
    )
    return Parsed(definition, tuple(place.problems))


def body_from_definition(definition: Definition) -> list[dict[str, Any]]:
    """Return raw StreamField data for `CriteriaSetPage.body`; `definition_from_page` of it gives the definition back.

    Block ids derive from the codes, so the same definition gives the same body.
    """
    return [_domain_block(domain) for domain in definition.domains]


def links_of_body(body: Iterable[Raw]) -> tuple[NodeLink, ...]:
    """Return the past of every node of raw blocks, in order."""
    return tuple(_link(raw, position) for raw, position in _raw_nodes(body))


def blocks_of_body(body: Iterable[Raw]) -> Iterator[tuple[str, str, str]]:
    """Yield (id of the block, code, name) of every node of raw blocks, in order."""
    for domain in body:
        yield _named_block(domain)
        for criterion in domain["value"].get("criteria") or []:
            yield _named_block(criterion)
            for child in criterion["value"].get("children") or []:
                if isinstance(child, Mapping) and "value" in child:
                    yield _named_block(child)


def body_with_links(body: Iterable[Raw], links: Mapping[tuple[int, ...], NodeLink]) -> list[dict[str, Any]]:
    """Return a copy of raw blocks in which the nodes at the given positions have the given past."""
    result = copy.deepcopy(list(body))
    for raw, position in _raw_nodes(result):
        if position in links:
            link = links[position]
            raw["lineage"] = {"predecessor": link.predecessor, "status": link.status, "reason": link.reason}
    return result  # type: ignore[return-value]


# --- reading ----------------------------------------------------------------------------------------------------------
def _domain(raw: Raw, outside: _Place, index: int) -> Domain:
    place = outside.inside(index, _text(raw.get("code")))
    return Domain(
        code=_text(raw.get("code")),
        name=_text(raw.get("name")),
        name_en=_text(raw.get("name_en")),
        maximum=_points(raw.get("maximum"), place),
        criteria=tuple(_criterion(block, place, i) for i, block in enumerate(raw.get("criteria") or [])),
        note=_text(raw.get("note")),
        agency=_text(raw.get("agency")),
        applicability=_applicability(raw.get("applicability")),
    )


def _criterion(block: Raw, outside: _Place, index: int) -> Criterion:
    raw = block["value"]
    place = outside.inside(index, _text(raw.get("code")))
    scored = block["type"] == "scored_criterion"
    leaf = _leaf_of(raw, place, level=2) if scored else None
    return Criterion(
        code=_text(raw.get("code")),
        name=_text(raw.get("name")),
        name_en=_text(raw.get("name_en")),
        maximum=leaf.maximum if leaf else _points(raw.get("maximum"), place),
        leaf=leaf,
        children=() if scored else tuple(_sub(item, place, i) for i, item in enumerate(_items(raw.get("children")))),
        note="" if scored else _text(raw.get("note")),
        applicability=Applicability() if scored else _applicability(raw.get("applicability")),
    )


def _sub(raw: Raw, outside: _Place, index: int) -> Leaf:
    return _leaf_of(raw, outside.inside(index, _text(raw.get("code"))), level=3)


def _leaf_of(raw: Raw, place: _Place, *, level: int) -> Leaf:
    return Leaf(
        code=_text(raw.get("code")),
        name=_text(raw.get("name")),
        name_en=_text(raw.get("name_en")),
        maximum=_points(raw.get("maximum"), place),
        rule=_rule(raw.get("rule"), place),
        scorer=_scorer(raw),
        evidence=_text(raw.get("evidence")),
        evidence_required=bool(raw.get("evidence_required", True)),
        legal_basis=_codes(raw.get("legal_basis")),
        note=_text(raw.get("note")),
        agency=_text(raw.get("agency")),
        applicability=_applicability(raw.get("applicability")),
        level=level,
    )


def _scorer(raw: Raw) -> str:
    """Return who brings the points: what the rule leaves no choice about is not asked of the editor again."""
    kind = next((block["type"] for block in raw.get("rule") or []), "")
    return kind if kind in {Scorer.SURVEY, Scorer.CENTRAL} else _text(raw.get("scorer")) or Scorer.SELF


def _rule(raw: Any, place: _Place) -> RuleSpec:
    blocks = raw or []
    if not blocks:
        return RuleSpec(kind="")
    if len(blocks) > 1:
        place.report(_("An item has one scoring rule; here stand several. Delete all but one."), "rule")
    kind = blocks[0]["type"]
    try:
        parameters = rule_class(kind).parameters
    except CriteriaError:
        return RuleSpec(kind=kind)
    return RuleSpec(kind=kind, params=canonical_parameters(parameters, _parameters(parameters, blocks[0]["value"])))


def _parameters(declared: Iterable[Parameter], raw: Raw) -> dict[str, Any]:
    """Unwrap list items; everything else stays as it was typed."""
    result: dict[str, Any] = {}
    for parameter in declared:
        value = raw.get(parameter.name)
        if parameter.kind == "list":
            result[parameter.name] = [_parameters(parameter.items, item) for item in _items(value)]
        else:
            result[parameter.name] = normal(value) if isinstance(value, str) else value
    return result


def _raw_nodes(body: Iterable[Raw]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Yield the raw value of every node with its position."""
    for d, domain in enumerate(body):
        yield domain["value"], (d,)
        for c, block in enumerate(domain["value"].get("criteria") or []):
            yield block["value"], (d, c)
            if block["type"] != "scored_criterion":
                for s, raw in enumerate(_items(block["value"].get("children"))):
                    yield raw, (d, c, s)


def _named_block(block: Raw) -> tuple[str, str, str]:
    return str(block.get("id") or ""), _text(block["value"].get("code")), _text(block["value"].get("name"))


def _link(raw: Raw, position: tuple[int, ...]) -> NodeLink:
    said = raw.get("lineage") or {}
    return NodeLink(
        code=_text(raw.get("code")),
        predecessor=_text(said.get("predecessor")),
        status=_text(said.get("status")),
        reason=_text(said.get("reason")),
        position=position,
    )


def _applicability(raw: Any) -> Applicability:
    parts: dict[str, tuple[str, ...]] = {}
    for block in raw or []:
        if block["type"] in CONDITIONS:
            parts[block["type"]] = (*parts.get(block["type"], ()), *_codes(block["value"]))
    return Applicability(**parts)


def _codes(raw: Any) -> tuple[str, ...]:
    return tuple(code for item in _items(raw) if (code := _text(item)))


def _items(raw: Any) -> list[Any]:
    """Return the values of a ListBlock, with or without ids."""
    return [item["value"] if isinstance(item, Mapping) and "value" in item else item for item in raw or []]


def _text(value: Any) -> str:
    return normal(str(value or "")).strip()


def _points(value: Any, place: _Place) -> Decimal:
    text = _text(value)
    if not text:
        place.report(_("Maximum points are missing."), "maximum")
        return Decimal(0)
    try:
        return parse_decimal(text)
    except PortalError as error:
        place.report(_("Maximum points: %(problem)s") % {"problem": error.message}, "maximum")
        return Decimal(0)


# --- writing ----------------------------------------------------------------------------------------------------------
def _domain_block(domain: Domain) -> dict[str, Any]:
    value: dict[str, Any] = {
        **_head(domain),
        "agency": domain.agency,
        "criteria": [_criterion_block(criterion) for criterion in domain.criteria],
        **_tail(domain),
    }
    return {"type": "domain", "value": value, "id": _id("domain", domain.code)}


def _criterion_block(criterion: Criterion) -> dict[str, Any]:
    if criterion.leaf:
        return {
            "type": "scored_criterion",
            "value": _leaf_value(_own_leaf(criterion, criterion.leaf)),
            "id": _id("criterion", criterion.code),
        }
    children = [
        {"type": "item", "value": _leaf_value(leaf), "id": _id("leaf", leaf.code)} for leaf in criterion.children
    ]
    value: dict[str, Any] = {**_head(criterion), "children": children, **_tail(criterion)}
    return {"type": "criterion", "value": value, "id": _id("criterion", criterion.code)}


def _own_leaf(criterion: Criterion, leaf: Leaf) -> Leaf:
    """Return the leaf of a criterion that is scored itself, with what stands on the criterion only."""
    if leaf.applicability.is_everybody and not criterion.applicability.is_everybody:
        leaf = replace(leaf, applicability=criterion.applicability)
    return leaf if leaf.note or not criterion.note else replace(leaf, note=criterion.note)


def _leaf_value(leaf: Leaf) -> dict[str, Any]:
    rule = []
    if leaf.rule.kind:
        params = _wrapped(rule_class(leaf.rule.kind).parameters, leaf.rule.params, leaf.code)
        rule = [{"type": leaf.rule.kind, "value": params, "id": _id("rule", leaf.code)}]
    return {
        **_head(leaf),
        "rule": rule,
        "scorer": leaf.scorer,
        "agency": leaf.agency,
        "evidence": leaf.evidence,
        "evidence_required": leaf.evidence_required,
        "legal_basis": _list(leaf.legal_basis, f"legal:{leaf.code}"),
        **_tail(leaf),
    }


def _wrapped(declared: Iterable[Parameter], params: Raw, seed: str) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for parameter in declared:
        given = params.get(parameter.name)
        seed_here = f"{seed}:{parameter.name}"
        if parameter.kind == "list":
            rows = [_wrapped(parameter.items, row, f"{seed_here}:{i}") for i, row in enumerate(given or [])]
            value[parameter.name] = _list(rows, seed_here)
        elif given is None:
            value[parameter.name] = _blank(parameter)
        else:
            value[parameter.name] = given if isinstance(given, bool) else str(given)
    return value


def _blank(parameter: Parameter) -> Any:
    if parameter.kind == "boolean":
        return bool(parameter.default)
    if isinstance(parameter.default, Decimal):
        return plain(parameter.default)
    return "" if parameter.default is None else str(parameter.default)


def _head(node: Domain | Criterion | Leaf) -> dict[str, Any]:
    return {"code": node.code, "name": node.name, "maximum": plain(node.maximum)}


def _tail(node: Domain | Criterion | Leaf) -> dict[str, Any]:
    conditions = [
        {"type": name, "value": _list(codes, f"{name}:{node.code}"), "id": _id(name, node.code)}
        for name in CONDITIONS
        if (codes := getattr(node.applicability, name))
    ]
    return {"note": node.note, "name_en": node.name_en, "applicability": conditions}


def _list(values: Iterable[Any], seed: str) -> list[dict[str, Any]]:
    return [
        {"type": "item", "value": value, "id": _id("item", f"{seed}:{index}")} for index, value in enumerate(values)
    ]


def _id(kind: str, seed: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{kind}:{seed}"))
