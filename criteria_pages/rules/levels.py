"""Levels (mức): one of several levels is reached, each with points or a share of the maximum.

Parameters: `levels`: rows of `value` (short, unique), `label`, and either `points` or `percent` of the maximum;
`allow_not_applicable` (boolean, default false).
Inputs: `level`: the value of the level reached, or "na".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.numbers import exact
from criteria_pages.rules.base import NOT_APPLICABLE, InputField, Outcome, Rule, register
from criteria_pages.rules.inputs import choice_input
from criteria_pages.rules.parameters import Parameter
from criteria_pages.rules.sentences import percent


@register
class LevelsRule(Rule):
    kind = "levels"
    label = gettext_lazy("Levels")
    description = gettext_lazy("One of several levels is reached; each gives points or a share of the maximum.")
    parameters = (
        Parameter(
            "levels",
            "list",
            gettext_lazy("Levels"),
            help=gettext_lazy("From the best to the least. One of them must give the maximum."),
            row=gettext_lazy("{label}[ · {points} points][ · {percent} %]"),
            items=(
                Parameter(
                    "value",
                    "text",
                    gettext_lazy("Mark"),
                    help=gettext_lazy("Short, for instance a, b, c."),
                    max_length=32,
                ),
                Parameter("label", "text", gettext_lazy("What the level means")),
                Parameter("points", "decimal", gettext_lazy("Points"), required=False, minimum=Decimal(0)),
                Parameter(
                    "percent", "decimal", gettext_lazy("or per cent of the maximum"), required=False, minimum=Decimal(0)
                ),
            ),
        ),
        Parameter(
            "allow_not_applicable",
            "boolean",
            gettext_lazy("A unit may answer “does not apply”"),
            help=gettext_lazy("The criterion then leaves the unit's maximum."),
            required=False,
            default=False,
        ),
    )

    def check(self) -> list[str]:
        """Levels have different marks, one kind of points each, none above and one at the maximum."""
        levels = self.values["levels"]
        problems = []
        for level in levels:
            if (level["points"] is None) == (level["percent"] is None):
                problems.append(
                    _("Level “%(level)s”: give either points or a per cent of the maximum.") % {"level": level["label"]}
                )
            elif self._points(level) > self.maximum:
                problems.append(
                    _("Level “%(level)s” gives %(points)s, more than the maximum of %(maximum)s.")
                    % {
                        "level": level["label"],
                        "points": exact(self._points(level)),
                        "maximum": exact(self.maximum),
                    }
                )
        values = Counter(level["value"] for level in levels)
        problems += [_("Two levels have the mark “%(mark)s”.") % {"mark": v} for v, n in values.items() if n > 1]
        if NOT_APPLICABLE in values:
            problems.append(_("The mark “na” is kept for “does not apply”. Choose another."))
        if not problems and self.maximum not in {self._points(level) for level in levels}:
            problems.append(_("No level gives the maximum of %(maximum)s.") % {"maximum": exact(self.maximum)})
        return problems

    def inputs(self) -> tuple[InputField, ...]:
        """One choice."""
        choices = [(level["value"], level["label"]) for level in self.values["levels"]]
        if self.values["allow_not_applicable"]:
            choices.append((NOT_APPLICABLE, _("Does not apply")))
        return (InputField("level", "choice", _("Level reached"), choices=tuple(choices)),)

    def describe(self) -> str:
        """Return the rule as a sentence."""
        text = "; ".join(f"{level['label']}: {exact(self._points(level))}" for level in self.values["levels"])
        return text + _("; may be answered “does not apply”") if self.values["allow_not_applicable"] else text

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points of the level reached."""
        mark = choice_input(inputs, self.inputs()[0])
        if mark == NOT_APPLICABLE:
            return self.not_applicable()
        level = next(level for level in self.values["levels"] if level["value"] == mark)
        points = self.clamp(self._points(level))
        if level["percent"] is None:
            sentence = _("Level “%(level)s”: %(points)s.") % {"level": level["label"], "points": exact(points)}
        else:
            sentence = _("Level “%(level)s”: %(percent)s of %(maximum)s = %(points)s.") % {
                "level": level["label"],
                "percent": percent(level["percent"]),
                "maximum": exact(self.maximum),
                "points": exact(points),
            }
        return Outcome(points, sentence)

    def _points(self, level: Mapping[str, Any]) -> Decimal:
        if level["points"] is not None:
            return Decimal(level["points"])
        return self.maximum * (level["percent"] or Decimal(0)) / 100
