"""Factories of criteria: a tiny definition with a leaf of every rule, pages and frozen editions.

`tiny_definition()` has two domains, eleven leaves and a total of 20 points. Leaf 1.1 stands on level 2; leaf 2.6
applies to units with the attribute "co-tthc" only, so that two units have different forms and different maxima.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from django.db.models import Model

import factory
from factory.django import DjangoModelFactory

from cms.models import UnitAttribute, UnitGroup, UnitTier
from criteria_pages.definition import Applicability, Criterion, Definition, Domain, Leaf, RuleSpec
from criteria_pages.domain.authoring import body_from_definition, definition_from_page
from criteria_pages.models import CriteriaEdition, CriteriaSetPage
from tests.factories.cms import BasePageFactory, UserFactory

ATTRIBUTE = "co-tthc"

RULES: dict[str, dict[str, Any]] = {
    "yes_no": {"allow_not_applicable": True},
    "levels": {
        "levels": [
            {"value": "a", "label": "Đạt đầy đủ", "points": "2"},
            {"value": "b", "label": "Đạt một phần", "points": "1"},
            {"value": "c", "label": "Không đạt", "points": "0"},
        ]
    },
    "ratio": {
        "bands": [{"from": "0", "mode": "zero"}, {"from": "80", "mode": "ratio"}, {"from": "100", "mode": "full"}],
        "numerator_label": "Số đã hoàn thành",
        "denominator_label": "Số phải hoàn thành",
        "zero_denominator": "not_applicable",
    },
    "count": {"per_item": "0.5", "item_label": "sáng kiến"},
    "deduction": {"per_item": "0.25", "item_label": "lần chậm"},
    "deadline": {"due": "2025-12-31", "late_days": 10, "late_points": "0.5"},
    "formula": {
        "variables": [{"name": "a", "label": "Số hồ sơ đúng hạn"}, {"name": "b", "label": "Tổng số hồ sơ"}],
        "alternatives": [{"value": "chinh", "label": "Có số liệu", "expression": "a/b*2"}],
    },
    "manual": {"step": "0.25"},
    "survey": {"question_group": "nguoi-dan"},
    "central": {"source": "Báo cáo của cơ quan thống kê"},
}


def leaf(code: str, kind: str, maximum: str = "2", **fields: Any) -> Leaf:
    """Return a leaf with sound parameters for the kind of rule; `params=…` sets others."""
    params = fields.pop("params", RULES.get(kind, {}))
    scorer = {"survey": "survey", "central": "central"}.get(kind, "self")
    given = {
        "name": f"Tiêu chí {code}",
        "scorer": scorer,
        "evidence_required": False,
        "rule": RuleSpec(kind=kind, params=params),
        **fields,
    }
    return Leaf(code=code, maximum=Decimal(maximum), **given)


def criterion(code: str, *children: Leaf, **fields: Any) -> Criterion:
    """Return a criterion over its sub-criteria, with the sum of their points."""
    return Criterion(
        code=code,
        name=fields.pop("name", f"Nhóm tiêu chí {code}"),
        maximum=sum((child.maximum for child in children), Decimal(0)),
        children=children,
        **fields,
    )


def leaf_criterion(code: str, kind: str, maximum: str = "2", **fields: Any) -> Criterion:
    """Return a criterion that is scored itself (a leaf on level 2)."""
    only = leaf(code, kind, maximum, level=2, **fields)
    return Criterion(code=code, name=only.name, maximum=only.maximum, leaf=only)


def domain(code: str, *criteria: Criterion, **fields: Any) -> Domain:
    """Return a domain over its criteria, with the sum of their points."""
    return Domain(
        code=code,
        name=fields.pop("name", f"Lĩnh vực {code}"),
        maximum=sum((c.maximum for c in criteria), Decimal(0)),
        criteria=criteria,
        **fields,
    )


def definition(*domains: Domain, **fields: Any) -> Definition:
    """Return a definition over its domains, with the sum of their points."""
    return Definition(
        title=fields.pop("title", "Bộ chỉ số thử"),
        total=sum((d.maximum for d in domains), Decimal(0)),
        domains=domains,
        **fields,
    )


def tiny_definition(**fields: Any) -> Definition:
    """Return a definition with a leaf of every rule: two domains, eleven leaves, 20 points."""
    return definition(
        domain(
            "1",
            leaf_criterion("1.1", "yes_no", "1"),
            criterion("1.2", leaf("1.2.1", "levels"), leaf("1.2.2", "ratio"), leaf("1.2.3", "count")),
            criterion("1.3", leaf("1.3.1", "deduction"), leaf("1.3.2", "deadline", "1")),
        ),
        domain(
            "2",
            criterion("2.1", leaf("2.1.1", "formula"), leaf("2.1.2", "manual")),
            criterion("2.2", leaf("2.2.1", "survey"), leaf("2.2.2", "central")),
            criterion("2.6", leaf("2.6.1", "yes_no", applicability=Applicability(attributes=(ATTRIBUTE,)))),
        ),
        **fields,
    )


_CONTENT = {"title", "title_en", "declared_total", "bonus_cap", "penalty_cap", "body"}


def definition_vocabulary(page: CriteriaSetPage) -> dict[type[Model], set[str]]:
    """Return the codes of attributes, tiers and groups that the page's nodes name."""
    definition_of_page = definition_from_page(page)
    nodes: list[Domain | Criterion | Leaf] = [*definition_of_page.domains, *definition_of_page.leaves]
    nodes += [c for d in definition_of_page.domains for c in d.criteria]
    conditions = [node.applicability for node in nodes]
    return {
        UnitTier: {code for c in conditions for code in c.tiers},
        UnitGroup: {code for c in conditions for code in c.groups},
        UnitAttribute: {code for c in conditions for code in (*c.attributes, *c.without_attributes)},
    }


class CriteriaSetPageFactory(BasePageFactory):
    """A live criteria set page without an edition; `definition=…` sets what it asks.

    The attributes, tiers and groups that the definition names are made where they are missing.
    """

    class Meta:
        model = CriteriaSetPage

    class Params:
        definition = factory.LazyFunction(tiny_definition)

    title = factory.Sequence(lambda n: f"Bộ chỉ số {n}")
    declared_total = factory.LazyAttribute(lambda page: page.definition.total)
    decision_number = "01/QĐ-THU"
    decision_date = dt.date(2025, 12, 1)
    bonus_cap = factory.LazyAttribute(lambda page: page.definition.bonus_cap)
    penalty_cap = factory.LazyAttribute(lambda page: page.definition.penalty_cap)
    body = factory.LazyAttribute(lambda page: json.dumps(body_from_definition(page.definition)))

    @classmethod
    def _create(cls, model_class: type[CriteriaSetPage], *args: Any, **kwargs: Any) -> CriteriaSetPage:
        known = definition_vocabulary(model_class(**{k: v for k, v in kwargs.items() if k in _CONTENT}))
        for model, codes in known.items():
            for code in codes:
                model.objects.get_or_create(code=code, defaults={"name": code})
        return super()._create(model_class, *args, **kwargs)


class EditionFactory(DjangoModelFactory):
    """A frozen edition of a new page; `definition=…` sets what it asks."""

    class Meta:
        model = CriteriaEdition

    class Params:
        definition = factory.LazyFunction(tiny_definition)

    page = factory.SubFactory(CriteriaSetPageFactory, definition=factory.SelfAttribute("..definition"))
    number = 1
    title = factory.SelfAttribute("page.title")
    definition_json = factory.LazyAttribute(lambda edition: edition.definition.to_json())
    sha256 = factory.LazyAttribute(lambda edition: edition.definition.sha256())
    revision = factory.LazyAttribute(lambda edition: edition.page.save_revision())
    published_by = factory.SubFactory(UserFactory)
    published_at = dt.datetime(2025, 12, 1, 2, tzinfo=dt.UTC)
