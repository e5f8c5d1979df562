"""Deadline: done on time gives the maximum, up to some days late gives less, later or not done gives nothing.

Parameters: `due` (date), `late_days` (whole days, default 0), `late_points` (points while late, default 0).
Inputs: `done`: "yes" | "no"; `date`, asked for when done.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from cms.numbers import exact
from criteria_pages.exceptions import InputError
from criteria_pages.rules.base import InputField, Outcome, Rule, register
from criteria_pages.rules.inputs import choice_input, date_input
from criteria_pages.rules.parameters import Parameter


@register
class DeadlineRule(Rule):
    kind = "deadline"
    label = gettext_lazy("Deadline")
    description = gettext_lazy("On time gives the maximum; a little late gives less; later gives nothing.")
    directions = {"date": -1}
    parameters = (
        Parameter("due", "date", gettext_lazy("Due on")),
        Parameter(
            "late_days",
            "integer",
            gettext_lazy("Days late that still count"),
            required=False,
            default=0,
            minimum=Decimal(0),
        ),
        Parameter(
            "late_points",
            "decimal",
            gettext_lazy("Points while late"),
            required=False,
            default=Decimal(0),
            minimum=Decimal(0),
        ),
    )

    def check(self) -> list[str]:
        """Late gives less than on time, and days and points belong together."""
        days, points = self.values["late_days"], self.values["late_points"]
        problems = []
        if points > self.maximum:
            problems.append(
                _("Points while late: %(points)s is more than the maximum of %(maximum)s.")
                % {"points": exact(points), "maximum": exact(self.maximum)}
            )
        if points and not days:
            problems.append(_("Points while late need the number of days late that still count."))
        if days and not points:
            problems.append(_("Days late that still count need their points."))
        return problems

    def inputs(self) -> tuple[InputField, ...]:
        """Done or not, and when."""
        return (
            InputField("done", "choice", pgettext("question", "Done"), choices=(("yes", _("Yes")), ("no", _("No")))),
            InputField("date", "date", _("Date"), help=_("The day on which it was done, if it was."), required=False),
        )

    def describe(self) -> str:
        """Return the rule as a sentence."""
        text = _("by %(due)s: %(maximum)s") % {"due": _day(self.values["due"]), "maximum": exact(self.maximum)}
        if self.values["late_days"]:
            text += _("; up to %(days)s days late: %(points)s") % {
                "days": self.values["late_days"],
                "points": exact(self.values["late_points"]),
            }
        return text + _("; later or not done: 0")

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points for the day on which it was done."""
        done, when = self.inputs()
        given = bool(str(inputs.get("date", "")).strip())
        if choice_input(inputs, done) == "no":
            if given:
                raise InputError(
                    _("“Done” says no, but a date is given. Correct one of the two."),
                    field="date",
                    code="contradiction",
                )
            return Outcome(Decimal(0), _("Not done: 0."))
        day, due = date_input(inputs, when), self.values["due"]
        late = (day - due).days
        if late <= 0:
            return Outcome(
                self.maximum,
                _("%(day)s is not after %(due)s: %(points)s.")
                % {"day": _day(day), "due": _day(due), "points": exact(self.maximum)},
            )
        points = self.clamp(self.values["late_points"]) if late <= self.values["late_days"] else Decimal(0)
        return Outcome(
            points,
            _("%(day)s is %(days)s days after %(due)s: %(points)s.")
            % {"day": _day(day), "days": late, "due": _day(due), "points": exact(points)},
        )


def _day(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
