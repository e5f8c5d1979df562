"""Yes, no or does not apply: all points or none.

Parameters: `allow_not_applicable` (boolean, default false): the unit may say that the criterion does not apply to it.
Inputs: `answer`: "yes" | "no" | "na".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.numbers import exact
from criteria_pages.rules.base import NOT_APPLICABLE, InputField, Outcome, Rule, register
from criteria_pages.rules.inputs import choice_input
from criteria_pages.rules.parameters import Parameter


@register
class YesNoRule(Rule):
    kind = "yes_no"
    label = gettext_lazy("Yes or no")
    description = gettext_lazy("Done: all points. Not done: none.")
    parameters = (
        Parameter(
            "allow_not_applicable",
            "boolean",
            gettext_lazy("A unit may answer “does not apply”"),
            help=gettext_lazy("The criterion then leaves the unit's maximum."),
            required=False,
            default=False,
        ),
    )

    def inputs(self) -> tuple[InputField, ...]:
        """One choice."""
        choices = [("yes", _("Yes")), ("no", _("No"))]
        if self.values["allow_not_applicable"]:
            choices.append((NOT_APPLICABLE, _("Does not apply")))
        return (InputField("answer", "choice", _("Answer"), choices=tuple(choices)),)

    def describe(self) -> str:
        """Return the rule as a sentence."""
        text = _("yes: %(maximum)s; no: 0") % {"maximum": exact(self.maximum)}
        return text + _("; may be answered “does not apply”") if self.values["allow_not_applicable"] else text

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return all points for yes, none for no."""
        answer = choice_input(inputs, self.inputs()[0])
        if answer == NOT_APPLICABLE:
            return self.not_applicable()
        if answer == "yes":
            return Outcome(self.maximum, _("Yes: %(points)s.") % {"points": exact(self.maximum)})
        return Outcome(Decimal(0), _("No: 0."))
