"""Deduction: the maximum, less so many points per fault, not below 0.

Parameters: `per_item` (points taken off), `item_label` (what is counted against the unit).
Inputs: `count`, a whole number from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.numbers import exact
from criteria_pages.rules.base import InputField, Outcome, Rule, register
from criteria_pages.rules.inputs import decimal_input
from criteria_pages.rules.parameters import Parameter


@register
class DeductionRule(Rule):
    kind = "deduction"
    label = gettext_lazy("Deduction")
    description = gettext_lazy("The maximum, less some points for each fault, not below 0.")
    directions = {"count": -1}
    parameters = (
        Parameter("per_item", "decimal", gettext_lazy("Points taken off per fault"), minimum=Decimal(0)),
        Parameter("item_label", "text", gettext_lazy("What counts as a fault")),
    )

    def check(self) -> list[str]:
        """A fault costs something."""
        if self.values["per_item"] == 0:
            return [_("Points taken off per fault: 0 takes nothing off, however many there are.")]
        return []

    def inputs(self) -> tuple[InputField, ...]:
        """One whole number."""
        return (InputField("count", "integer", self.values["item_label"], minimum=Decimal(0)),)

    def describe(self) -> str:
        """Return the rule as a sentence."""
        return _("%(maximum)s, less %(points)s for each (%(item)s), not below 0") % {
            "points": exact(self.values["per_item"]),
            "item": self.values["item_label"],
            "maximum": exact(self.maximum),
        }

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the maximum less count x points per fault, at least 0."""
        count = decimal_input(inputs, self.inputs()[0])
        left = self.maximum - count * self.values["per_item"]
        points = self.clamp(left)
        product = f"{exact(self.maximum)} − {exact(count)} × {exact(self.values['per_item'])} = {exact(left)}"
        if points == left:
            return Outcome(points, f"{product}.")
        return Outcome(points, _("%(product)s, not below 0: 0.") % {"product": product})
