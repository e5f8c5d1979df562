"""Trying a draft: the form of a unit and its points, computed without storing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from cms.exceptions import PortalError
from criteria_pages.definition import Definition, Leaf
from criteria_pages.domain.methodology import rule_in_words
from criteria_pages.exceptions import CriteriaError
from criteria_pages.rules import InputField, get_rule
from criteria_pages.rules.inputs import InputErrors, canonical_inputs
from criteria_pages.scoring import IndexResult, LeafPoints, compute_index, score_leaf


@dataclass(frozen=True)
class TrialField:
    """An input with what was typed into it."""

    input: InputField
    value: str = ""
    error: str = ""


@dataclass(frozen=True)
class TrialLeaf:
    """A leaf with its rule in words, its inputs, and what came out."""

    leaf: Leaf
    kind: str
    rule: str
    fields: tuple[TrialField, ...] = ()
    problems: tuple[str, ...] = ()
    sentence: str = ""
    points: Decimal | None = None
    applicable: bool = True


@dataclass(frozen=True)
class Trial:
    """A whole form that was tried."""

    leaves: Mapping[str, TrialLeaf] = field(default_factory=dict)
    result: IndexResult | None = None


def try_leaf(leaf: Leaf, typed: Mapping[str, str] | None = None) -> TrialLeaf:
    """Return the leaf with its rule in words and, where something was typed, the outcome or the errors per field."""
    kind, sentence = rule_in_words(leaf)
    try:
        rule = get_rule(leaf.rule, leaf.maximum)
        problems = tuple(rule.problems())
        inputs = () if problems else rule.inputs()
    except CriteriaError as error:
        missing = error.message if leaf.rule.kind else _("There is no scoring rule.")
        return TrialLeaf(leaf, kind, sentence, problems=(missing,))
    if problems:
        return TrialLeaf(leaf, kind, _("The rule is not complete yet."), problems=problems)
    given = typed or {}
    values = {field.name: given.get(field.name, "") for field in inputs}
    if not any(value.strip() for value in values.values()):
        return TrialLeaf(leaf, kind, sentence, tuple(TrialField(f) for f in inputs))
    errors: dict[str, str] = {}
    try:
        outcome = score_leaf(leaf, canonical_inputs(inputs, values))
    except InputErrors as found:
        errors = {error.field: error.beside for error in found.errors}
    except PortalError as error:
        errors = {getattr(error, "field", inputs[0].name): getattr(error, "beside", error.message)}
    fields = tuple(TrialField(f, values[f.name], errors.get(f.name, "")) for f in inputs)
    if errors:
        return TrialLeaf(leaf, kind, sentence, fields)
    points = outcome.points if outcome.applicable else None
    return TrialLeaf(leaf, kind, sentence, fields, (), outcome.sentence, points, outcome.applicable)


def try_form(definition: Definition, typed: Mapping[str, Mapping[str, str]]) -> Trial:
    """Return the form of a unit (its own part of a definition) with what was typed, by leaf, and the index of it."""
    leaves = {leaf.code: try_leaf(leaf, typed.get(leaf.code)) for leaf in definition.leaves}
    points = {
        code: LeafPoints(trial.points, applicable=trial.applicable, stage="trial")
        for code, trial in leaves.items()
        if trial.sentence
    }
    return Trial(leaves, compute_index(definition, points) if points else None)
