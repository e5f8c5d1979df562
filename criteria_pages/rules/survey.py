"""Points from the sociological survey: the mean of the questions bound to the leaf, scaled to its maximum.

Parameters: `question_group` (name of the group of questions, optional).
Inputs: `points`, brought by the survey and never by the unit; or, from a survey held in the portal, `mean` (0 to 100,
the mean of the respondents) and `answers` (how many stand behind it), from which the points are computed.
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

_MEAN = InputField("mean", "decimal", "mean", minimum=Decimal(0), maximum=Decimal(100))


@register
class SurveyRule(Rule):
    kind = "survey"
    label = gettext_lazy("Sociological survey")
    description = gettext_lazy("The survey brings the points; the unit enters nothing.")
    directions = {"points": 1}
    parameters = (Parameter("question_group", "text", gettext_lazy("Group of questions"), required=False, default=""),)

    def inputs(self) -> tuple[InputField, ...]:
        """The points, entered by the survey officer or by the survey itself."""
        return (InputField("points", "decimal", _("Points"), minimum=Decimal(0), maximum=self.maximum),)

    def describe(self) -> str:
        """Return the rule as a sentence."""
        group = self.values["question_group"]
        text = _("sociological survey, from 0 to %(maximum)s") % {"maximum": exact(self.maximum)}
        return f"{text} ({group})" if group else text

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points of the survey."""
        if inputs.get("mean"):
            return self._from_mean(inputs)
        points = decimal_input(inputs, self.inputs()[0])
        return Outcome(
            points,
            _("Survey: %(points)s of %(maximum)s.") % {"points": number(points), "maximum": exact(self.maximum)},
        )

    def _from_mean(self, inputs: Mapping[str, str]) -> Outcome:
        mean = decimal_input(inputs, _MEAN)
        points = self.clamp(mean * self.maximum / 100)
        return Outcome(
            points,
            _("%(answers)s answers, mean %(mean)s of 100, × %(maximum)s = %(points)s.")
            % {
                "answers": inputs.get("answers", ""),
                "mean": number(mean),
                "maximum": exact(self.maximum),
                "points": number(points),
            },
            detail={"answers": inputs.get("answers", ""), "mean": inputs["mean"]},
        )
