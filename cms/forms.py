"""Forms of the admin for what happens to units over time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.dates import validate_year
from cms.domain.units import NewUnit
from cms.models import Unit
from cms.text import slug
from cms.widgets import DayInput


class UnitChangeForm(forms.Form):
    """Date and decision, which every change of units needs."""

    date = forms.DateField(
        label=gettext_lazy("From"),
        widget=DayInput,
        validators=[validate_year],
        help_text=gettext_lazy("The first day of the new state; what ends, ends the day before."),
    )
    decision = forms.CharField(
        label=gettext_lazy("Decision"),
        max_length=255,
        help_text=gettext_lazy("Number and date of the document, for example 1648/NQ-UBTVQH15."),
    )

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = unit


class RenameForm(UnitChangeForm):
    """Another name from a date."""

    name = forms.CharField(label=gettext_lazy("New name"), max_length=255)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=255, required=False)
    short_name = forms.CharField(label=gettext_lazy("Short name"), max_length=100, required=False)
    field_order = ["name", "short_name", "name_en", "date", "decision"]


class MergeForm(UnitChangeForm):
    """This unit and others become one."""

    others = forms.CharField(
        label=gettext_lazy("Merge with"),
        help_text=gettext_lazy("Codes of the other units, divided by commas."),
    )
    name = forms.CharField(label=gettext_lazy("Name of the new unit"), max_length=255)
    code = forms.SlugField(
        label=gettext_lazy("Code of the new unit"),
        max_length=64,
        help_text=gettext_lazy("It may be the code of one of the merged units."),
    )
    field_order = ["others", "name", "code", "date", "decision"]

    def clean_others(self) -> list[Unit]:
        """Find the units by code; name those that are not there."""
        return _units(self.cleaned_data["others"])

    def new_unit(self) -> NewUnit:
        """Return the unit that comes into being."""
        return NewUnit(code=self.cleaned_data["code"], name=self.cleaned_data["name"])


class SplitForm(UnitChangeForm):
    """This unit becomes several."""

    parts = forms.CharField(
        label=gettext_lazy("New units"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One name per line. A code may stand in front, with a semicolon: dept-a; Department A"),
    )
    goes_on = forms.BooleanField(
        label=gettext_lazy("The unit itself goes on"),
        required=False,
        help_text=gettext_lazy("Something leaves it, and it stays."),
    )
    field_order = ["parts", "goes_on", "date", "decision"]

    def clean_parts(self) -> list[NewUnit]:
        """Read one unit per line."""
        found = []
        for line in self.cleaned_data["parts"].splitlines():
            code, _mark, name = line.rpartition(";")
            if name.strip():
                found.append(NewUnit(code=slug(code) or slug(name)[:64], name=name.strip()))
        if len({part.code for part in found}) != len(found):
            raise forms.ValidationError(_("Two of the new units have the same code."))
        return found


def _units(text: str) -> list[Unit]:
    codes = [part.strip() for part in text.replace(";", ",").replace("\n", ",").split(",") if part.strip()]
    found = {unit.code: unit for unit in Unit.objects.filter(code__in=codes, valid_to__isnull=True)}
    missing = [code for code in codes if code not in found]
    if missing:
        raise forms.ValidationError(
            _("There is no valid unit with the code: %(codes)s.") % {"codes": ", ".join(missing)}
        )
    return [found[code] for code in dict.fromkeys(codes)]
