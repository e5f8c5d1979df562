"""Forms of the appraiser's and the secretariat's desks. They read what is typed; the domain decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.dates import validate_year
from cms.models import Unit, UnitGroup, UnitTier
from cms.numbers import exact, parse_id
from cms.text import slug
from criteria_pages.definition import Leaf
from criteria_pages.models import CriteriaEdition
from criteria_pages.rules.base import InputField
from submissions.domain.inputs import input_fields, typed_value
from submissions.enums import AdjustmentKind, AppealOutcome, ExtensionScope, ParticipantStatus, Phase
from submissions.models import AssessmentRound, Evidence

INPUT_PREFIX = "in_"
_BOTH_TIMES = gettext_lazy("A phase needs both times: when it opens and when it locks.")


class LocalDateTime(forms.DateTimeField):
    """A moment in the portal's time zone, chosen in the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%dT%H:%M", "%d/%m/%Y %H:%M"],
            widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
            validators=[validate_year],
            **kwargs,
        )


class LocalDate(forms.DateField):
    """A day, chosen in the browser's own picker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            validators=[validate_year],
            **kwargs,
        )


class SeveralRows(forms.ModelMultipleChoiceField):
    """Several rows of a table; a key that is longer than any key is refused like one that no row has."""

    def clean(self, value: Any) -> QuerySet[Any]:
        """Return the rows of the keys; the database itself would fail on digits without end."""
        for key in value or ():
            if str(key).isdigit() and parse_id(str(key)) is None:
                raise forms.ValidationError(
                    self.error_messages["invalid_choice"], code="invalid_choice", params={"value": key}
                )
        return super().clean(value)


def rule_field(field: InputField) -> forms.Field:
    """Return a form field for one input of a rule; the domain reads and bounds what is typed."""
    common = {"label": field.label, "help_text": field.help, "required": False}
    if field.kind == "choice":
        return forms.ChoiceField(choices=[("", _("(choose)")), *field.choices], **common)
    if field.kind == "boolean":
        return forms.ChoiceField(choices=[("", _("(choose)")), ("true", _("Yes")), ("false", _("No"))], **common)
    mode = {"decimal": "decimal", "integer": "numeric"}.get(field.kind)
    widget = forms.TextInput(attrs={"inputmode": mode, "autocomplete": "off"} if mode else {"autocomplete": "off"})
    return forms.CharField(max_length=200, widget=widget, **common)


class AskForm(forms.Form):
    """A request for explanation on one leaf."""

    question = forms.CharField(
        label=gettext_lazy("What shall the unit explain?"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    due_at = LocalDateTime(label=gettext_lazy("Due"))


class ExplainForm(forms.Form):
    """A unit's answer to a request: text, corrected inputs where the unit claims other points, documents."""

    answer = forms.CharField(
        label=gettext_lazy("Explanation"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 5})
    )
    documents = SeveralRows(
        label=gettext_lazy("Documents of the evidence library"),
        queryset=Evidence.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    upload = forms.FileField(label=gettext_lazy("New document (PDF)"), required=False)

    def __init__(self, *args: Any, leaf: Leaf, library: Any, inputs: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"].queryset = library
        self.rule_names: list[str] = []
        for field in input_fields(leaf):
            name = INPUT_PREFIX + field.name
            self.fields[name] = rule_field(field)
            self.rule_names.append(name)
            stored = inputs.get(field.name)
            if stored:
                self.initial[name] = (
                    stored if field.kind in {"choice", "boolean"} else typed_value(field=field, stored=stored)
                )

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        """The inputs of the rule."""
        return [self[name] for name in self.rule_names]

    def changed_inputs(self) -> dict[str, str] | None:
        """Return the inputs as typed where one differs from what was sent, else None."""
        typed = {name: str(self.cleaned_data.get(name) or "").strip() for name in self.rule_names}
        if all(value == str(self.initial.get(name) or "").strip() for name, value in typed.items()):
            return None
        return {name.removeprefix(INPUT_PREFIX): value for name, value in typed.items()}


class RoundForm(forms.Form):
    """A new round: what it is called, what it pins, who runs it, what it looks at."""

    name = forms.CharField(label=gettext_lazy("Name of the round"), max_length=255)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=255, required=False)
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=1990, max_value=2200)
    edition = forms.ModelChoiceField(
        label=gettext_lazy("Edition of the criteria set"),
        queryset=CriteriaEdition.objects.none(),
        help_text=gettext_lazy("The round keeps this edition, whatever is published later."),
    )
    owner = forms.ModelChoiceField(label=gettext_lazy("Organising unit"), queryset=Unit.objects.none())
    parent = forms.ModelChoiceField(
        label=gettext_lazy("Superior round"),
        queryset=AssessmentRound.objects.none(),
        required=False,
        help_text=gettext_lazy("Its criteria and deadlines bind this round; its secretariat sees the results."),
    )
    local_criteria = forms.BooleanField(
        label=gettext_lazy("Rounds below this one may add criteria of their own"), required=False, initial=True
    )
    period_from = LocalDate(label=gettext_lazy("Period assessed from"))
    period_to = LocalDate(label=gettext_lazy("Period assessed to"))

    def __init__(
        self, *args: Any, owners: QuerySet[Unit], parents: Iterable[AssessmentRound] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners
        self.fields["owner"].label_from_instance = _owner_label
        if len(owners) == 1:
            self.fields["owner"].empty_label = None
        self.fields["parent"].queryset = parents
        self.fields["edition"].queryset = CriteriaEdition.objects.defer("definition_json").order_by("-published_at")

    def clean(self) -> dict[str, Any]:
        """Give the round a code for its address."""
        data = super().clean() or {}
        if data.get("name") and data.get("year"):
            base = slug(data["name"])[:50]
            data["code"] = base if str(data["year"]) in base else f"{base}-{data['year']}"
        return data


def _owner_label(unit: Unit) -> str:
    """The unit's name; one that has ended says since when, for rounds of its last years."""
    if unit.valid_to is None:
        return str(unit)
    return _("%(unit)s (until %(day)s)") % {"unit": unit, "day": unit.valid_to.strftime("%d/%m/%Y")}


class ParticipantsForm(forms.Form):
    """Who takes part: whole tiers, groups, single units."""

    tiers = SeveralRows(
        label=gettext_lazy("All units of the tiers"),
        queryset=UnitTier.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    groups = SeveralRows(
        label=gettext_lazy("All units of the groups"),
        queryset=UnitGroup.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    below_owner = forms.BooleanField(
        label=gettext_lazy("Only units below the organising unit"), required=False, initial=True
    )
    codes = forms.CharField(
        label=gettext_lazy("Single units, by name or code"),
        help_text=gettext_lazy("One on each line, or with commas between them."),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_codes(self) -> list[str]:
        """Return the lines; the domain knows which commas stand between units and which within a name."""
        return [line.strip() for line in self.cleaned_data["codes"].splitlines() if line.strip()]

    def clean(self) -> dict[str, Any]:
        """Ask for at least something."""
        data = super().clean() or {}
        if not self.errors and not (data.get("tiers") or data.get("groups") or data.get("codes")):
            raise forms.ValidationError(_("Choose a tier, a group or units."))
        return data


class StatusForm(forms.Form):
    """Whether a participant is assessed and ranked."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=ParticipantStatus.choices)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Needed where the unit is not ranked or not assessed; it is published."),
        required=False,
        max_length=500,
    )
    reason.needed_sometimes = True  # type: ignore[attr-defined]


class DeadlineForm(forms.Form):
    """When a phase opens and locks; the form's prefix is the phase.

    What was shown travels with what is typed, so that a phase that somebody else set meanwhile is not set back.
    """

    opens_at = LocalDateTime(
        label=gettext_lazy("Opens"), error_messages={"required": _BOTH_TIMES}, show_hidden_initial=True
    )
    closes_at = LocalDateTime(
        label=gettext_lazy("Locks"), error_messages={"required": _BOTH_TIMES}, show_hidden_initial=True
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason, where it ends earlier than announced"), max_length=500, required=False
    )
    reason.needed_sometimes = True  # type: ignore[attr-defined]


class ExtensionForm(forms.Form):
    """More time for one unit."""

    phase = forms.ChoiceField(label=gettext_lazy("Phase"), choices=Phase.choices)
    part = forms.ChoiceField(label=gettext_lazy("For"))
    until = LocalDateTime(label=gettext_lazy("Until"))
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)
    reopen = forms.BooleanField(
        label=gettext_lazy("Give the form back to the unit although it was sent"),
        help_text=gettext_lazy("Only what is named above opens; it must be signed off and sent again."),
        required=False,
    )

    def __init__(
        self, *args: Any, domains: Iterable[tuple[str, str]], leaves: Iterable[tuple[str, str]], **kwargs: Any
    ):
        super().__init__(*args, **kwargs)
        self.fields["part"].choices = [
            (f"{ExtensionScope.ALL.value}:", _("The whole form")),
            (_("One domain"), [(f"{ExtensionScope.DOMAIN.value}:{code}", f"{code} {name}") for code, name in domains]),
            (_("One criterion"), [(f"{ExtensionScope.LEAF.value}:{code}", f"{code} {name}") for code, name in leaves]),
        ]

    def scope(self) -> tuple[str, str]:
        """Return scope and code."""
        scope, _sep, code = self.cleaned_data["part"].partition(":")
        return scope, code


class UnitsExtensionForm(ExtensionForm):
    """More time for the forms of several units."""

    phase = None


class AssignForm(forms.Form):
    """A part of the set to an agency."""

    code = forms.ChoiceField(label=gettext_lazy("Domain, criterion or sub-criterion"))
    agency = forms.CharField(label=gettext_lazy("Agency: name or code"), max_length=255)

    def __init__(self, *args: Any, parts: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = list(parts)


class SubstituteForm(forms.Form):
    """Who appraises an agency's own submission."""

    agency = forms.ModelChoiceField(label=gettext_lazy("Agency that takes part itself"), queryset=Unit.objects.none())
    substitute = forms.CharField(label=gettext_lazy("Substitute: name or code"), max_length=255)

    def __init__(self, *args: Any, agencies: Iterable[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = agencies


class AdjustmentForm(forms.Form):
    """Bonus or penalty points for one unit."""

    participant = forms.ModelChoiceField(label=gettext_lazy("Unit"), queryset=None)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=[(k.value, k.label) for k in (AdjustmentKind.BONUS, AdjustmentKind.PENALTY)]
    )
    points = forms.CharField(
        label=gettext_lazy("Points"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)
    evidence = forms.FileField(
        label=gettext_lazy("Evidence"), help_text=gettext_lazy("A PDF, for instance the decision."), required=False
    )

    def __init__(self, *args: Any, participants: Any, corrects: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if corrects:
            self.fields["decision"] = forms.CharField(label=_("Number and date of the decision"), max_length=200)
        self.fields["participant"].queryset = participants
        self.fields["participant"].label_from_instance = lambda participant: participant.unit.name


class AppealForm(forms.Form):
    """The decision on an appeal against one score."""

    document = forms.CharField(label=gettext_lazy("Number and date of the appeal"), max_length=200)
    asked = forms.CharField(
        label=gettext_lazy("What the unit asks for"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), choices=AppealOutcome.choices)
    points = forms.CharField(
        label=gettext_lazy("New points"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    decision = forms.CharField(label=gettext_lazy("Number and date of the decision"), max_length=200)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It is published with the correcting release."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    points.needed_sometimes = True  # type: ignore[attr-defined]

    def __init__(self, *args: Any, maximum: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points"].help_text = _("At most %(maximum)s; needed where the appeal is granted.") % {
            "maximum": exact(maximum)
        }

    def clean(self) -> dict[str, Any]:
        """Ask for points where the appeal is granted."""
        data = super().clean() or {}
        if data.get("outcome") == AppealOutcome.GRANTED and not (data.get("points") or "").strip():
            self.add_error("points", _("Give the new points."))
        return data
