"""Points entered centrally from another source (satisfaction index, digital index, a score given by the Chairman).

Parameters: `source` (where the figure comes from).
Inputs: `points`, entered by the secretariat and never by the unit.
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
from criteria_pages.rules.sentences import number


@register
class CentralRule(Rule):
    kind = "central"
    label = gettext_lazy("Entered centrally")
    description = gettext_lazy("The secretariat enters the points from another source; the unit enters nothing.")
    directions = {"points": 1}
    parameters = (Parameter("source", "text", gettext_lazy("Source of the figure")),)

    def inputs(self) -> tuple[InputField, ...]:
        """The points, entered by the secretariat."""
        return (InputField("points", "decimal", _("Points"), minimum=Decimal(0), maximum=self.maximum),)

    def describe(self) -> str:
        """Return the rule as a sentence."""
        return _("entered centrally, from 0 to %(maximum)s; source: %(source)s") % {
            "maximum": exact(self.maximum),
            "source": self.values["source"],
        }

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points entered."""
        points = decimal_input(inputs, self.inputs()[0])
        return Outcome(
            points,
            _("%(source)s: %(points)s of %(maximum)s.")
            % {"source": self.values["source"], "points": number(points), "maximum": exact(self.maximum)},
        )
