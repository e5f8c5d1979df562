"""Count, capped: so many points per item, at most the maximum.

Parameters: `per_item` (points), `item_label` (what is counted).
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
class CountRule(Rule):
    kind = "count"
    label = gettext_lazy("Count, capped")
    description = gettext_lazy("Each item gives points, up to the maximum.")
    directions = {"count": 1}
    parameters = (
        Parameter("per_item", "decimal", gettext_lazy("Points per item"), minimum=Decimal(0)),
        Parameter("item_label", "text", gettext_lazy("What is counted")),
    )

    def check(self) -> list[str]:
        """An item gives something, and not more than the maximum."""
        per_item = self.values["per_item"]
        if per_item == 0:
            return [_("Points per item: 0 gives nothing, however many there are.")]
        if per_item > self.maximum:
            return [
                _("Points per item: %(points)s is more than the maximum of %(maximum)s.")
                % {"points": exact(per_item), "maximum": exact(self.maximum)}
            ]
        return []

    def inputs(self) -> tuple[InputField, ...]:
        """One whole number."""
        return (InputField("count", "integer", self.values["item_label"], minimum=Decimal(0)),)

    def describe(self) -> str:
        """Return the rule as a sentence."""
        return _("%(points)s for each (%(item)s), at most %(maximum)s") % {
            "points": exact(self.values["per_item"]),
            "item": self.values["item_label"],
            "maximum": exact(self.maximum),
        }

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return count x points per item, at most the maximum."""
        count = decimal_input(inputs, self.inputs()[0])
        earned = count * self.values["per_item"]
        points = self.clamp(earned)
        product = f"{exact(count)} × {exact(self.values['per_item'])} = {exact(earned)}"
        if points == earned:
            return Outcome(points, f"{product}.")
        return Outcome(
            points, _("%(product)s, at most %(maximum)s.") % {"product": product, "maximum": exact(self.maximum)}
        )
