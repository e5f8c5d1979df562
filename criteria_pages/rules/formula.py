"""Formula with named variables, in one or several alternatives of which the unit chooses one.

Parameters: `variables`: rows of `name` (small letters, digits, _), `label`, `allow_negative`, `whole_number` (both
boolean); `alternatives`: rows of `value` (short, unique), `label`, `expression` (see `rules/expressions.py`; `maximum`
stands for the maximum points). The result is points, held within 0 and the maximum.
Inputs: `alternative` (only where there are several), and one number per variable under the variable's name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.numbers import exact
from criteria_pages.exceptions import InputError
from criteria_pages.rules.base import InputField, Outcome, Rule, register
from criteria_pages.rules.expressions import (
    MAXIMUM,
    NAME,
    RESERVED,
    DivisionByZeroError,
    Expression,
    ExpressionError,
    parse,
    refuse_doubtful_comma,
)
from criteria_pages.rules.inputs import choice_input, decimal_input
from criteria_pages.rules.parameters import Parameter
from criteria_pages.rules.sentences import number


@register
class FormulaRule(Rule):
    kind = "formula"
    label = gettext_lazy("Formula")
    description = gettext_lazy("Points are computed from named numbers; several formulas may stand for a choice.")
    parameters = (
        Parameter(
            "variables",
            "list",
            gettext_lazy("Variables"),
            help=gettext_lazy("The numbers that the unit enters."),
            row="{name}[: {label}]",
            items=(
                Parameter(
                    "name",
                    "text",
                    gettext_lazy("Name in the formula"),
                    help=gettext_lazy("Small letters without marks, for instance a or total."),
                    max_length=30,
                ),
                Parameter("label", "text", gettext_lazy("What the unit is asked for")),
                Parameter("allow_negative", "boolean", gettext_lazy("May be below 0"), required=False, default=False),
                Parameter("whole_number", "boolean", gettext_lazy("Whole number"), required=False, default=False),
            ),
        ),
        Parameter(
            "alternatives",
            "list",
            gettext_lazy("Formulas"),
            help=gettext_lazy("One, or several of which the unit chooses the one that fits it."),
            row="{label}[: {expression}]",
            items=(
                Parameter(
                    "value", "text", gettext_lazy("Mark"), help=gettext_lazy("Short, for instance a, b."), max_length=32
                ),
                Parameter(
                    "label",
                    "text",
                    gettext_lazy("When this formula is used"),
                    help=gettext_lazy("May be left empty where there is only one formula."),
                    required=False,
                ),
                Parameter(
                    "expression",
                    "text",
                    gettext_lazy("Formula"),
                    help=gettext_lazy(
                        "Gives points, for instance a / b * maximum. “maximum” is the maximum of the criterion; "
                        "+ - * / ( ), min(a, b), max(a, b), abs(a) and “x if a > b else y” may be used."
                    ),
                    max_length=300,
                    scores=True,
                ),
            ),
        ),
    )

    def check(self) -> list[str]:
        """Names and marks are unique and well formed, every formula is sound, every variable is used."""
        variables, alternatives = self.values["variables"], self.values["alternatives"]
        problems = [
            _("The name “%(name)s” cannot be used in a formula: small letters without marks, digits and _ only.")
            % {"name": v["name"]}
            for v in variables
            if not NAME.fullmatch(v["name"]) or v["name"] in RESERVED
        ]
        names = Counter(v["name"] for v in variables)
        problems += [_("Two variables are named “%(name)s”.") % {"name": n} for n, times in names.items() if times > 1]
        marks = Counter(a["value"] for a in alternatives)
        problems += [
            _("Two formulas have the mark “%(mark)s”.") % {"mark": m} for m, times in marks.items() if times > 1
        ]
        problems += [
            _("Formulas, row %(row)s: “When this formula is used” is missing; the unit chooses by it.") % {"row": row}
            for row, alternative in enumerate(alternatives, 1)
            if len(alternatives) > 1 and not alternative["label"]
        ]
        used: set[str] = set()
        for alternative in alternatives:
            try:
                used |= parse(alternative["expression"], frozenset(names)).names
                refuse_doubtful_comma(alternative["expression"])
            except ExpressionError as error:
                problems.append(f"{alternative['label'] or alternative['value']}: {error}")
        if not problems:
            problems += [
                _("The variable “%(name)s” is used in no formula.") % {"name": n} for n in names if n not in used
            ]
        return problems

    @cached_property
    def expressions(self) -> dict[str, Expression]:
        """The formulas by mark."""
        names = frozenset(v["name"] for v in self.values["variables"])
        return {a["value"]: parse(a["expression"], names) for a in self.values["alternatives"]}

    def inputs(self) -> tuple[InputField, ...]:
        """The choice of the formula, where there are several, and one number per variable."""
        fields = []
        alternatives = self.values["alternatives"]
        if len(alternatives) > 1:
            choices = tuple((a["value"], a["label"]) for a in alternatives)
            fields.append(InputField("alternative", "choice", _("Case"), choices=choices))
        for variable in self.values["variables"]:
            always = all(variable["name"] in e.names for e in self.expressions.values())
            fields.append(
                InputField(
                    variable["name"],
                    "integer" if variable["whole_number"] else "decimal",
                    variable["label"],
                    help="" if always else _("Only where the case chosen needs it."),
                    required=always,
                    minimum=None if variable["allow_negative"] else Decimal(0),
                )
            )
        return tuple(fields)

    def describe(self) -> str:
        """Return the rule as a sentence, the numbers named as on the form."""
        formulas = self.values["alternatives"]
        words = [self.expressions[a["value"]].shown(self._words) for a in formulas]
        cases = [f"{a['label']}: {w}" for a, w in zip(formulas, words, strict=True)]
        text = words[0] if len(formulas) == 1 else "; ".join(cases)
        return _("%(formulas)s (from 0 to %(maximum)s)") % {"formulas": text, "maximum": exact(self.maximum)}

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return what the chosen formula gives, held within 0 and the maximum."""
        alternative = self._chosen(inputs)
        expression = self.expressions[alternative["value"]]
        fields = {f.name: f for f in self.inputs()}
        values = {name: decimal_input(inputs, fields[name]) for name in sorted(expression.names)}
        try:
            result = expression.evaluate({**values, MAXIMUM: self.maximum})
        except DivisionByZeroError as error:
            name = error.name or sorted(expression.names)[0]
            raise InputError(
                _("The formula %(formula)s divides by 0 for these numbers. Check “%(label)s”.")
                % {"formula": expression.shown(self._words), "label": fields[name].label},
                field=name,
                code="division_by_zero",
            ) from None
        except ExpressionError as error:
            raise InputError(str(error), field=min(expression.names), code="not_computable") from None
        points = self.clamp(result)
        sentence = self._computation(expression, values, result)
        if points != result:
            sentence += _(", held within 0 and %(maximum)s: %(points)s") % {
                "maximum": exact(self.maximum),
                "points": exact(points),
            }
        return Outcome(points, f"{sentence}.")

    @property
    def _words(self) -> dict[str, str]:
        """What stands for the variables where people read a formula: the words of the form."""
        return {MAXIMUM: _("maximum points"), **{v["name"]: f"“{v['label']}”" for v in self.values["variables"]}}

    def _computation(self, expression: Expression, values: Mapping[str, Decimal], result: Decimal) -> str:
        """Return the formula in words, then with its figures, then what it gives."""
        figures = {name: exact(v) if v >= 0 else f"({exact(v)})" for name, v in values.items()}
        steps = [
            expression.shown(self._words),
            expression.shown({MAXIMUM: exact(self.maximum), **figures}),
            number(result),
        ]
        return " = ".join(dict.fromkeys(steps))

    def _chosen(self, inputs: Mapping[str, str]) -> Mapping[str, Any]:
        alternatives = self.values["alternatives"]
        if len(alternatives) == 1:
            chosen: Mapping[str, Any] = alternatives[0]
            return chosen
        mark = choice_input(inputs, self.inputs()[0])
        return next(a for a in alternatives if a["value"] == mark)
