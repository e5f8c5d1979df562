"""Builders of definitions: each gives the least that is sound, everything may be overridden."""

from decimal import Decimal
from typing import Any

from criteria_pages.definition import Criterion, Definition, Domain, Leaf, RuleSpec

#: Sound parameters of every kind of rule for a maximum of 2 points.
SOUND_RULES: dict[str, dict[str, Any]] = {
    "yes_no": {},
    "levels": {
        "levels": [
            {"value": "a", "label": "All", "percent": "100"},
            {"value": "b", "label": "Half", "percent": "50"},
            {"value": "c", "label": "None", "points": "0"},
        ]
    },
    "ratio": {
        "bands": [
            {"from": "0", "mode": "zero"},
            {"from": "80", "mode": "ratio"},
            {"from": "100", "mode": "full"},
        ],
        "numerator_label": "Tasks done",
        "denominator_label": "Tasks planned",
        "zero_denominator": "refuse",
    },
    "count": {"per_item": "0.5", "item_label": "initiative"},
    "deduction": {"per_item": "0.1", "item_label": "late report"},
    "deadline": {"due": "2025-12-31", "late_days": 10, "late_points": "0.5"},
    "formula": {
        "variables": [{"name": "a", "label": "Files done"}, {"name": "b", "label": "Files received"}],
        "alternatives": [{"value": "x", "label": "With procedures", "expression": "a / b * maximum"}],
    },
    "manual": {"step": "0.25"},
    "survey": {"question_group": "Quality of texts"},
    "central": {"source": "Satisfaction index"},
}


def leaf(code: str = "1.1.1", **overrides: Any) -> Leaf:
    """Return a yes/no leaf of 2 points."""
    values: dict[str, Any] = {
        "name": f"Leaf {code}",
        "maximum": Decimal(2),
        "rule": RuleSpec("yes_no", {}),
        "evidence": "Report",
    }
    return Leaf(code=code, **(values | overrides))


def ruled(kind: str, code: str = "1.1.1", maximum: str = "2", **params: Any) -> Leaf:
    """Return a leaf with a rule of the kind, sound parameters updated by `params`."""
    scorer = kind if kind in {"survey", "central"} else "self"
    return leaf(code, maximum=Decimal(maximum), rule=RuleSpec(kind, SOUND_RULES[kind] | params), scorer=scorer)


def criterion(code: str = "1.1", *children: Leaf, **overrides: Any) -> Criterion:
    """Return a criterion with the children and their sum as its maximum."""
    children = children or (leaf(f"{code}.1"),)
    values: dict[str, Any] = {
        "name": f"Criterion {code}",
        "maximum": sum((child.maximum for child in children), Decimal(0)),
        "children": children,
    }
    return Criterion(code=code, **(values | overrides))


def scored_criterion(code: str = "1.2", **overrides: Any) -> Criterion:
    """Return a criterion that is scored itself."""
    own = leaf(code, level=2, **overrides)
    return Criterion(code=code, name=own.name, maximum=own.maximum, leaf=own)


def domain(code: str = "1", *criteria: Criterion, **overrides: Any) -> Domain:
    """Return a domain with the criteria and their sum as its maximum."""
    criteria = criteria or (criterion(f"{code}.1"),)
    values: dict[str, Any] = {
        "name": f"Domain {code}",
        "maximum": sum((part.maximum for part in criteria), Decimal(0)),
        "criteria": criteria,
    }
    return Domain(code=code, **(values | overrides))


def definition(*domains: Domain, **overrides: Any) -> Definition:
    """Return a definition with the domains and their sum as its total."""
    domains = domains or (domain("1"),)
    values: dict[str, Any] = {
        "title": "Criteria set",
        "total": sum((part.maximum for part in domains), Decimal(0)),
        "domains": domains,
    }
    return Definition(**(values | overrides))
