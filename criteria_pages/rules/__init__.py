"""Scoring rules by kind."""

from decimal import Decimal

from criteria_pages.definition import RuleSpec
from criteria_pages.rules.base import InputField, Outcome, Rule, rule_class
from criteria_pages.rules.central import CentralRule
from criteria_pages.rules.count import CountRule
from criteria_pages.rules.deadline import DeadlineRule
from criteria_pages.rules.deduction import DeductionRule
from criteria_pages.rules.formula import FormulaRule
from criteria_pages.rules.levels import LevelsRule
from criteria_pages.rules.manual import ManualRule
from criteria_pages.rules.ratio import RatioRule
from criteria_pages.rules.survey import SurveyRule
from criteria_pages.rules.yes_no import YesNoRule

#: In the order in which the editor offers them.
RULES: tuple[type[Rule], ...] = (
    YesNoRule,
    LevelsRule,
    RatioRule,
    CountRule,
    DeductionRule,
    DeadlineRule,
    FormulaRule,
    ManualRule,
    SurveyRule,
    CentralRule,
)


def get_rule(spec: RuleSpec, maximum: Decimal) -> Rule:
    """Return the rule of a leaf; CriteriaError where its kind is unknown."""
    return rule_class(spec.kind)(spec, maximum)


__all__ = ["RULES", "InputField", "Outcome", "Rule", "get_rule", "rule_class"]
