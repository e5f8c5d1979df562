"""Ratio with bands: numerator / denominator x 100 % falls into a band, and the band says what it gives.

Parameters:
- `bands`: rows of `from` (per cent, the band reaches up to the next one's `from`), optional `to` (checked against the
  next `from`), `mode`: "zero" (nothing), "ratio" (ratio x maximum), "full" (the maximum), "points" (with `points`).
- `numerator_label`, `denominator_label`.
- `lower_is_better` (boolean): a low ratio is good; "ratio" then gives (100 % - ratio) x maximum.
- `zero_denominator`: "refuse" (default: a sentence asks for another number), "not_applicable", "zero" or "full".
- `allow_above` (boolean): the numerator may exceed the denominator; otherwise that is refused with a sentence.
- `whole_numbers` (boolean): both inputs are counts.
Inputs: `numerator`, `denominator`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.numbers import exact
from criteria_pages.exceptions import InputError
from criteria_pages.rules.base import InputField, Outcome, Rule, register
from criteria_pages.rules.inputs import decimal_input
from criteria_pages.rules.parameters import Parameter
from criteria_pages.rules.sentences import number, percent

HUNDRED = Decimal(100)
ZERO = Decimal(0)


@register
class RatioRule(Rule):
    kind = "ratio"
    label = gettext_lazy("Ratio with bands")
    description = gettext_lazy("Number achieved out of number required, in per cent; bands say what each share gives.")
    parameters = (
        Parameter(
            "bands",
            "list",
            gettext_lazy("Bands"),
            help=gettext_lazy("From low to high, without gaps: each band reaches up to the next one's start."),
            row=gettext_lazy("from {from} %[ to under {to} %]: {mode}[ · {points} points]"),
            items=(
                Parameter("from", "decimal", gettext_lazy("From (%)"), minimum=ZERO),
                Parameter(
                    "to",
                    "decimal",
                    gettext_lazy("To under (%)"),
                    help=gettext_lazy("May be left empty: the band reaches up to the next one."),
                    required=False,
                    minimum=ZERO,
                ),
                Parameter(
                    "mode",
                    "choice",
                    gettext_lazy("Gives"),
                    choices=(
                        ("zero", gettext_lazy("0 points")),
                        ("ratio", gettext_lazy("ratio × maximum")),
                        ("full", gettext_lazy("the maximum")),
                        ("points", gettext_lazy("fixed points")),
                    ),
                ),
                Parameter("points", "decimal", gettext_lazy("Fixed points"), required=False, minimum=ZERO),
            ),
        ),
        Parameter("numerator_label", "text", gettext_lazy("What is counted above the line")),
        Parameter("denominator_label", "text", gettext_lazy("What is counted below the line")),
        Parameter(
            "lower_is_better",
            "boolean",
            gettext_lazy("A lower ratio is better"),
            required=False,
            default=False,
        ),
        Parameter(
            "zero_denominator",
            "choice",
            gettext_lazy("When the number below the line is 0"),
            required=False,
            default="refuse",
            choices=(
                ("refuse", gettext_lazy("ask the unit for another number")),
                ("not_applicable", gettext_lazy("the criterion does not apply")),
                ("zero", gettext_lazy("0 points")),
                ("full", gettext_lazy("the maximum")),
            ),
        ),
        Parameter(
            "allow_above",
            "boolean",
            gettext_lazy("The number above the line may exceed the one below"),
            required=False,
            default=False,
        ),
        Parameter("whole_numbers", "boolean", gettext_lazy("Both are whole numbers"), required=False, default=False),
    )

    def direction(self) -> Mapping[str, int]:
        """More above the line never lowers the points, or never raises them where lower is better."""
        return {"numerator": -1 if self.values["lower_is_better"] else 1}

    def check(self) -> list[str]:
        """Bands begin at 0, follow each other without gap or overlap, reach the maximum and never turn round."""
        bands = self.values["bands"]
        problems = self._order_problems(bands) + self._points_problems(bands)
        return problems or self._course_problems(bands)

    def _order_problems(self, bands: tuple[dict[str, Any], ...]) -> list[str]:
        problems = []
        if bands[0]["from"] != 0:
            problems.append(
                _("Bands have a gap: nothing is said about a ratio under %(start)s.")
                % {"start": percent(bands[0]["from"])}
            )
        for before, after in pairwise(bands):
            if after["from"] <= before["from"]:
                problems.append(
                    _("Bands overlap or are out of order: %(before)s is followed by %(after)s.")
                    % {"before": percent(before["from"]), "after": percent(after["from"])}
                )
            elif before["to"] is not None and before["to"] < after["from"]:
                problems.append(
                    _("Bands have a gap between %(before)s and %(after)s.")
                    % {"before": percent(before["to"]), "after": percent(after["from"])}
                )
            elif before["to"] is not None and before["to"] > after["from"]:
                problems.append(
                    _("Bands overlap between %(after)s and %(before)s.")
                    % {"before": percent(before["to"]), "after": percent(after["from"])}
                )
        last = bands[-1]
        if last["to"] is not None and last["to"] < HUNDRED:
            problems.append(
                _("Bands have a gap: nothing is said about a ratio from %(end)s.") % {"end": percent(last["to"])}
            )
        return problems

    def _points_problems(self, bands: tuple[dict[str, Any], ...]) -> list[str]:
        problems = []
        for band in bands:
            if band["mode"] == "points" and band["points"] is None:
                problems.append(_("The band from %(start)s needs its points.") % {"start": percent(band["from"])})
            elif band["mode"] == "points" and band["points"] > self.maximum:
                problems.append(
                    _("The band from %(start)s gives %(points)s, more than the maximum of %(maximum)s.")
                    % {
                        "start": percent(band["from"]),
                        "points": exact(band["points"]),
                        "maximum": exact(self.maximum),
                    }
                )
        return problems

    def _course_problems(self, bands: tuple[dict[str, Any], ...]) -> list[str]:
        """A better ratio never gives less, and the best gives the maximum."""
        sign = -1 if self.values["lower_is_better"] else 1
        problems = []
        for before, after in pairwise(bands):
            end = self._gives(before, after["from"])
            if (self._gives(after, after["from"]) - end) * sign < 0:
                problems.append(
                    _("From %(start)s on a better ratio gives fewer points than before.")
                    % {"start": percent(after["from"])}
                    if sign > 0
                    else _("From %(start)s on a worse ratio gives more points than before.")
                    % {"start": percent(after["from"])}
                )
        best = self._gives(bands[0], ZERO) if sign < 0 else self._gives(bands[-1], max(bands[-1]["from"], HUNDRED))
        if not problems and best < self.maximum:
            problems.append(_("No ratio gives the maximum of %(maximum)s.") % {"maximum": exact(self.maximum)})
        return problems

    def _gives(self, band: Mapping[str, Any], share: Decimal) -> Decimal:
        if band["mode"] == "zero":
            return ZERO
        if band["mode"] == "full":
            return self.maximum
        if band["mode"] == "points":
            return self.clamp(band["points"])
        effective = HUNDRED - share if self.values["lower_is_better"] else share
        return self.clamp(effective * self.maximum / HUNDRED)

    def inputs(self) -> tuple[InputField, ...]:
        """Two numbers from 0."""
        kind = "integer" if self.values["whole_numbers"] else "decimal"
        return (
            InputField("numerator", kind, self.values["numerator_label"], minimum=ZERO),
            InputField("denominator", kind, self.values["denominator_label"], minimum=ZERO),
        )

    def describe(self) -> str:
        """Return the rule as a sentence."""
        bands = self.values["bands"]
        parts = [
            f"{_band_name(band, bands[position + 1] if position + 1 < len(bands) else None)}: {self._gives_text(band)}"
            for position, band in enumerate(bands)
        ]
        return _("%(numerator)s / %(denominator)s: %(bands)s") % {
            "numerator": self.values["numerator_label"],
            "denominator": self.values["denominator_label"],
            "bands": "; ".join(parts),
        }

    def _gives_text(self, band: Mapping[str, Any]) -> str:
        if band["mode"] != "ratio":
            return exact(self._gives(band, ZERO))
        if self.values["lower_is_better"]:
            return _("(100 %% − ratio) × %(maximum)s") % {"maximum": exact(self.maximum)}
        return _("ratio × %(maximum)s") % {"maximum": exact(self.maximum)}

    def score(self, inputs: Mapping[str, str]) -> Outcome:
        """Return the points of the band into which the ratio falls."""
        above, below = self.inputs()
        denominator = decimal_input(inputs, below)
        numerator = decimal_input(inputs, above)
        if not self.values["allow_above"] and numerator > denominator:
            raise InputError(
                _("“%(above)s” (%(numerator)s) is more than “%(below)s” (%(denominator)s). Check both numbers.")
                % {
                    "above": above.label,
                    "numerator": exact(numerator),
                    "below": below.label,
                    "denominator": exact(denominator),
                },
                field="numerator",
                code="numerator_above_denominator",
            )
        if denominator == 0:
            return self._without_denominator(below)
        share = numerator * HUNDRED / denominator
        bands = self.values["bands"]
        # Compare without the quotient, so that a repeating fraction cannot fall into the wrong band.
        position = max(i for i, band in enumerate(bands) if numerator * HUNDRED >= band["from"] * denominator)
        band = bands[position]
        points = self._points(band, numerator, denominator)
        fraction = f"{exact(numerator)}/{exact(denominator)} = {percent(share)}"
        name = _band_name(band, bands[position + 1] if position + 1 < len(bands) else None)
        sentence = _("%(fraction)s lies in “%(band)s”: %(sum)s.") % {
            "fraction": fraction,
            "band": name,
            "sum": self._sum_text(band, share, points),
        }
        return Outcome(points, sentence, detail={"share": number(share, 6)})

    def _points(self, band: Mapping[str, Any], numerator: Decimal, denominator: Decimal) -> Decimal:
        if band["mode"] != "ratio":
            return self._gives(band, ZERO)
        achieved = denominator - numerator if self.values["lower_is_better"] else numerator
        return self.clamp(achieved * self.maximum / denominator)

    def _sum_text(self, band: Mapping[str, Any], share: Decimal, points: Decimal) -> str:
        if band["mode"] != "ratio":
            return exact(points)
        effective = HUNDRED - share if self.values["lower_is_better"] else share
        return f"{exact(self.maximum)} × {number(effective / HUNDRED)} = {number(points)}"

    def _without_denominator(self, field: InputField) -> Outcome:
        policy = self.values["zero_denominator"]
        if policy == "not_applicable":
            return self.not_applicable()
        if policy == "refuse":
            raise InputError(
                _("“%(label)s” is 0, so no ratio can be computed. Enter a number above 0.") % {"label": field.label},
                field=field.name,
                code="zero_denominator",
            )
        points = self.maximum if policy == "full" else ZERO
        return Outcome(
            points,
            _("“%(label)s” is 0; the rule then gives %(points)s.") % {"label": field.label, "points": exact(points)},
        )


def _band_name(band: Mapping[str, Any], following: Mapping[str, Any] | None) -> str:
    if following is None:
        if band["from"] == 0:
            return _("any ratio")
        if band["from"] == HUNDRED:
            return percent(HUNDRED)
        return _("from %(start)s") % {"start": percent(band["from"])}
    if band["from"] == 0:
        return _("under %(end)s") % {"end": percent(following["from"])}
    return _("from %(start)s to under %(end)s") % {
        "start": percent(band["from"]),
        "end": percent(following["from"]),
    }
