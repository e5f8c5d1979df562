"""Points judged by hand within a step (0, 0.25, 0.5 ... up to the maximum).

Parameters: `step` (default 0.25), `guide` (how to judge, optional).
Inputs: `points`.
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
class ManualRule(Rule):
    kind = "manual"
    label = gettext_lazy("Judged by hand")
    description = gettext_lazy("Points are entered by hand, from 0 to the maximum, in fixed steps.")
    directions = {"points": 1}
    parameters = (
        Parameter("step", "decimal", gettext_lazy("Step"), required=False, default=Decimal("0.25"), minimum=Decimal(0)),
        Parameter("guide", "text", gettext_lazy("How to judge"), required=False, default="", max_length=2000),
    )

    def check(self) -> list[str]:
        """The maximum can be reached in steps."""
        step = self.values["step"]
        if step == 0:
            return [_("Step: a step of 0 allows no points.")]
        if self.maximum % step:
            return [
                _("Step: the maximum of %(maximum)s is not a multiple of %(step)s.")
                % {"maximum": exact(self.maximum), "step": exact(step)}
            ]
        return []

    def inputs(self) -> tuple[InputField, ...]:
        """The points."""
        return (
            InputField(
                "points",
                "decimal",
                _("Points"),
                help=self.values["guide"],
                minimum=Decimal(0),
                maximum=self.maximum,
                step=self.values["step"],
            ),
        )

    def describe(self) -> str:
        """Return the rule as a sentence."""
        text = _("judged from 0 to %(maximum)s in steps of %(step)s") % {
            "maximum": exact(self.maximum),
            "step": exact(self.values["step"]),
        }
        return f"{text}: {self.values['guide']}" if self.values["guide"] else text

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points entered."""
        points = decimal_input(inputs, self.inputs()[0])
        return Outcome(
            points, _("Judged: %(points)s of %(maximum)s.") % {"points": exact(points), "maximum": exact(self.maximum)}
        )
