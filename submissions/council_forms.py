"""Forms of the council room. They read what is typed; the domain decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cms.models import User
from criteria_pages.definition import Leaf
from submissions.council_enums import (
    MOTIONS_OF,
    AgendaSubject,
    DiscrepancyKind,
    MajorityRule,
    MotionKind,
    QuorumRule,
    SeatPosition,
)
from submissions.desk_forms import INPUT_PREFIX, LocalDateTime, rule_field
from submissions.domain.inputs import input_fields, typed_value
from submissions.enums import ParticipantStatus
from submissions.models import Participant


class SessionForm(forms.Form):
    """When and where a session is held, and by which rules it decides."""

    title = forms.CharField(label=gettext_lazy("Name of the session"), max_length=255)
    held_at = LocalDateTime(label=gettext_lazy("Date and time"))
    place = forms.CharField(label=gettext_lazy("Place"), max_length=255, required=False)
    quorum = forms.ChoiceField(label=gettext_lazy("Quorum"), choices=QuorumRule.choices)
    majority = forms.ChoiceField(
        label=gettext_lazy("Majority"),
        choices=MajorityRule.choices,
        help_text=gettext_lazy("Whoever is excluded from a vote counts neither as a member nor as present there."),
    )
    chair_breaks_ties = forms.BooleanField(
        label=gettext_lazy("Where exactly half vote for a motion, the chair's vote decides"), required=False
    )


class DrawForm(forms.Form):
    """Which discrepancies come on the agenda."""

    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Discrepancies"),
        choices=DiscrepancyKind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    least = forms.CharField(
        label=gettext_lazy("At least points apart"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    special_cases = forms.BooleanField(
        label=gettext_lazy("Special cases: units that are not ranked, not assessed or did not send"), required=False
    )


class ItemForm(forms.Form):
    """One matter put on the agenda by hand."""

    subject = forms.ChoiceField(label=gettext_lazy("Subject"), choices=AgendaSubject.choices)
    participant = forms.ModelChoiceField(label=gettext_lazy("Unit"), queryset=Participant.objects.none())
    code = forms.ChoiceField(
        label=gettext_lazy("Criterion"), required=False, help_text=gettext_lazy("For points of a criterion.")
    )
    code.needed_sometimes = True  # type: ignore[attr-defined]
    topic = forms.CharField(
        label=gettext_lazy("What is to be decided"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, participants: Any, leaves: Iterable[Leaf], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["participant"].queryset = participants
        self.fields["participant"].label_from_instance = lambda participant: participant.unit.name
        shown = [(leaf.code, f"{leaf.code} {leaf.name[:90]}") for leaf in leaves]
        self.fields["code"].choices = [("", _("(choose)")), *shown]


class SeatForm(forms.Form):
    """Another person in the session."""

    member = forms.ModelChoiceField(label=gettext_lazy("Person"), queryset=User.objects.none())
    position = forms.ChoiceField(
        label=gettext_lazy("Position"), choices=SeatPosition.choices, initial=SeatPosition.MEMBER
    )
    represents = forms.CharField(label=gettext_lazy("Stands for"), max_length=255, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["member"].queryset = people


class MotionForm(forms.Form):
    """A motion on one item: what it would do, why, on which conditions."""

    expected_entry_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=gettext_lazy("Motion"), widget=forms.RadioSelect)
    status = forms.ChoiceField(label=gettext_lazy("Status of the unit"), required=False)
    points = forms.CharField(
        label=gettext_lazy("Points"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    evidence = forms.FileField(
        label=gettext_lazy("Evidence"), help_text=gettext_lazy("A PDF, for instance the decision."), required=False
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It goes into the minutes and into the ledger."),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    reason.needed_sometimes = True  # type: ignore[attr-defined]
    conditions = forms.CharField(
        label=gettext_lazy("Conditions"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    public_note = forms.CharField(
        label=gettext_lazy("Note for citizens"),
        help_text=gettext_lazy("Published beside the score with the results."),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self,
        *args: Any,
        subject: str,
        leaf: Leaf | None = None,
        inputs: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        kinds = MOTIONS_OF[subject]
        self.fields["kind"].choices = [(kind, MotionKind(kind).label) for kind in kinds]
        self.initial.setdefault("kind", kinds[0])
        self.fields["status"].choices = [("", _("(choose)")), *ParticipantStatus.choices]
        self.rule_names: list[str] = []
        self._drop_unused(subject)
        if leaf is not None:
            self._add_inputs(leaf, inputs or {})

    def _drop_unused(self, subject: str) -> None:
        unused = {
            AgendaSubject.SCORE: ("status", "evidence"),
            AgendaSubject.SPECIAL: ("points", "evidence", "public_note"),
            AgendaSubject.BONUS: ("status", "public_note"),
            AgendaSubject.PENALTY: ("status", "public_note"),
        }
        for name in unused[AgendaSubject(subject)]:
            del self.fields[name]

    def _add_inputs(self, leaf: Leaf, inputs: Mapping[str, str]) -> None:
        if leaf.rule.kind == "manual":
            return
        for field in input_fields(leaf):
            name = INPUT_PREFIX + field.name
            self.fields[name] = rule_field(field)
            self.rule_names.append(name)
            stored = inputs.get(field.name)
            if stored:
                is_choice = field.kind in {"choice", "boolean"}
                self.initial[name] = stored if is_choice else typed_value(field=field, stored=stored)

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        """The inputs of the rule."""
        return [self[name] for name in self.rule_names]

    def changed_inputs(self) -> dict[str, str] | None:
        """Return the inputs as typed where one differs from those that count, else None: the points alone then do."""
        typed = {name: str(self.cleaned_data.get(name) or "").strip() for name in self.rule_names}
        if all(value == str(self.initial.get(name) or "").strip() for name, value in typed.items()):
            return None
        return {name.removeprefix(INPUT_PREFIX): value for name, value in typed.items()}


class CloseForm(forms.Form):
    """The number under which the minutes are frozen."""

    number = forms.CharField(
        label=gettext_lazy("Number of the minutes"), help_text=gettext_lazy("For instance 01/BB."), max_length=64
    )
    remarks = forms.CharField(
        label=gettext_lazy("Other remarks"), required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 4})
    )
