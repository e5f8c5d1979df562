"""Forms of the releases desk. They read what is typed; the domain decides."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cms.exceptions import PortalError
from cms.numbers import parse_decimal
from cms.text import slug
from publishing.enums import RankScope, TaskStatus, TieRule
from submissions.desk_forms import LocalDate, LocalDateTime

CLASS_ROWS = 6


class BuildForm(forms.Form):
    """How a release is titled and ranked."""

    title = forms.CharField(label=_("Title of the result"), max_length=255)
    title_en = forms.CharField(label=_("Title in English"), max_length=255, required=False)
    tie_rule = forms.ChoiceField(label=_("Equal results"), choices=TieRule.choices)
    rank_scope = forms.ChoiceField(label=_("Ranked among"), choices=RankScope.choices)
    series = forms.CharField(
        label=_("Series"),
        max_length=64,
        help_text=_("Results of one series form a trend over the years. Use the same word every year."),
    )
    rule_set_mark = forms.CharField(
        label=_("Not comparable with the year before, because"),
        max_length=255,
        required=False,
        help_text=_("Leave empty where results may be compared. Otherwise the trend is broken here and says this."),
    )
    source = forms.CharField(label=_("Source"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, fixed_tie_rule: str = "", **kwargs: Any) -> None:
        """A superior round may have fixed how equal results are ranked; nothing else can be chosen then."""
        super().__init__(*args, **kwargs)
        if fixed_tie_rule:
            rule = self.fields["tie_rule"]
            rule.choices = [choice for choice in TieRule.choices if choice[0] == fixed_tie_rule]
            rule.help_text = _("Fixed by the superior round.")

    def clean_series(self) -> str:
        """Make an address part of the series."""
        return slug(self.cleaned_data["series"])


class ClassForm(forms.Form):
    """One class of results; a row left empty is no class."""

    code = forms.CharField(label=_("Code"), max_length=16, required=False)
    name = forms.CharField(label=_("Name of the class"), max_length=100, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=100, required=False)
    start = forms.CharField(
        label=_("From, percent"), max_length=10, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )

    def clean_start(self) -> Decimal | None:
        """Read the threshold as people type it."""
        text = self.cleaned_data["start"]
        if not text.strip():
            return None
        try:
            return parse_decimal(text)
        except PortalError as refusal:
            raise forms.ValidationError(str(refusal.message)) from refusal

    def clean(self) -> dict[str, Any]:
        """Ask for code, name and threshold together."""
        cleaned = super().clean() or {}
        given = [cleaned.get("code"), cleaned.get("name"), cleaned.get("start") is not None]
        if any(given) and not all(given) and "start" not in self.errors:
            raise forms.ValidationError(_("A class needs a code, a name and a threshold."))
        return cleaned

    def to_class(self) -> dict[str, str] | None:
        """Return the class as the release stores it, None for an empty row."""
        data = self.cleaned_data
        if not data.get("code"):
            return None
        found = {"code": data["code"], "name": data["name"], "from": format(data["start"], "f")}
        return {**found, "name_en": data["name_en"]} if data["name_en"] else found


ClassFormSet = forms.formset_factory(ClassForm, extra=CLASS_ROWS, max_num=CLASS_ROWS, absolute_max=CLASS_ROWS)


class TermsForm(forms.Form):
    """What the rounds below may change; the classes are rows of their own."""

    local_criteria = forms.BooleanField(label=_("Rounds below may add criteria of their own"), required=False)
    tie_rule = forms.ChoiceField(
        label=_("Equal results"), choices=[("", _("Each round below chooses")), *TieRule.choices], required=False
    )
    fixes_classes = forms.BooleanField(
        label=_("Rounds below use these classes"),
        required=False,
        help_text=_("Without a tick each round below names its own classes; the rows below then count for nothing."),
    )


ASSUMED_ROWS = 4


class WhatIfForm(forms.Form):
    """Rules of a copy: how ties and scopes are ranked, and other maxima of single criteria."""

    tie_rule = forms.ChoiceField(label=_("Equal results"), choices=TieRule.choices)
    rank_scope = forms.ChoiceField(label=_("Ranked among"), choices=RankScope.choices)

    def __init__(self, *args: Any, leaves: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("(choose)")), *leaves]
        for number in range(ASSUMED_ROWS):
            self.fields[f"leaf_{number}"] = forms.ChoiceField(label=_("Criterion"), choices=choices, required=False)
            self.fields[f"maximum_{number}"] = forms.CharField(
                label=_("Assumed maximum"),
                max_length=20,
                required=False,
                widget=forms.TextInput(attrs={"inputmode": "decimal"}),
            )

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The pairs of criterion and assumed maximum."""
        return [(self[f"leaf_{number}"], self[f"maximum_{number}"]) for number in range(ASSUMED_ROWS)]

    def clean(self) -> dict[str, Any]:
        """Read the maxima as people type them."""
        data = super().clean() or {}
        maxima: dict[str, Decimal] = {}
        for number in range(ASSUMED_ROWS):
            code, text = data.get(f"leaf_{number}"), data.get(f"maximum_{number}") or ""
            if not code and not text.strip():
                continue
            if not code:
                self.add_error(f"leaf_{number}", _("Choose the criterion."))
                continue
            try:
                maxima[code] = parse_decimal(text)
            except PortalError as refusal:
                self.add_error(f"maximum_{number}", str(refusal.message))
        return {**data, "maxima": maxima}


class ApproveForm(forms.Form):
    """The decision and the time of publication."""

    decision_number = forms.CharField(label=_("Decision number"), max_length=100, required=False)
    decision_date = LocalDate(label=_("Decision date"), required=False)
    decision_number.needed_sometimes = decision_date.needed_sometimes = True  # type: ignore[attr-defined]
    publish_at = LocalDateTime(
        label=_("Publish at"), required=False, help_text=_("Left empty: at once. Nothing is visible before this time.")
    )

    def __init__(self, *args: Any, needs_decision: bool = True, **kwargs: Any) -> None:
        """Collected figures of past years need no decision of ours."""
        super().__init__(*args, **kwargs)
        for name in ("decision_number", "decision_date"):
            self.fields[name].required = needs_decision


class ReasonForm(forms.Form):
    """A reason that is kept, and published where the step is public."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class ProgressForm(forms.Form):
    """How far a task of a plan is."""

    status = forms.ChoiceField(label=_("How far it is"), choices=TaskStatus.choices)
    note = forms.CharField(label=_("Note for the public"), max_length=500, required=False)
