"""Forms of an appraiser's act: the decision on a leaf, and a second reading of it. The domain decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.exceptions import PortalError
from criteria_pages.definition import Leaf
from criteria_pages.exceptions import InputError
from criteria_pages.rules.inputs import InputErrors
from submissions.desk_forms import INPUT_PREFIX, rule_field
from submissions.domain.inputs import input_fields, typed_value

_FIELD_OF = {
    "reason_missing": "reason",
    **dict.fromkeys(("points_out_of_range", "off_step", "not_a_number", "grouped", "too_long"), "points"),
}


class AppraisalForm(forms.Form):
    """An appraiser's decision on one leaf: corrected inputs or points, a reason, a note for citizens."""

    expected_entry_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    points = forms.CharField(
        label=gettext_lazy("Points without the rule"),
        help_text=gettext_lazy("Only where the inputs cannot say it, for instance because evidence is lacking."),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The unit reads it. A score that differs needs one."),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason.needed_sometimes = True  # type: ignore[attr-defined]
    public_note = forms.CharField(
        label=gettext_lazy("Note for citizens"),
        help_text=gettext_lazy("Published beside the score with the results."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, leaf: Leaf, inputs: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.leaf = leaf
        self.asks_points_only = leaf.rule.kind == "manual"
        self.rule_names: list[str] = []
        for field in input_fields(leaf):
            name = INPUT_PREFIX + field.name
            self.fields[name] = rule_field(field)
            self.rule_names.append(name)
            stored = (inputs or {}).get(field.name)
            if stored:
                self.initial[name] = (
                    stored if field.kind in {"choice", "boolean"} else typed_value(field=field, stored=stored)
                )
        if self.asks_points_only:
            del self.fields["points"]

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        """The inputs of the rule."""
        return [self[name] for name in self.rule_names]

    def typed_inputs(self) -> dict[str, str]:
        """Return the inputs as typed."""
        return {name.removeprefix(INPUT_PREFIX): self.cleaned_data.get(name, "") for name in self.rule_names}

    def fill(self, values: Mapping[str, str]) -> None:
        """Show a draft in the fields; what stands stays what a decision is compared with."""
        self.initial |= {name: value for name, value in values.items() if name in self.fields}

    def typed(self) -> dict[str, str]:
        """Return everything typed as text by field: what a draft keeps."""
        return {name: str(self.cleaned_data.get(name) or "") for name in self.fields if name != "expected_entry_id"}

    def refuse(self, error: PortalError) -> None:
        """Put the sentence of a refused decision at the field that it is about, else at the head of the form."""
        if isinstance(error, InputErrors):
            for one in error.errors:
                self.refuse(one)
            return
        if isinstance(error, InputError):
            name = INPUT_PREFIX + error.field
            self.add_error(*((name, error.beside) if name in self.fields else (None, error.message)))
            return
        field = _FIELD_OF.get(error.code)
        self.add_error(field if field in self.fields else None, error.message)

    def changed_inputs(self) -> dict[str, str] | None:
        """Return the inputs as typed if any differs from the score that stands, else None: points alone then count.

        Where the inputs are the points themselves, a reason is enough: the same points may stand on another reason.
        """
        differs = any(
            str(self.cleaned_data.get(name) or "").strip() != str(self.initial.get(name) or "").strip()
            for name in self.rule_names
        )
        reasoned = self.asks_points_only and bool(self.cleaned_data.get("reason"))
        return self.typed_inputs() if differs or reasoned else None


class SecondReadingForm(AppraisalForm):
    """What a second reader finds: as a decision, without a word to citizens, for it changes no score.

    The entry that the reader sees as the newest is the unit's claim.
    """

    public_note = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("It is shown once the reading is given. A score that differs needs one.")
